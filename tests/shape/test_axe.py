"""axe finds nothing on any page of ours or of sign-in, and none scrolls sideways on a phone."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from openiop.demo import world
from tests.axe import violations
from tests.serving import CHROMIUM, DESK, PHONE
from tests.shape.pages import browser_for, filled, furnish, ours

pytestmark = pytest.mark.browser

TABLE = json.loads((Path(__file__).parent / "who_may.json").read_text())
# The first of these whom the table lets in opens the page.
READERS = ["patient", "director", "billing", "privacy", "front_desk", "kiosk", "room_device", "helper", "nobody"]
SIGN_IN = {
    "nobody": ["/account/login/", "/account/password/reset/", "/nothing-here"],
    "patient": ["/account/2fa/", "/account/password/change/", "/account/logout/", "/account/reauthenticate/"],
}
NOT_A_PAGE = set(
    "csrf service-worker trail-export charge-export door-ping lock home away "  # noqa: SIM905
    "filed-paper safety-plan-paper case-paper restricted-paper quality-table".split()
)
PICTURES = os.environ.get("OPENIOP_PICTURES", "")


def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_a_phone(server):
    cast = world.cast()
    paths = paths_by_reader(furnish(cast))
    paths["locked"] = ["/lock", "/help"]
    cookies = {
        reader: [
            {"name": name, "value": morsel.value, "url": server}
            for name, morsel in browser_of(reader, cast).cookies.items()
        ]
        for reader in paths
    }

    looked, wrong = asyncio.run(walk(server, paths, cookies))

    assert looked > 60
    assert not wrong, "\n".join(wrong)


def browser_of(reader, cast):
    if reader != "locked":
        return browser_for(reader, cast)
    browser = browser_for("front_desk", cast)
    browser.post("/lock", {"next": "/front-desk"})
    return browser


def paths_by_reader(ids):
    found = {reader: list(paths) for reader, paths in SIGN_IN.items()}
    for page in ours():
        may = TABLE.get(page.key, {}).get("GET", [])
        reader = next((reader for reader in READERS if reader in may), None)
        if reader and page.name not in NOT_A_PAGE:
            found.setdefault(reader, []).append(filled(page, ids))
    return found


async def walk(server, paths, cookies):
    from playwright.async_api import async_playwright

    looked, wrong = 0, []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        for reader, mine in paths.items():
            size = PHONE if reader in ("patient", "helper", "nobody") else DESK
            context = await browser.new_context(viewport=size, reduced_motion="reduce")
            await context.add_cookies(cookies[reader])
            page = await context.new_page()
            for path in mine:
                reply = await page.goto(server + path, wait_until="load")
                if not is_whole_page(await reply.text()):
                    continue
                looked += 1
                await page.wait_for_timeout(150)
                if PICTURES:
                    name = f"{reader}{path.replace('/', '-')[:60]}.png"
                    await page.screenshot(path=str(Path(PICTURES) / name), full_page=True)
                wrong += [f"{reader} {path}: {line}" for line in await violations(page)]
                await page.set_viewport_size(PHONE)
                if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    wrong.append(f"{reader} {path}: wider than a phone")
                await page.set_viewport_size(size)
                if reply.status >= 500:
                    wrong.append(f"{reader} {path}: {reply.status}")
            await context.close()
        await browser.close()
    return looked, wrong


def is_whole_page(html):
    """A fragment is looked at inside the page that asks for it."""
    return "<html" in html
