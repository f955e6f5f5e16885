"""A crisis answer from a home without a line: nobody comes first, then somebody, who is heard at the second call.

Real time moves by a clock that the test sets: the desk, the worker and the patient's page all follow it.
"""

import asyncio
import os
import time
from datetime import UTC, datetime

import pytest
import time_machine

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety.models import Case, Page, SafetyPlan
from tests.clocked import Clock
from tests.conftest import browser_of
from tests.serving import CHROMIUM, DESK, PHONE, Server, worker

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("OPENIOP_PICTURES", "")


@pytest.fixture
def clinic(committed, databases, tmp_path):
    """The clinic at six in the evening, with its worker; yields (clock, server, worker)."""
    clock = Clock(tmp_path / "clock", begins_at=world.NOW)
    server = Server(databases, committed, clock=clock.path)
    pager = worker(databases, committed, clock=clock.path)
    yield clock, server, pager
    pager.stop()
    server.stop()


def test_whom_nobody_reached_at_first_is_reached_assessed_and_leaves_with_a_plan_signed_by_both(clinic):
    clock, server, pager = clinic
    cast = world.cast()

    async def story(phone, desk):
        await phone.goto(f"{server.url}/check-in")
        await desk.goto(f"{server.url}/desk")
        await desk.locator(".rail-calm").wait_for()

        await phone.context.set_offline(True)
        for _question in range(3):
            await phone.get_by_role("button", name="Next").click()
        await phone.locator("#safe_now-2").check()
        await phone.locator("[data-answers-status][data-state=kept]").wait_for()
        await look(phone, "without-a-line")
        assert await phone.locator("a[href='tel:988']:visible").count()

        await phone.context.set_offline(False)
        await phone.get_by_text("has been sent to your team").wait_for()
        await desk.get_by_text("Needs someone now").wait_for()

        # Her therapist does not answer; the director is on call.
        clock.move(minutes=2.1)
        await eventually(lambda: asked("okafor"))
        await desk.get_by_role("button", name="I’ll take it").click()
        await phone.get_by_text("Ada has seen your answer").wait_for()

        await desk.get_by_role("link", name="Open the case").click()
        await desk.locator("#contact").get_by_label("How").select_option("phone")
        await desk.get_by_label("No").first.check()
        await desk.get_by_role("button", name="Log it").click()
        await desk.get_by_text("Not reached by telephone").wait_for()
        clock.move(minutes=10)
        await reloaded_until(desk, "contact was due at")
        await look(desk, "not-reached")
        await desk.get_by_role("link", name="Decide what happens now").click()
        await desk.get_by_label("Keep trying, until a time").check()
        await desk.get_by_label("Why", exact=True).fill("She wrote that she is in the garden.")
        await desk.get_by_label("Who was asked for advice").fill("Bea Lindqvist")
        await desk.get_by_role("button", name="Decide").click()
        await desk.get_by_text("Decided. Nobody is called by this page").wait_for()
        await look(desk, "decided")

        await desk.get_by_role("link", name="To read out to a dispatcher").click()
        sheet = await desk.locator("main").inner_text()
        assert "14 Orchard Lane" in sheet and "Alex Rivera" in sheet
        assert not [word for word in ("depress", "Harbor Street", "outpatient") if word in sheet.lower()]
        await look(desk, "where-now")
        await desk.go_back()

        await desk.locator("#contact").get_by_label("How").select_option("phone")
        await desk.get_by_label("Yes, we spoke").check()
        await desk.get_by_role("button", name="Log it").click()
        await desk.get_by_text("Logged.").wait_for()
        await look(desk, "reached")
        case = desk.url

        await desk.get_by_role("link", name="Assess the risk").click()
        await desk.get_by_label("Moderate").check()
        await desk.get_by_label("What happens now").fill("Her sister stays tonight; she comes in tomorrow at nine.")
        await desk.get_by_role("button", name="Keep it").click()
        await desk.get_by_text("Kept.").wait_for()
        await desk.get_by_role("link", name="Assess the risk").click()
        await desk.get_by_text("Her sister stays tonight").wait_for()
        await look(desk, "assessed")

        await desk.goto(case)
        await desk.get_by_role("link", name="Safety plan").click()
        await desk.get_by_role("link", name="Write the plan").click()
        await desk.locator("textarea").first.fill("I stop answering the telephone")
        await desk.get_by_role("button", name="Keep this version").click()
        await desk.get_by_role("button", name="Sign version 1").click()
        await phone.goto(f"{server.url}/me/safety-plan")
        await phone.get_by_role("button", name="Sign version 1").click()
        await phone.get_by_text("Signed by Maya Rivera").wait_for()
        await look(phone, "plan-signed")

        await desk.goto(case)
        await desk.get_by_label("What was found and done").fill("Safe tonight, with a plan and her sister.")
        await desk.get_by_label("How it ended").select_option("safe_with_plan")
        await desk.get_by_role("button", name="Close the case").click()
        await desk.get_by_text("No case is open").wait_for()
        await desk.goto(f"{case}/report")
        await look(desk, "report")
        paper = await desk.context.request.get(f"{case}/report/paper")
        assert (await paper.body()).startswith(b"%PDF")

    in_two_browsers(story, clock, cast["maya"], cast["okafor"])

    with acting(cast["okafor"]):
        case = Case.objects.get(patient=cast["maya"])
        assert case.closure.disposition == "safe_with_plan"
        assert [row.reached for row in case.contacts.order_by("at")] == [False, True]
        assert SafetyPlan.objects.get(patient=cast["maya"]).in_force_since


