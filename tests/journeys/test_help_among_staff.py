"""What nobody may miss among colleagues: a silent call for help, pressed while the line was down, and a hand-over."""

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety import ladder
from openiop.safety.models import Case, StaffAlert, acknowledge, raise_flag
from tests.journeys.two import eventually, in_two_browsers, look
from tests.serving import DESK, PHONE

pytestmark = pytest.mark.browser


def test_a_silent_press_leaves_when_the_line_is_back_and_shows_nothing_where_it_was_pressed(clinic):
    clock, server, _pager = clinic
    cast = world.cast()

    async def story(marcus, ada):
        await ada.goto(f"{server.url}/desk")
        await ada.locator(".rail-calm").wait_for()
        await marcus.goto(f"{server.url}/desk")
        await marcus.locator(".rail-calm").wait_for()
        before = await marcus.locator("main").inner_text()

        await marcus.context.set_offline(True)
        name = await marcus.locator(".header-name").bounding_box()
        await marcus.mouse.move(name["x"] + 5, name["y"] + 5)
        await marcus.mouse.down()
        await marcus.wait_for_function("() => localStorage.getItem('openiop.later')?.includes('key')")
        await marcus.mouse.up()
        await marcus.context.set_offline(False)

        await ada.get_by_text("Marcus Reyes").first.wait_for()
        await ada.get_by_text("silent", exact=True).first.wait_for()
        await look(ada, "staff-help-silent-desk")
        await look(marcus, "staff-help-silent-phone")
        assert await marcus.locator("main").inner_text() == before
        assert "/desk" in marcus.url
        await ada.get_by_role("button", name="I’m going").first.click()
        await eventually(lambda: taken(cast["okafor"]))

    in_two_browsers(story, clock, (cast["marcus"], cast["okafor"]), sizes=(PHONE, DESK))
    with acting(cast["okafor"]):
        assert StaffAlert.objects.get().silent


def taken(person):
    with acting(person):
        return StaffAlert.objects.filter(taken_by=person).exists()


def test_whoever_goes_hands_over_and_whoever_comes_takes_the_whole_list_in_one_tap(clinic):
    clock, server, _pager = clinic
    cast = world.cast()
    case = held_by(cast["marcus"], of=cast["maya"])

    async def story(marcus, ada):
        await ada.goto(f"{server.url}/desk")
        await marcus.goto(f"{server.url}/hand-overs")
        await marcus.get_by_text("You have these in hand:").wait_for()
        await marcus.get_by_role("button", name="Hand over what I have").click()
        await marcus.get_by_text("You stay responsible until it is taken over.").first.wait_for()
        await look(marcus, "hand-over-waits-phone")

        await ada.get_by_text("Marcus Reyes stays responsible until it is taken over.").wait_for()
        await look(ada, "hand-over-rail")
        await ada.get_by_role("button", name="I take over").click()
        await ada.get_by_text("I take over").wait_for(state="detached")
        await marcus.reload()
        await marcus.get_by_text("Marcus Reyes → Ada Okafor").first.wait_for()
        await marcus.get_by_role("button", name="I stay with it").wait_for(state="detached")

    in_two_browsers(story, clock, (cast["marcus"], cast["okafor"]), sizes=(PHONE, DESK))
    with acting(cast["okafor"]):
        assert Case.objects.get(pk=case).holding.by == cast["okafor"]


def held_by(colleague, *, of):
    """A case of `of` that `colleague` has in hand; its number."""
    with acting(of):
        evidence = ladder.Evidence("safe_now", "no")
        raise_flag(of, key="k", evidence=evidence, label="Safe?", value="No", at=world.NOW)
    with acting(colleague):
        case = Case.objects.open().get(patient=of)
        acknowledge(case, by=colleague, at=world.NOW)
        return case.pk
