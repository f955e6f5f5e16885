"""Real browsers for the tour, the company and the benchmarks: people at their screens, with picture and sound."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
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
        context.set_default_timeout(20_000)
        return cls(context, await context.new_page(), who, url)

    async def go(self, path: str) -> None:
        await self.page.goto(path, wait_until="load")

    async def sign_in(self, key: str) -> None:
        """Be one of the cast, by the demo's one click."""
        await self.go("/demo/sign-in")
        await self.page.locator(f'form[data-key="{key}"] button').click()
        await self.page.wait_for_load_state("load")

    async def press(self, name: str, *, exact: bool = True) -> None:
        """Press the button or link called `name`."""
        button = self.page.get_by_role("button", name=name, exact=exact)
        link = self.page.get_by_role("link", name=name, exact=exact)
        await button.or_(link).first.click()

    async def picture(self, path: Path, *, whole: bool = False) -> None:
        await self.page.screenshot(path=path, full_page=whole)

    async def in_room(self) -> dict[str, Any]:
        """What the room's page counts: frames decoded, line, timings."""
        figures: dict[str, Any] = await self.page.evaluate(
            "async () => ({...(await window.__room.figures()), line: __room.line, timings: __room.timings})"
        )
        return figures

    async def close(self) -> None:
        await self.context.close()


async def through_the_door(screen: Screen, session: str) -> None:
    """From home to the waiting room: device preview, the evening's short form, then wait."""
    page = screen.page
    await screen.go(f"/sessions/{session}/door")
    await page.get_by_role("link", name="Go on").click()
    await page.wait_for_load_state("load")
    await page.get_by_label("I am alone").check()
    await page.locator('input[name="headphones"][value="yes"]').check()
    for box in await page.locator('input[name$="-agreed"]').all():
        await box.check()
    await page.get_by_role("button", name="To the waiting room").click()
    await page.wait_for_url("**/room")
