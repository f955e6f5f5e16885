"""A browser for pages that only a browser can judge: a server on the test's own database, people signed in."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings

from tests.conftest import ROOT, browser_of

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]  # fmt: skip
AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"


@pytest.fixture
def server(committed, databases, tmp_path):
    """A web server of this test's own; returns its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": databases.server.url("web", committed),
        "OPENIOP_ROLE": "web",
        "OPENIOP_PORT": str(port),
        "OPENIOP_SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port), "--log-level", "warning"],
        cwd=ROOT,
        env=environment,
    )
    address = f"http://localhost:{port}"
    try:
        _until_answering(port, process)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _until_answering(port, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web server did not come up")


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
