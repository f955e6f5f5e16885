"""A browser for pages that only a browser can judge: a server on the test's own database, people signed in."""

import asyncio
import os
from pathlib import Path

from tests.conftest import ROOT, browser_of
from tests.serving import CHROMIUM

AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"


def in_browser(story, server, *people):
    """Run `story` with one page for each person, signed in."""

    async def run():
        from playwright.async_api import async_playwright

        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
            pages = []
            for cookie in cookies:
                context = await browser.new_context(viewport={"width": 1280, "height": 900})
                await context.add_cookies([{"name": "openiop", "value": cookie, "url": server}])
                pages.append(await context.new_page())
            await story(*pages)
            await browser.close()

    cookies = [browser_of(person).cookies["openiop"].value for person in people]
    asyncio.run(run())


async def assert_accessible(page):
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
    assert found == []


async def keep(page, name):
    """Keep a picture where OPENIOP_PICTURES says, for those who want to look."""
    if folder := os.environ.get("OPENIOP_PICTURES"):
        for width in (1280, 390):
            await page.set_viewport_size({"width": width, "height": 1500})
            await page.screenshot(path=str(Path(folder) / f"{name}-{width}.png"))
        await page.set_viewport_size({"width": 1280, "height": 900})
