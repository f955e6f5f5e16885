"""As a session ends, those who led it hand over what is open among its people, and who left early at risk."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import System, acting
from openiop.safety import jobs as safety_jobs
from openiop.safety import ladder
from openiop.safety.models import (
    Case,
    HandOver,
    HandOverEnd,
    HandOverPage,
    LeftAtRisk,
    OnCallShift,
    acknowledge,
    assess,
    log_contact,
    open_list,
    raise_flag,
    stay_with_it,
)
from openiop.safety.report import timeline
from openiop.schedule import jobs, presence
from openiop.schedule.models import CareSession
from tests.conftest import browser_of

NOW = world.NOW


@pytest.fixture
def people(committed):
    people = world.cast()
    with acting(people["okafor"]):
        OnCallShift.objects.all().delete()
    return people


@pytest.fixture
def evening(people):
    with acting(people["okafor"]):
        return CareSession.objects.standing().filter(during__startswith__gt=NOW).in_order().first()


def flag(patient, *, at=NOW):
    with acting(patient):
        evidence = ladder.Evidence("self_harm_thoughts", 1)
        raise_flag(patient, key="k", evidence=evidence, label="Thoughts", value="Several days", at=at)
        return Case.objects.get(patient=patient)


def both(worker, at, *, times=1):
    with worker():
        for _time in range(times):
            jobs.watch_the_ended(at)
            safety_jobs.hand_over(at)


def left_after(session, patient, minutes):
    """Their tab beats every half minute, and then they leave."""
    with acting(patient):
        for beat in range(2 * minutes + 1):
            presence.note(
                session,
                patient,
                kind="in" if beat == 0 else "out" if beat == 2 * minutes else "beat",
                source="room",
                connection="a",
                place="virtual",
                at=session.begins_at + timedelta(seconds=30) * beat,
            )


def test_a_session_that_ends_with_a_case_open_is_handed_over_by_those_who_led_it_and_once(people, evening, worker):
    case = flag(people["maya"])
    with acting(people["bea"]):
        acknowledge(case, by=people["bea"], at=NOW)

    both(worker, evening.ends_at - timedelta(minutes=1))
    with acting(people["okafor"]):
        assert not HandOver.objects.exists()
    both(worker, evening.ends_at, times=2)

    with acting(people["okafor"]):
        row = HandOver.objects.with_people().get()
        assert (row.kind, row.session_id, row.due_at) == ("session", evening.pk, evening.ends_at)
        assert people["bea"].pk in row.goers
        assert [one.patient for one in open_list(row, at=evening.ends_at).cases] == [people["maya"]]
        assert {page.to_id for page in row.pages.all()} == set(
            row.goers
        )  # nobody is on call: they are to name somebody


def test_with_nothing_open_among_its_people_it_is_over_by_itself(people, evening, worker):
    flag(people["leo"])  # of another track, with a case that those who led this evening do not have

    both(worker, evening.ends_at)

    with acting(people["okafor"]):
        assert HandOverEnd.objects.get().how == "nothing_open"


def test_what_somebody_has_who_did_not_lead_is_handed_over_by_nobody_and_nobody_is_asked(people, evening, worker):
    case = flag(people["maya"])
    with acting(people["okafor"]):
        acknowledge(case, by=people["okafor"], at=NOW)
        log_contact(case, by=people["okafor"], at=NOW, reached=True, how="phone", note="")

    for quarter in range(6):
        both(worker, evening.ends_at + timedelta(minutes=15 * quarter))

    with acting(people["okafor"]):
        assert HandOverEnd.objects.get().how == "nothing_open"
        assert not HandOverPage.objects.exists()


def handed_over_by_bea(people, evening, worker):
    """Everybody at work led, nobody is on call; Bea has Maya's case as the evening ends."""
    case = flag(people["maya"])
    with acting(people["bea"]):
        acknowledge(case, by=people["bea"], at=NOW)
    both(worker, evening.ends_at)
    with acting(people["okafor"]):
        return HandOver.objects.with_people().get()


def shown_to(person, row, at):
    with acting(person):
        return open_list(row, at=at).tokens


