"""The web process is killed in the middle of a group: the media does not notice, and everybody is back as they were."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from playwright.async_api import Page

from openiop.demo.browsers import Screen, chromium, through_the_door
from openiop.demo.stack import Stack

pytestmark = pytest.mark.browser

FRAMES = "async () => Object.values((await __room.figures()).framesByFeed).reduce((sum, n) => sum + n, 0)"
COUNT_CLICKS = "() => { window.clicks = 0; document.addEventListener('click', () => { clicks += 1 }, true) }"
MOVES = f"async before => (await ({FRAMES})()) > before"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The fictional clinic with its media server."""
    for name in ("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL", "OPENIOP_ROLE", "OPENIOP_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    with Stack(tmp_path, port=0) as running:
        yield running


def test_a_killed_web_process_costs_nobody_their_place_their_picture_or_their_silence(stack: Stack) -> None:
    async def story() -> None:
        async with chromium() as browser:
            bea, maya = [await Screen.opened(browser, called, stack.url) for called in ("Bea", "Maya")]
            for screen in (bea, maya):
                await screen.sign_in(screen.who)
            session = await bea.evening()
            await bea.go(f"/sessions/{session}/room")
            await through_the_door(maya, session)
            await bea.page.get_by_role("button", name="Let in Maya").click()
            for screen in (bea, maya):
                await moves(screen.page)
            await maya.page.get_by_role("button", name="Mute", exact=True).wait_for()
            await maya.page.keyboard.press("m")
            await maya.page.get_by_role("button", name="Unmute").wait_for()
            await bea.page.locator('.tile:not([data-mine]) [data-word="muted"]').wait_for()
            for screen in (bea, maya):
                await screen.page.evaluate(COUNT_CLICKS)
            published = await maya.page.evaluate("__room.timings.publishedAt")

            os.kill(stack.pid("web"), signal.SIGKILL)
            for screen in (bea, maya):
                await screen.page.get_by_text("Reconnecting").first.wait_for()
            for screen in (bea, maya):
                await screen.page.wait_for_function("() => __room.line === 'open'", timeout=60_000)
                await moves(screen.page)

            assert await maya.page.get_by_role("button", name="Unmute").count() == 1
            assert await maya.page.get_by_role("button", name="Camera off").count() == 1
            await bea.page.locator('.tile:not([data-mine])[data-picture] [data-word="muted"]').wait_for()
            assert await maya.page.evaluate("__room.timings.publishedAt") == published
            assert [await screen.page.evaluate("clicks") for screen in (bea, maya)] == [0, 0]

    asyncio.run(asyncio.wait_for(story(), 240))


async def moves(page: Page) -> None:
    await page.wait_for_function("async () => (await __room.figures()).framesDecoded > 0", timeout=30_000)
    before = await page.evaluate(FRAMES)
    await page.wait_for_function(MOVES, arg=before, timeout=30_000)
