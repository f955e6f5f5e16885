"""axe finds nothing on any page of ours or of sign-in, and none scrolls sideways on a phone or a tablet.

An address that leads elsewhere shows another page than its own: it is listed with the reason, or the walk fails.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import time_machine

from openiop.demo import world
from tests.axe import violations
from tests.clocked import Clock
from tests.serving import CHROMIUM, DESK, PHONE, Server
from tests.shape.moments import moments
from tests.shape.pages import browser_for, filled, furnish, ours

pytestmark = pytest.mark.browser

TABLE = json.loads((Path(__file__).parent / "who_may.json").read_text())
# The first of these whom the table lets in opens the page.
READERS = ["patient", "director", "billing", "privacy", "front_desk", "kiosk", "room_device", "helper", "nobody"]
# Pages that are not ours, and ours with another thing than the walk's own.
BESIDE = {
    "nobody": ["/account/login/", "/account/password/reset/", "/nothing-here"],
    "patient": ["/account/2fa/", "/account/password/change/", "/account/logout/", "/account/reauthenticate/"],
    "director": ["/instruments/dast10", "/instruments/dast10/words"],  # whose words a clinic loads
}
NOT_A_PAGE = set(
    "csrf service-worker trail-export charge-export door-ping lock home away "  # noqa: SIM905
    "filed-paper safety-plan-paper case-paper restricted-paper quality-table".split()
)
TABLET = {"width": 820, "height": 1180}
# Of all addresses that are walked these alone lead elsewhere: where to, and where the page itself is walked.
LEADS_ELSEWHERE = {
    "/kiosk/questions": "/kiosk",  # nobody has said who they are; walked as the moment "kiosk-arrived"
    "/kiosk/sitting": "/kiosk",  # nobody sits there; walked as the moments "kiosk-question" and after
}
FOUND_NOTHING = {"/nothing-here"}  # the page that says so
PICTURES = os.environ.get("OPENIOP_PICTURES", "")


class Stop(NamedTuple):
    """One page to look at. `says` is on it; `fills` and `press`: selectors that come before."""

    name: str
    path: str
    says: str = ""
    fills: str = ""
    press: str = ""


class Browsing(NamedTuple):
    size: dict
    cookies: dict
    stops: list


def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_a_phone(committed, databases, tmp_path):
    with time_machine.travel(world.NOW):
        cast = world.cast()
        everything = browsings(cast)
    server = Server(databases, committed, clock=Clock(tmp_path / "clock", begins_at=world.NOW).path)

    try:
        looked, wrong = asyncio.run(walk(server.url, everything))
    finally:
        server.stop()

    assert looked > 60
    assert not wrong, "\n".join(wrong)


def browsings(cast):
    """Everybody's browser and what is looked at in it. Moments come first: they pass."""
    paths = paths_by_reader(furnish(cast))
    paths["locked"] = ["/lock", "/help"]
    walks = [
        Browsing(size_of(reader), browser_of(reader, cast).cookies, [Stop(f"{reader}{path}", path) for path in mine])
        for reader, mine in paths.items()
    ]
    passing = [Browsing(TABLET, moment.browser.cookies, [Stop(moment.name, *moment[2:])]) for moment in moments(cast)]
    return passing + walks


def size_of(reader):
    return PHONE if reader in ("patient", "helper", "nobody") else TABLET if reader == "kiosk" else DESK


def browser_of(reader, cast):
    if reader != "locked":
        return browser_for(reader, cast)
    browser = browser_for("front_desk", cast)
    browser.post("/lock", {"next": "/front-desk"})
    return browser


def paths_by_reader(ids):
    found = {reader: list(paths) for reader, paths in BESIDE.items()}
    for page in ours():
        may = TABLE.get(page.key, {}).get("GET", [])
        reader = next((reader for reader in READERS if reader in may), None)
        if reader and page.name not in NOT_A_PAGE:
            found.setdefault(reader, []).append(filled(page, ids))
    return found


async def walk(server, everything):
    from playwright.async_api import async_playwright

    looked, wrong = 0, []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        for size, cookies, stops in everything:
            context = await browser.new_context(viewport=size, reduced_motion="reduce")
            await context.add_cookies(
                [{"name": name, "value": morsel.value, "url": server} for name, morsel in cookies.items()]
            )
            page = await context.new_page()
            for stop in stops:
                found = await looked_at(page, server, stop, size)
                looked += found is not None
                wrong += [f"{stop.name}: {line}" for line in found or []]
            await context.close()
        await browser.close()
    return looked, wrong


async def looked_at(page, server, stop, size):
    """Return what is wrong with the page; None for a part, which is looked at inside the page that asks for it."""
    reply = await page.goto(server + stop.path, wait_until="load")
    if "<html" not in await reply.text():
        return None
    wrong = where_it_led(stop, urlsplit(page.url).path, reply.status)
    if stop.fills:
        await page.fill(stop.fills, "0" * 6)
    if stop.press:
        await page.click(stop.press)
    if stop.says:
        await page.wait_for_selector(stop.says, state="attached")
    await page.wait_for_timeout(150)
    await picture(page, stop, "")
    wrong += await violations(page)
    for narrow, name in ((TABLET, "tablet"), (PHONE, "phone")):
        await page.set_viewport_size(narrow)
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"wider than a {name}")
    if size != PHONE:
        await picture(page, stop, "-phone")
    await page.set_viewport_size(size)
    return wrong


async def picture(page, stop, end):
    if PICTURES:
        name = f"{stop.name.replace('/', '-')[:80]}{end}.png"
        await page.screenshot(path=str(Path(PICTURES) / name), full_page=True)


def where_it_led(stop, landed, status):
    """Is this the page that was asked for? Of an address that is listed, does it still lead where the list says?"""
    listed = {} if stop.says else LEADS_ELSEWHERE  # a moment shows the page itself
    wrong = []
    if landed != listed.get(stop.path, stop.path):
        wrong.append(f"leads to {landed}: either its own page was not looked at, or the list is out of date")
    if status != (404 if stop.path in FOUND_NOTHING else 200):
        wrong.append(f"answers {status}")
    return wrong