def test_one_of_those_who_led_stays_with_it_in_their_own_name_and_nobody_is_asked_any_more(
    people, evening, worker, clock
):
    row = handed_over_by_bea(people, evening, worker)
    clock.move_to(evening.ends_at + timedelta(minutes=1))
    led_with = next(person for person in people.values() if person.pk in row.goers and person != people["bea"])
    browser = browser_of(led_with)
    address = reverse("hand-over-stayed", args=[row.pk])
    assert address in browser.get(reverse("hand-over", args=[row.pk])).content.decode()
    assert address in browser.get(reverse("rail"), headers={"HX-Request": "true"}).content.decode()

    assert browser.post(address, {"shown": ""}).status_code == 409  # the list is read first
    browser.post(address, {"shown": " ".join(shown_to(led_with, row, evening.ends_at))})
    both(worker, evening.ends_at + timedelta(minutes=45))

    with acting(people["okafor"]):
        end = HandOverEnd.objects.get()
        assert (end.how, end.by) == ("stays", led_with)
        assert Case.objects.with_steps().with_attempts().get().holding.by == led_with
        assert {page.made_at for page in row.pages.all()} == {evening.ends_at}
        assert "Stays with it" in [event.what for event in timeline(Case.objects.get(), reader=people["okafor"])]
    assert "I stay with it" not in browser.get(reverse("hand-over", args=[row.pk])).content.decode()


def test_nobody_stays_who_did_not_lead_nor_in_anothers_name_nor_beneath_the_verbs(people, evening, worker):
    row = handed_over_by_bea(people, evening, worker)
    others = [key for key in ("marcus", "okafor", "hal", "vera", "maya") if people[key].pk not in row.goers]
    assert {"hal", "vera", "maya"} < set(others)
    for key in others:
        with acting(people[key]), pytest.raises(PermissionDenied):
            stay_with_it(row, shown=["anything"], by=people[key], at=evening.ends_at)
        with pytest.raises(DatabaseError), acting(people[key]), transaction.atomic():
            HandOverEnd.objects.create(
                clinic_id=row.clinic_id, hand_over=row, how="stays", by=people["bea"], at=evening.ends_at
            )
    for by in (None, people["bea"]):
        with pytest.raises(DatabaseError), acting(people["bea"]), transaction.atomic():
            HandOverEnd.objects.create(
                clinic_id=row.clinic_id, hand_over=row, how="nothing_open", by=by, at=evening.ends_at
            )
    with pytest.raises(DatabaseError), worker(), acting(System(row.clinic_id)), transaction.atomic():
        HandOverEnd.objects.create(
            clinic_id=row.clinic_id, hand_over=row, how="nothing_open", by=None, at=evening.ends_at
        )


def test_whoever_led_and_is_on_call_now_stays_and_hands_nothing_over(people, evening, worker):
    flag(people["maya"])
    with acting(people["okafor"]):
        led_by = [row.staff for row in evening.staff.select_related("staff")]
        OnCallShift.objects.create(
            clinic_id=evening.clinic_id, staff=led_by[0], rung=1, during=(NOW, NOW + timedelta(hours=12))
        )

    both(worker, evening.ends_at)

    with acting(people["okafor"]):
        assert HandOverEnd.objects.get().how == "stays"


def test_somebody_at_risk_who_left_early_is_on_the_list_until_assessed_again_and_nobody_else_is(
    people, evening, worker, clock
):
    with acting(people["marcus"]):
        for key, level in (("maya", 2), ("priya", 1)):
            assess(people[key], level=1, plan="Talk.", by=people["marcus"], at=NOW - timedelta(days=2))
            if level == 2:
                row = assess(people[key], level=2, plan="Talk.", by=people["marcus"], at=NOW - timedelta(days=1))
                close_case_of(row, people["marcus"])
    left_after(evening, people["maya"], 40)
    left_after(evening, people["priya"], 40)

    both(worker, evening.ends_at, times=2)

    with acting(people["okafor"]):
        left = LeftAtRisk.objects.get()
        assert (left.patient, left.level) == (people["maya"], 2)
        assert left.left_at == evening.begins_at + timedelta(minutes=40)
        row = HandOver.objects.with_people().get()
        assert [one.patient for one in open_list(row, at=evening.ends_at).left] == [people["maya"]]
    clock.move_to(evening.ends_at)
    page = " ".join(browser_of(people["okafor"]).get(reverse("hand-over", args=[row.pk])).content.decode().split())
    assert "Maya Rivera</strong> left a session early" in page
    assert "Priya Nair" not in page.partition("<main")[2].partition("Late besides")[0]
    with acting(people["marcus"]):
        assess(
            people["maya"],
            level=1,
            plan="Talked on the telephone.",
            lowered_because="Is with her sister",
            by=people["marcus"],
            at=evening.ends_at + timedelta(minutes=5),
        )
        assert open_list(row, at=evening.ends_at + timedelta(minutes=6)).is_empty
    both(worker, evening.ends_at + timedelta(minutes=7))
    with acting(people["okafor"]):
        assert HandOverEnd.objects.get().how == "nothing_open"


def close_case_of(row, by):
    from openiop.safety.models import close

    case = Case.objects.open().get(patient=row.patient)
    close(case, disposition="safe_with_plan", note="", by=by, at=row.at + timedelta(minutes=1))
