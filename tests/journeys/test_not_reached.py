"""A crisis answer from a home without a line: nobody comes first, then somebody, who is heard at the second call.

Real time moves by a clock that the test sets: the desk, the worker and the patient's page all follow it.
"""

import time

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety.models import Case, Page, SafetyPlan
from tests.journeys.two import eventually, in_two_browsers, look, reloaded_until

pytestmark = pytest.mark.browser


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
        await look(phone, "not-reached-without-a-line")
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
        await look(desk, "not-reached-yet")
        await desk.get_by_role("link", name="Decide what happens now").click()
        await desk.get_by_label("Keep trying, until a time").check()
        await desk.get_by_label("Why", exact=True).fill("She wrote that she is in the garden.")
        await desk.get_by_label("Who was asked for advice").fill("Bea Lindqvist")
        await desk.get_by_role("button", name="Decide").click()
        await desk.get_by_text("Decided. Nobody is called by this page").wait_for()
        await look(desk, "not-reached-decided")

        await desk.get_by_role("link", name="To read out to a dispatcher").click()
        sheet = await desk.locator("main").inner_text()
        assert "14 Orchard Lane" in sheet and "Alex Rivera" in sheet
        assert not [word for word in ("depress", "Harbor Street", "outpatient") if word in sheet.lower()]
        await look(desk, "not-reached-where-now")
        await desk.go_back()

        await desk.locator("#contact").get_by_label("How").select_option("phone")
        await desk.get_by_label("Yes, we spoke").check()
        await desk.get_by_role("button", name="Log it").click()
        await desk.get_by_text("Logged.").wait_for()
        await look(desk, "not-reached-reached")
        case = desk.url

        await desk.get_by_role("link", name="Assess the risk").click()
        await desk.get_by_label("Moderate").check()
        await desk.get_by_label("What happens now").fill("Her sister stays tonight; she comes in tomorrow at nine.")
        await desk.get_by_role("button", name="Keep it").click()
        await desk.get_by_text("Kept.").wait_for()
        await desk.get_by_role("link", name="Assess the risk").click()
        await desk.get_by_text("Her sister stays tonight").wait_for()
        await look(desk, "not-reached-assessed")

        await desk.goto(case)
        await desk.get_by_role("link", name="Safety plan").click()
        await desk.get_by_role("link", name="Write the plan").click()
        await desk.locator("textarea").first.fill("I stop answering the telephone")
        await desk.get_by_role("button", name="Keep this version").click()
        await desk.get_by_role("button", name="Sign version 1").click()
        await phone.goto(f"{server.url}/me/safety-plan")
        await phone.get_by_role("button", name="Sign version 1").click()
        await phone.get_by_text("Signed by Maya Rivera").wait_for()
        await look(phone, "not-reached-plan-signed")

        await desk.goto(case)
        await desk.get_by_label("What was found and done").fill("Safe tonight, with a plan and her sister.")
        await desk.get_by_label("How it ended").select_option("safe_with_plan")
        await desk.get_by_role("button", name="Close the case").click()
        await desk.get_by_text("No case is open").wait_for()
        await desk.goto(f"{case}/report")
        await look(desk, "not-reached-report")
        paper = await desk.context.request.get(f"{case}/report/paper")
        assert (await paper.body()).startswith(b"%PDF")

    in_two_browsers(story, clock, (cast["maya"], cast["okafor"]))

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
        await look(phone, "not-reached-nobody-yet")
        assert await phone.locator("a[href='tel:988']:visible").count()
        # Without a line the last words stop promising anything, until the page has heard again.
        await phone.context.set_offline(True)
        stale = phone.get_by_role("heading", name="This page cannot hear from your team right now")
        await stale.wait_for()
        await look(phone, "not-reached-cannot-hear")
        assert await phone.locator("a[href='tel:988']:visible").count()
        await phone.context.set_offline(False)
        await stale.wait_for(state="detached")
        await desk.goto(f"{server.url}/desk")
        await desk.get_by_text("Needs someone now").wait_for()

    in_two_browsers(story, clock, (cast["maya"], cast["okafor"]))
    print(f"\nthe text changed {took[0]:.1f} s after the clock")
    with acting(cast["okafor"]):
        assert not Page.objects.filter(sent_at__isnull=False).exists()


def asked(key):
    person = world.cast()[key]
    with acting(person):
        return Page.objects.filter(to=person).exists()
