"""The kiosk's questions on a tablet in the lobby: everybody can read each screen, and none outlives its person."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from openiop.demo import world
from openiop.measures.models import KioskSitting
from openiop.people.access import acting
from openiop.people.middleware import DEVICE_COOKIE
from openiop.people.models import Device, Site, hashed
from openiop.schedule.models import CareSession, RosterEntry
from tests.axe import violations
from tests.clocked import Clock
from tests.serving import CHROMIUM, PHONE, Server

pytestmark = pytest.mark.browser

TABLET = {"width": 820, "height": 1180}
PICTURES = os.environ.get("OPENIOP_PICTURES", "")


def test_every_screen_can_be_read_and_a_screen_left_alone_is_emptied_without_a_line(committed, databases, tmp_path):
    code, arrival = someone_expected_now()
    server = Server(databases, committed, clock=Clock(tmp_path / "clock", begins_at=world.NOW).path)

    try:
        wrong, left = asyncio.run(journey(server.url, code, arrival))
    finally:
        server.stop()

    assert wrong == []
    assert "cleared" in left
    assert "?" not in left


def someone_expected_now():
    """Return Theo's one-time code and his code of the day; a kiosk stands in the lobby."""
    cast, now = world.cast(), world.NOW
    with acting(cast["okafor"]):
        soon = CareSession.objects.between(now, now + timedelta(hours=1)).get()
        site = Site.objects.get()
        Device.objects.create(
            clinic_id=site.clinic_id,
            kind=Device.KIOSK,
            name="lobby",
            site=site,
            token_hash=hashed("lobby"),
            paired_at=now,
        )
        arrival = RosterEntry.objects.get(session=soon, patient=cast["theo"]).arrival_code
    with acting(cast["theo"]):
        return KioskSitting.make_code(cast["theo"], by=cast["theo"], at=now), arrival


async def journey(server, code, arrival):
    from playwright.async_api import async_playwright

    wrong = []

    async def look(page, name):
        wrong.extend(f"{name}: {line}" for line in await violations(page))
        for size, where in ((TABLET, "tablet"), (PHONE, "phone")):
            await page.set_viewport_size(size)
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong.append(f"{name}: wider than a {where}")
            if PICTURES:
                await page.screenshot(path=str(Path(PICTURES) / f"kiosk-{name}-{where}.png"), full_page=True)
        if PICTURES:
            await page.emulate_media(color_scheme="dark")
            await page.screenshot(path=str(Path(PICTURES) / f"kiosk-{name}-dark.png"), full_page=True)
            await page.emulate_media(color_scheme="light")

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        context = await browser.new_context(viewport=TABLET, reduced_motion="reduce")
        await context.add_cookies([{"name": DEVICE_COOKIE, "value": "lobby", "url": server}])
        page = await context.new_page()
        await page.clock.install()
        await page.goto(f"{server}/kiosk")
        await look(page, "start")
        await page.fill("#code", arrival)
        await page.click("button[value=answer]")
        await page.wait_for_url("**/kiosk/questions")
        await look(page, "code")
        await page.fill("#code", code)
        await page.press("#code", "Enter")
        await page.wait_for_url("**/kiosk/sitting")
        await look(page, "question")
        while await page.locator("input[name=safe_now]").count() == 0:
            asked = await page.locator("input[name=key]").get_attribute("value")
            if await page.locator("input[type=radio]").count():
                await page.locator("input[type=radio]").first.check()
            elif await page.locator("input[type=number]").count():
                await page.fill("input[type=number]", "1")
            await page.locator("form[data-still-here] button").click()
            await page.wait_for_function("was => document.querySelector('input[name=key]').value !== was", arg=asked)
        await page.check("input[name=safe_now][value='2']")  # No
        await page.locator("form[data-still-here] button").click()
        await page.wait_for_selector("button[name=go_on]")
        await look(page, "told")
        await context.set_offline(True)
        await page.wait_for_selector("[data-not-heard]:not([hidden])")
        await look(page, "told-without-a-line")
        await context.set_offline(False)
        await page.wait_for_selector("[data-not-heard]", state="hidden")
        await page.locator("button[name=go_on]").click()
        await page.wait_for_selector("input[name=key]", state="attached")
        await context.set_offline(True)
        await page.locator("form[data-still-here] button").click()
        await page.wait_for_selector("[data-no-line]:not([hidden])")
        await look(page, "no-line")
        await page.clock.fast_forward("06:00")
        await page.clock.run_for(6000)
        await page.wait_for_function("document.querySelector('main form') === null")
        left = await page.inner_text("main")
        await look(page, "cleared")
        await browser.close()
        return wrong, left
