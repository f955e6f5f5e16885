"""An evening's hardest minute, with two people at their screens and no mouse: a tap, the desk, and the truth."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from openiop.demo.browsers import PHONE, Screen, chromium
from openiop.demo.stack import Stack

pytestmark = pytest.mark.browser

HELD_BUTTON = "document.activeElement.matches('button') ? document.activeElement.textContent : ''"


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The fictional clinic, running with its worker; returns its address."""
    for name in ("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL", "OPENIOP_ROLE", "OPENIOP_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    with Stack(tmp_path, port=0, media=False) as stack:
        yield stack.url


def test_a_person_who_is_not_sure_to_be_safe_learns_by_keyboard_alone_who_has_seen_it(clinic: str) -> None:
    async def story() -> None:
        async with chromium() as browser:
            maya = await Screen.opened(browser, "Maya", clinic, size=PHONE)
            bea = await Screen.opened(browser, "Bea", clinic)
            await asyncio.gather(maya.sign_in("Maya"), bea.sign_in("Bea"))
            await asyncio.gather(maya.go("/check-in"), bea.go("/desk"))
            await bea.page.get_by_text("Nobody needs someone right now.").wait_for()

            await say_not_sure(maya.page)
            await bea.page.locator("#rail [data-alarm]").get_by_text("Maya Rivera").wait_for()
            await maya.page.get_by_text("Your answer has been sent to your team").first.wait_for()
            await press_by_keyboard(bea.page, "I’ll take it")

            await maya.page.get_by_text("Bea has seen your answer").first.wait_for()
            assert await bea.page.locator("#rail [data-alarm]").count() == 0

    asyncio.run(story())


async def say_not_sure(page: Page) -> None:
    """Answer the check-in up to the question of safety with Tab, arrows and Enter."""
    for item in ("mood", "sleep_hours", "urges"):
        await tab_to(page, f"[name={item}]")
        await page.keyboard.press("3" if item == "sleep_hours" else "ArrowRight")
        await tab_to(page, "button:text-is('Next')")
        await page.keyboard.press("Enter")
    await tab_to(page, "[name=safe_now]")
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowDown")


async def press_by_keyboard(page: Page, words: str) -> None:
    """Go by the second link of the page to what needs a human, then on to the button, and press it."""
    await page.locator("body").press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    for _step in range(30):
        if words in await page.evaluate(HELD_BUTTON):
            await page.keyboard.press("Enter")
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {words!r}")


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what is called by `selector` has the focus."""
    wanted = page.locator(selector).locator("visible=true")
    for _step in range(40):
        if await wanted.evaluate_all("found => found.includes(document.activeElement)"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")