def test_with_the_pagers_dead_the_person_is_told_the_truth_by_the_clock(clinic):
    clock, server, pager = clinic
    cast = world.cast()
    pager.kill()
    took = []

    async def story(phone, desk):
        await phone.goto(f"{server.url}/check-in")
        for _question in range(3):
            await phone.get_by_role("button", name="Next").click()
        await phone.locator("#safe_now-2").check()
        await phone.get_by_text("has been sent to your team").wait_for()
        assert not await phone.get_by_text("Nobody has answered yet").count()
        clock.move(minutes=2)
        began = time.monotonic()
        await phone.get_by_role("heading", name="Nobody has answered yet. Please use these now.").wait_for()
        took.append(time.monotonic() - began)
        await look(phone, "nobody-yet")
        assert await phone.locator("a[href='tel:988']:visible").count()
        await desk.goto(f"{server.url}/desk")
        await desk.get_by_text("Needs someone now").wait_for()

    in_two_browsers(story, clock, cast["maya"], cast["okafor"])
    print(f"\nthe text changed {took[0]:.1f} s after the clock")
    with acting(cast["okafor"]):
        assert not Page.objects.filter(sent_at__isnull=False).exists()


def asked(key):
    person = world.cast()[key]
    with acting(person):
        return Page.objects.filter(to=person).exists()


async def eventually(holds, *, seconds=60):
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.2)


async def reloaded_until(page, words, *, seconds=60):
    """A page says what was so when it was asked for, which may be a moment before the server's clock was moved."""
    deadline = time.monotonic() + seconds
    while not await page.get_by_text(words).count():
        assert time.monotonic() < deadline, f"it never said: {words}"
        await asyncio.sleep(0.2)
        await page.reload()


def in_two_browsers(story, clock, patient, colleague):
    """Run `story` with the patient's telephone and the colleague's desk, both at the time of the clock."""

    async def run():
        from playwright.async_api import async_playwright

        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
            pages = []
            for cookie, size in zip(cookies, (PHONE, DESK), strict=True):
                context = await browser.new_context(viewport=size, reduced_motion="reduce", timezone_id=world.ZONE.key)
                context.set_default_timeout(60_000)
                await context.add_cookies([{"name": "openiop", "value": cookie, "url": "http://localhost"}])
                page = await context.new_page()
                await page.clock.set_system_time(datetime.fromtimestamp(clock.now(), UTC))
                pages.append(page)
            await story(*pages)
            await browser.close()

    with time_machine.travel(world.NOW):
        cookies = [browser_of(person).cookies["openiop"].value for person in (patient, colleague)]
    asyncio.run(run())


async def look(page, name):
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/not-reached-{name}.png", full_page=True)
