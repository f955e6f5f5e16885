"""Two people at their screens, at the time that a test sets."""

import asyncio
import os
import time
from datetime import UTC, datetime

import time_machine

from openiop.demo import world
from tests.conftest import browser_of
from tests.serving import CHROMIUM, DESK, PHONE

PICTURES = os.environ.get("OPENIOP_PICTURES", "")


async def eventually(holds, *, seconds=60):
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.2)


async def reloaded_until(page, words, *, seconds=60):
    """A page says what was so when it was asked for, which may be a moment before the server's clock was moved."""
    deadline = time.monotonic() + seconds
    while not await page.get_by_text(words).count():
        assert time.monotonic() < deadline, f"it never said: {words}"
        await asyncio.sleep(0.2)
        await page.reload()


def in_two_browsers(story, clock, people, *, sizes=(PHONE, DESK)):
    """Run `story` with a page of each of two people, both at the time of the clock."""

    async def run():
        from playwright.async_api import async_playwright

        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
            pages = []
            for cookie, size in zip(cookies, sizes, strict=True):
                context = await browser.new_context(viewport=size, reduced_motion="reduce", timezone_id=world.ZONE.key)
                context.set_default_timeout(60_000)
                await context.add_cookies([{"name": "openiop", "value": cookie, "url": "http://localhost"}])
                page = await context.new_page()
                await page.clock.set_system_time(datetime.fromtimestamp(clock.now(), UTC))
                pages.append(page)
            await story(*pages)
            await browser.close()

    with time_machine.travel(world.NOW):
        cookies = [browser_of(person).cookies["openiop"].value for person in people]
    asyncio.run(run())


async def look(page, name):
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
