"""A facilitator and three people at their screens, with sound and picture: into breakouts, help, a hop, and back."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from openiop.demo.browsers import PHONE, Screen, chromium, through_the_door
from openiop.demo.stack import Stack

pytestmark = pytest.mark.browser

PATIENCE_MS = 60_000
# So many others are shown, and the pictures of all of them move.
MOVES = """async others => {
  const shown = document.querySelectorAll('.tile[data-picture]:not([data-mine])').length;
  if (shown !== others) return false;
  const before = (await window.__room.figures()).framesByFeed;
  await new Promise(done => setTimeout(done, 300));
  const after = (await window.__room.figures()).framesByFeed;
  return Object.keys(after).filter(feed => after[feed] > (before[feed] ?? 0)).length >= others;
}"""
HEARS = """async () => {
  const before = (await window.__room.figures()).audioBytesReceived;
  await new Promise(done => setTimeout(done, 500));
  return (await window.__room.figures()).audioBytesReceived > before;
}"""


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The fictional clinic, minutes before its evening group, with its media server; returns its address."""
    for name in ("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL", "OPENIOP_ROLE", "OPENIOP_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    with Stack(tmp_path, port=0) as stack:
        yield stack.url


def test_people_go_to_breakouts_are_helped_there_and_come_back(clinic: str, tmp_path: Path) -> None:
    shots = Path(os.environ.get("OPENIOP_SHOTS", tmp_path))

    async def story() -> None:
        async with chromium() as browser:
            names = ("Maya", "Sam", "Ines")
            opened = [await Screen.opened(browser, "Bea", clinic)]
            opened += [await Screen.opened(browser, name, clinic, size=PHONE) for name in names]
            bea, maya, sam, ines = opened
            for one in opened:
                one.context.set_default_timeout(PATIENCE_MS)
                await one.sign_in(one.who)
            session = await bea.evening()
            await bea.go(f"/sessions/{session}/room")
            for one in (maya, sam, ines):
                await through_the_door(one, session)
                await bea.page.get_by_role("button", name=f"Let in {one.who}").click()
            await all_see(bea, maya, sam, ines)

            await open_rooms(bea.page, {"Maya": "Willow", "Sam": "Willow", "Ines": "Cedar"}, shots)
            for one in (maya, sam):
                await one.page.get_by_text("You are in Willow.").first.wait_for()
                assert await one.page.get_by_text("Ines").count() == 0
            await all_see(maya, sam)
            await bea.page.locator('.breakout[data-room="Cedar"]').get_by_text("alone").wait_for()

            await ines.press("Ask for help")
            await ines.page.get_by_text("The facilitator knows and will come").wait_for()
            call = bea.page.locator('[data-notice="call"]')
            await call.get_by_text("Ines asks for help in Cedar.").wait_for()
            await bea.picture(shots / "breakouts-call.png")
            await ines.picture(shots / "breakouts-asked-phone.png")
            await call.get_by_role("button").click()
            await all_see(bea, ines)
            await ines.page.get_by_role("button", name="Ask for help").wait_for()
            await bea.picture(shots / "breakouts-hopped.png")

            await maya.page.reload()
            await maya.page.get_by_text("You are in Willow.").first.wait_for()
            await all_see(maya, sam)

            await bea.page.get_by_label("Say to all rooms").fill("One sentence each, then we come back.")
            await bea.page.keyboard.press("Enter")
            await sam.page.get_by_text("One sentence each").first.wait_for()
            await bea.press("Bring all back in 30 s")
            await sam.page.get_by_text("Back to the group in").wait_for()
            await sam.picture(shots / "breakouts-way-back-phone.png")
            await bea.press("Light")
            await bea.picture(shots / "breakouts-closing-light.png")
            await bea.press("Bring all back now")
            for one in (maya, sam, ines):
                await one.page.locator(".my-breakout").wait_for(state="detached")
            await all_see(bea, maya, sam, ines)

    asyncio.run(asyncio.wait_for(story(), 420))


async def open_rooms(page: Page, rooms: dict[str, str], shots: Path) -> None:
    """Prepare three rooms by hand and open them, by keyboard and selects alone."""
    await page.get_by_role("button", name="Prepare breakouts").press("Enter")
    await page.get_by_label("Who goes where").select_option(label="I choose")
    await page.get_by_label("Rooms", exact=True).select_option("3")
    await page.screenshot(path=shots / "breakouts-prepare.png")
    await page.get_by_role("button", name="Prepare", exact=True).press("Enter")
    for name, room in rooms.items():
        await page.get_by_label(f"Room for {name}").select_option(label=room)
        await page.locator(f'.breakout[data-room="{room}"]').get_by_text(name).wait_for()
    await page.screenshot(path=shots / "breakouts-prepared.png")
    await page.get_by_role("button", name="Open the rooms").press("Enter")


async def all_see(*screens: Screen) -> None:
    """Everybody here sees everybody else move, and hears somebody."""
    for one in screens:
        await one.page.wait_for_function(MOVES, arg=len(screens) - 1, polling=250)
        await one.page.wait_for_function(HEARS, polling=250)
