"""Real browsers for the tour, the company and the benchmarks: people at their screens, with picture and sound."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
]
PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 800}
TALLEST = 4000


class BrowserMissing(RuntimeError):
    """There is no Chromium; the text says what to do."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start the system's Chromium without a window. Raises BrowserMissing."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise BrowserMissing("No Chromium was found. bin/setup --browsers installs it.")
    async with async_playwright() as player:
        browser = await _launch(player, found)
        try:
            yield browser
        finally:
            await browser.close()


async def _launch(player: Playwright, path: str) -> Browser:
    return await player.chromium.launch(executable_path=path, headless=True, args=CHROMIUM)


class Refused(RuntimeError):
    """A page came back with mistakes; the text holds its words."""


class Screen:
    """One person's browser: its own cookies, one tab, and where its pictures go."""

    def __init__(self, context: BrowserContext, page: Page, who: str, url: str) -> None:
        self.context, self.page, self.who, self.url = context, page, who, url

    @classmethod
    async def opened(
        cls, browser: Browser, who: str, url: str, *, size: dict[str, int] | None = None, dark: bool = False
    ) -> Screen:
        """Open a browser of their own for `who`; camera and microphone are allowed, all time zones are the clinic's."""
        context = await browser.new_context(
            viewport=size or LAPTOP,  # type: ignore[arg-type]
            permissions=["camera", "microphone"],
            timezone_id="America/New_York",
            locale="en-US",
            color_scheme="dark" if dark else "light",
            base_url=url,
        )
        context.set_default_timeout(15_000)
        return cls(context, await context.new_page(), who, url)

    async def go(self, path: str) -> None:
        await self.page.goto(path, wait_until="load")

    async def sign_in(self, called: str) -> None:
        """Be one of the cast, by the demo's one click."""
        await self.go("/demo")
        await self.press(f"Be {called}")

    async def press(self, name: str | re.Pattern[str], *, inside: str = "body") -> None:
        """Press the button or link called `name` and wait for the page that follows, if one does."""
        place = self.page.locator(inside)
        exact = isinstance(name, str)
        button = place.get_by_role("button", name=name, exact=exact)
        link = place.get_by_role("link", name=name, exact=exact)
        await button.or_(link).first.click()
        await self.page.wait_for_load_state("load")

    async def fill(self, answers: Mapping[str, str | bool | None], *, inside: str = "main") -> None:
        """Answer a form by its labels: True ticks a box or a choice, texts are typed, lists are chosen from by word.

        An answer of None leaves the field as it is.
        """
        place = self.page.locator(inside)
        for label, answer in answers.items():
            if answer is None:
                continue
            words = re.compile(rf"^\s*{re.escape(label)}\s*(\(if you like\))?\s*$")
            control = place.get_by_label(words).first
            if answer is True:
                await control.check()
            elif await control.evaluate("control => control.tagName") == "SELECT":
                await control.select_option(label=str(answer))
            else:
                await control.fill(str(answer))

    async def submit(self, path: str, answers: Mapping[str, str | bool | None], button: str) -> None:
        """Open a form's page, answer it and press its button. Raises Refused when the page comes back with mistakes."""
        await self.go(path)
        await self.fill(answers)
        await self.press(button, inside="main")
        await self.not_refused()

    async def not_refused(self) -> None:
        """Raise Refused with the page's own words when it shows mistakes."""
        mistakes = self.page.locator("main .errors, main .field-error, main .errorlist")
        if await mistakes.count():
            raise Refused(f"{self.who}, {self.page.url}: {' / '.join(await mistakes.all_inner_texts())}")

    async def picture(self, path: Path, *, whole: bool = False) -> None:
        """Keep what the screen shows; `whole`: on a screen as tall as the page, with the bars at its edges."""
        size = self.page.viewport_size
        if whole and size is not None:
            height = await self.page.evaluate("document.documentElement.scrollHeight")
            height = min(max(height, size["height"]), TALLEST)
            await self.page.set_viewport_size({"width": size["width"], "height": height})
        await self.page.screenshot(path=path)
        if whole and size is not None:
            await self.page.set_viewport_size(size)

    async def in_room(self) -> dict[str, Any]:
        """What the room's page counts: frames decoded, line, timings."""
        figures: dict[str, Any] = await self.page.evaluate(
            "async () => ({...(await window.__room.figures()), line: __room.line, timings: __room.timings})"
        )
        return figures

    async def evening(self) -> str:
        """The id of the session that is on, from the link to its room on the page that is open."""
        address = await self.page.locator('a[href*="/room"]').first.get_attribute("href") or ""
        found = re.search(r"[0-9a-f-]{36}", address)
        if found is None:
            raise LookupError(f"no room on {self.page.url}")
        return found.group()

    async def close(self) -> None:
        await self.context.close()


async def through_the_door(screen: Screen, session: str) -> None:
    """From home to the waiting room: device preview, then the evening's short form."""
    await screen.go(f"/sessions/{session}/door")
    await screen.press("Go on")
    await tell_place(screen)


async def tell_place(screen: Screen) -> None:
    """Answer the door's form in whatever language it is: alone, with headphones, and agree to what is still open."""
    page = screen.page
    await page.locator('input[name="company"][value="alone"]').check()
    await page.locator('input[name="headphones"][value="yes"]').check()
    for box in await page.locator('input[name$="-agreed"]').all():
        await box.check()
    for name, words in (("contact_name", "Alex, a friend"), ("contact_phone", "(555) 010-2000")):
        for field in await page.locator(f'input[name$="-{name}"]').all():
            await field.fill(words)
    await page.locator('form:has(input[name="company"]) .actions button').click()
    await page.wait_for_url("**/room")
