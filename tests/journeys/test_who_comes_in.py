"""Who may come in which way, in real browsers with real sound and picture: the room on site, and the contact place."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from openiop.demo.browsers import PHONE, Screen, chromium, through_the_door
from openiop.demo.stack import Stack
from tests.chart.browsing import assert_accessible

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The fictional clinic with its media server; returns its address."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL", "OPENIOP_ROLE", "OPENIOP_SECRET_KEY"):
            patch.delenv(name, raising=False)
        var = tmp_path_factory.mktemp("clinic")
        for folder in (var, *var.parents):
            # Janus runs as nobody and must reach its own folder inside.
            if folder.is_relative_to(tmp_path_factory.getbasetemp().parent.parent):
                folder.chmod(folder.stat().st_mode | 0o011)
        with Stack(var, port=0) as stack:
            yield stack.url


async def keep(screen: Screen, name: str) -> None:
    """Keep a picture where OPENIOP_PICTURES says, for those who want to look."""
    if folder := os.environ.get("OPENIOP_PICTURES"):
        await screen.picture(Path(folder) / f"{name}.png")


async def session_of(screen: Screen) -> str:
    """The evening's session, from the link on the desk."""
    await screen.go("/desk")
    href = await screen.page.locator('main a[href$="/room"]').first.get_attribute("href")
    assert href
    return href.split("/")[2]


def picture_of(page: Page, who: str) -> object:
    return page.locator(".tile[data-picture]:not([data-mine])", has_text=who)


async def pair(director: Screen, device: Screen, name: str) -> None:
    """A code made at the desk, typed at the device."""
    await director.go("/devices")
    await director.press(f"New code {name}")
    code = await director.page.locator("#code").inner_text()
    await device.go("/pair")
    await device.fill({"Pairing code": code})
    await device.press("Pair", inside="main")


def test_the_room_on_site_and_people_at_home_see_each_other_and_its_tile_names_who_arrived(clinic: str) -> None:
    async def story() -> None:
        async with chromium() as browser:
            okafor = await Screen.opened(browser, "Ada", clinic)
            bea = await Screen.opened(browser, "Bea", clinic)
            maya = await Screen.opened(browser, "Maya", clinic, size=PHONE)
            device = await Screen.opened(browser, "Room 2", clinic)
            await asyncio.gather(okafor.sign_in("Ada"), bea.sign_in("Bea"), maya.sign_in("Maya"))
            session = await session_of(bea)
            await bea.go(f"/sessions/{session}/room")
            await pair(okafor, device, "Room 2")
            await through_the_door(maya, session)
            await bea.page.get_by_role("button", name="Let in Maya").click()

            await picture_of(maya.page, "Room 2").wait_for()
            await picture_of(device.page, "Maya").wait_for()
            await picture_of(bea.page, "Room 2").wait_for()

            await okafor.go("/front-desk")
            await okafor.page.locator("tr, li", has_text="Theo").get_by_role("button").first.click()
            for page in (bea.page, maya.page):
                await page.locator(".tile", has_text="Room 2").get_by_text("Theo").wait_for()
            assert await bea.page.locator(".tile").count() == 3, "the room on site is one participant"
            await bea.page.get_by_role("heading", name="In the group").get_by_text("3").wait_for()
            await asyncio.gather(
                keep(bea, "site-1-facilitator"), keep(maya, "site-2-home-phone"), keep(device, "site-3-device")
            )
            for screen in (bea, maya, device):
                await assert_accessible(screen.page)

            await okafor.go("/devices")
            await okafor.page.get_by_role("button", name="Revoke Room 2").click()
            await okafor.press("Revoke", inside="dialog[open]")
            await device.page.get_by_text("The room does not open for you right now").wait_for()
            await bea.page.locator(".tile", has_text="Room 2").wait_for(state="detached", timeout=70_000)

    asyncio.run(story())


def test_who_is_where_nobody_is_licensed_meets_staff_face_to_face_and_is_not_in_the_group(clinic: str) -> None:
    async def story() -> None:
        async with chromium() as browser:
            bea = await Screen.opened(browser, "Bea", clinic)
            sam = await Screen.opened(browser, "Sam", clinic, size=PHONE)
            await asyncio.gather(bea.sign_in("Bea"), sam.sign_in("Sam"))
            session = await session_of(bea)
            await bea.go(f"/sessions/{session}/room")
            await sam.go(f"/sessions/{session}/door/place")
            await sam.fill({"State": "CA"})
            await sam.page.locator('input[name="company"][value="alone"]').check()
            await sam.page.locator('input[name="headphones"][value="yes"]').check()
            await sam.page.locator('form:has(input[name="company"]) .actions button').click()

            at_the_door = bea.page.locator(".lead-list li", has_text="Sam")
            await at_the_door.get_by_text("nobody here is licensed where they are").wait_for()
            await keep(bea, "contact-1-at-the-door")
            await at_the_door.get_by_role("button", name="Let in Sam").click()
            await sam.page.get_by_text("You are with staff. This time is not group time.").wait_for()
            assert await sam.page.locator(".tile", has_text="Bea").count() == 0, "the group stays closed"

            async with bea.context.expect_page() as opened:
                await at_the_door.get_by_role("link", name="Complete what is missing for Sam").click()
            help_page = await opened.value
            beside = Screen(bea.context, help_page, "Bea", clinic)
            await at_the_door.get_by_text("with staff, not in treatment").wait_for()
            await keep(beside, "contact-2-door-help")
            await assert_accessible(help_page)
            await beside.press("Sit with Sam")
            await picture_of(sam.page, "Bea").wait_for()
            await picture_of(help_page, "Sam").wait_for()
            await asyncio.gather(keep(beside, "contact-3-staff"), keep(sam, "contact-4-phone"))
            await asyncio.gather(assert_accessible(help_page), assert_accessible(sam.page))

    asyncio.run(story())
