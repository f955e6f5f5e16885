"""A crisis in two real browsers: the tap, the desk that shows it, and the truth on the person's screen."""

import asyncio
import os

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety.models import Case
from tests.conftest import ROOT, browser_of
from tests.serving import CHROMIUM

pytestmark = pytest.mark.browser

AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"
PICTURES = os.environ.get("OPENIOP_PICTURES", "")


@pytest.fixture
def people(committed):
    return world.cast()


def in_browser(story, server, *people, script=True):
    """Run `story` with a page for each person, signed in: patients on a phone, staff at a desk."""

    async def run():
        from playwright.async_api import async_playwright

        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
            pages = []
            for person, cookie in zip(people, cookies, strict=True):
                size = {"width": 390, "height": 844} if person.kind == "patient" else {"width": 1280, "height": 900}
                context = await browser.new_context(viewport=size, java_script_enabled=script)
                await context.add_cookies([{"name": "openiop", "value": cookie, "url": server}])
                pages.append(await context.new_page())
            await story(*pages)
            await browser.close()

    cookies = [browser_of(person).cookies["openiop"].value for person in people]
    asyncio.run(run())


async def look(page, name):
    """Axe finds nothing; a picture is kept for those who ask for it."""
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
    assert found == []


async def tap(page, item, value):
    await page.locator(f"#{item}-{value}").check()


def test_a_tap_reaches_the_desk_and_the_answer_reaches_the_person(people, server):
    async def story(phone, desk):
        await desk.goto(f"{server}/desk")
        await desk.locator(".rail-calm").wait_for()
        await desk.get_by_role("button", name="Turn the sound on").click()
        await look(desk, "desk-calm")
        await phone.goto(f"{server}/check-in")
        await look(phone, "check-in")
        for _question in range(3):
            await phone.get_by_role("button", name="Next").click()
        await tap(phone, "safe_now", 2)

        await phone.locator("[data-flag] .notice").wait_for()
        assert "has been sent to your team" in await phone.locator("[data-flag]").inner_text()
        assert await phone.locator("[data-flag] .live-sound:visible").count() == 0
        await desk.get_by_text("Needs someone now").wait_for()
        assert "Maya Rivera" in await desk.locator("#rail").inner_text()
        await look(phone, "told-sent")
        await look(desk, "desk-needs-someone")

        await desk.get_by_role("button", name="I’ll take it").click()
        await phone.get_by_text("Bea has seen your answer").wait_for()
        await desk.locator("[data-alarm]").first.wait_for(state="detached")
        await look(phone, "told-somebody-has-it")

        await desk.get_by_role("link", name="Open the case").click()
        await desk.get_by_role("heading", name="Location sheet").wait_for()
        await look(desk, "case")
        await desk.locator("#contact").get_by_label("How").select_option("phone")
        await desk.get_by_label("Yes, we spoke").check()
        await desk.get_by_role("button", name="Log it").click()
        await desk.get_by_text("Logged.").wait_for()
        await desk.get_by_label("What was found and done").fill("Safe at home, her sister is with her.")
        await desk.get_by_role("button", name="Close the case").click()
        await desk.get_by_text("No case is open").wait_for()
        await look(desk, "cases")

    in_browser(story, server, people["maya"], people["bea"])

    with acting(people["bea"]):
        assert not Case.objects.open().exists()


def test_without_javascript_the_tap_is_saved_and_the_truth_is_told(people, server):
    async def story(phone):
        await phone.goto(f"{server}/check-in")
        await phone.locator("#safe_now-2").check()
        await phone.locator("button[value=safe_now]").click()
        await phone.get_by_text("has been sent to your team").wait_for()

    in_browser(story, server, people["maya"], script=False)

    with acting(people["bea"]):
        assert Case.objects.open().get().patient == people["maya"]


def test_the_pages_of_the_rota_the_concern_and_the_measures_can_be_read_by_everybody(people, server):
    async def story(desk):
        for path in ("on-call", f"patients/{people['theo'].pk}/concern", "tracks/measures", "cases", "alarm"):
            await desk.goto(f"{server}/{path}")
            await look(desk, path.replace("/", "-"))

    in_browser(story, server, people["okafor"])
