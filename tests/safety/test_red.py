"""The director's red list: whatever is wrong stands on it, gravest first, and nothing else does."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openiop.demo import world
from openiop.lib.ids import uuid7
from openiop.measures import answering, assessing
from openiop.people.access import acting
from openiop.people.models import Agreement, Document
from openiop.programs.models import Enrolment
from openiop.safety import ladder, red
from openiop.safety.models import Case, OnCallShift, acknowledge, assess, log_contact, raise_flag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW
COUNTS = Path(__file__).parent.parent / "query_counts.json"


def after(minutes):
    return NOW + timedelta(minutes=minutes)


def flag(patient, tier=3, *, at=NOW, key="a"):
    with acting(patient):
        return raise_flag(
            patient, key=key, evidence=ladder.Evidence("staff_concern", tier), label="Worry", value="x", at=at
        ).case


def taken(case, by, *, at):
    with acting(by):
        acknowledge(Case.objects.get(pk=case.pk), by=by, at=at)


def reached(case, by, *, at):
    with acting(by):
        log_contact(Case.objects.get(pk=case.pk), how="phone", reached=True, note="", by=by, at=at)


def listed(cast, *, at=NOW):
    with acting(cast["okafor"]):
        return red.red_list(cast["okafor"], at=at)


def looked_at(cast, case, *, at):
    """As if the worker had just looked."""
    with acting(cast["okafor"]):
        Case.objects.filter(pk=case.pk).update(next_step_at=at)


def why(cast, case, *, at):
    looked_at(cast, case, at=at)
    return [one.why for one in listed(cast, at=at).cases if one.row.case.pk == case.pk]


def test_a_case_says_which_of_its_clocks_ran_out(cast):
    case = flag(cast["theo"])

    assert why(cast, case, at=after(1)) == [red.NOT_REACHED]
    assert why(cast, case, at=after(20)) == [red.NOT_TAKEN]
    taken(case, cast["marcus"], at=after(21))
    assert why(cast, case, at=after(22)) == [red.NOT_REACHED]
    assert why(cast, case, at=after(61)) == [red.CONTACT_OVERDUE]
    reached(case, cast["marcus"], at=after(62))
    assert why(cast, case, at=after(63)) == []


def test_a_case_that_the_worker_does_not_look_at_says_so(cast):
    flag(cast["theo"])

    assert [one.why for one in listed(cast, at=after(5)).cases] == [red.LEFT_ALONE]


def test_what_is_late_comes_first_and_then_the_higher_tier(cast):
    for key, tier, at in (("theo", 1, NOW), ("priya", 3, NOW), ("sam", 4, after(60))):
        looked_at(cast, flag(cast[key], tier, at=at), at=after(61))

    found = listed(cast, at=after(61)).cases

    assert [one.row.case.patient.called for one in found] == ["Priya", "Theo", "Sam"]
    assert [one.is_late for one in found] == [True, True, False]


def test_hours_that_nobody_is_on_call_for_stand_on_it_a_day_ahead(cast):
    with acting(cast["okafor"]):
        OnCallShift.objects.all().delete()

    assert listed(cast).gaps


def test_an_assessment_that_was_due_stands_on_it_once_it_is_late(cast):
    with acting(cast["marcus"]):
        assess(cast["theo"], level=1, plan="Talk again.", by=cast["marcus"], at=NOW - timedelta(days=29))
    assert "Theo" not in [row.patient.called for row in listed(cast).assessments]

    later = listed(cast, at=NOW + timedelta(days=1, minutes=1))

    assert "Theo" in [row.patient.called for row in later.assessments]


def test_a_person_in_care_without_a_plan_stands_on_it(cast):
    from openiop.safety.models import SafetyPlan

    with acting(cast["okafor"]):
        planless = cast["theo"] if not SafetyPlan.objects.filter(patient=cast["theo"]).exists() else cast["priya"]

    assert planless.called in [row.patient.called for row in listed(cast, at=NOW + timedelta(days=400)).plans]


def test_who_is_in_care_without_an_emergency_contact_stands_on_it(cast):
    assert "Theo" not in [one.called for one in listed(cast).contactless]
    with acting(cast["okafor"]):
        agreed = Agreement.objects.get(patient=cast["theo"], document__kind=Document.EMERGENCY)
        Agreement.objects.filter(pk=agreed.pk).update(withdrawn_at=NOW)

    assert "Theo" in [one.called for one in listed(cast).contactless]
    with acting(cast["okafor"]):
        enrolment = Enrolment.objects.get(patient=cast["theo"])
        enrolment.end(on=NOW.date() - timedelta(days=2), reason="completed", by=cast["okafor"], at=NOW)
    assert "Theo" not in [one.called for one in listed(cast).contactless], "who has left care is nobody's to call"


def test_an_answer_about_death_that_nobody_assessed_stands_on_it_from_the_same_day(cast, client_for, clock):
    director, theo, marcus = client_for(cast["okafor"]), cast["theo"], cast["marcus"]

    def shown():
        page = " ".join(director.get("/red-list").content.decode().split())
        head = '<h2 id="red-asked">'
        return page[page.index(head) : page.index("</section>", page.index(head))] if head in page else ""

    assert shown() == ""
    with acting(theo):
        answering.answer(
            theo, instrument=answering.newest("phq9"), for_day=NOW.date(), item="phq9_9", value=1, key=uuid7(),
            answered_at=NOW, at=NOW,
        )  # fmt: skip
    assert "Theo" in shown() and "due today" in shown()
    clock.move_to(NOW + timedelta(days=1))
    director = client_for(cast["okafor"])
    assert "Theo" in shown() and "was due Nov 24" in shown()

    with acting(marcus):
        at = NOW + timedelta(days=1)
        assessing.assess(theo, level=0, plan="As usual.", by=marcus, at=at, seen_at=at)
    assert shown() == ""


def test_a_clinic_in_order_says_so_and_shows_no_empty_list():
    assert red.RedList([], [], [], [], [], []).is_empty


def test_directors_read_it_and_nobody_else(cast, client_for):
    flag(cast["theo"])

    shown = client_for(cast["okafor"]).get("/red-list")

    assert shown.status_code == 200
    assert "Theo" in shown.content.decode()
    for key in ("bea", "marcus", "lin", "rosa", "hal", "vera"):
        assert client_for(cast[key]).get("/red-list").status_code == 403, key
    assert client_for(cast["maya"]).get("/red-list").status_code == 404


def test_many_cases_ask_no_more_of_the_database_than_one(cast):
    def asked():
        with acting(cast["okafor"]), CaptureQueriesContext(connection) as queries:
            found = red.red_list(cast["okafor"], at=after(1))
        return len(found.cases), len(queries)

    flag(cast["theo"])
    few = asked()
    for key in ("priya", "maya", "sam", "ruth"):
        flag(cast[key])

    many = asked()

    assert many[0] == few[0] + 4
    assert few[1] == many[1] <= json.loads(COUNTS.read_text())["red list"]
