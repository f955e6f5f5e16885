"""The director's month: what is counted for whom, how sure one can be, and who reads it."""

import csv
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openiop.demo import world
from openiop.people.access import acting
from openiop.programs.models import Enrolment
from openiop.safety import figures, ladder
from openiop.safety.models import (
    Case,
    acknowledge,
    assess,
    close,
    log_contact,
    raise_flag,
    sign_plan,
    write_plan,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW
DAY = NOW.date()
COUNTS = Path(__file__).parent.parent / "query_counts.json"
OFTEN = ladder.Evidence("self_harm_thoughts", 2)


def after(minutes):
    return NOW + timedelta(minutes=minutes)


def flag(patient, *, evidence=OFTEN, key="a", at=NOW):
    with acting(patient):
        return raise_flag(patient, key=key, evidence=evidence, label="Item 9", value="Often", at=at).case


def taken(case, by, *, at):
    with acting(by):
        acknowledge(Case.objects.get(pk=case.pk), by=by, at=at)


def reached(case, by, *, at, ended=True):
    with acting(by):
        log_contact(Case.objects.get(pk=case.pk), how="phone", reached=True, note="", by=by, at=at)
        if ended:
            close(Case.objects.get(pk=case.pk), disposition="", note="", by=by, at=at)


def month(cast, *, at):
    with acting(cast["okafor"]):
        return figures.month(cast["okafor"].clinic, DAY, at=at)


def of(found, modality):
    return next(group for group in found.groups if group.modality == modality)


def test_each_person_counts_where_their_enrolment_of_that_day_puts_them(cast):
    marcus = cast["marcus"]
    for key, minutes in (("theo", 10), ("priya", 2)):
        case = flag(cast[key])
        taken(case, marcus, at=after(minutes))
        reached(case, marcus, at=after(minutes + 5))

    found = month(cast, at=after(60))

    with acting(cast["okafor"]):
        assert Enrolment.objects.get(patient=cast["theo"]).modality == "on_site"
        assert Enrolment.objects.get(patient=cast["priya"]).modality == "virtual"
    assert (of(found, "on_site").taken.value, of(found, "virtual").taken.value) == (10, 2)
    assert (of(found, "on_site").reached.value, of(found, "virtual").reached.value) == (15, 7)
    assert (of(found, figures.ALL).unattended.n, of(found, figures.ALL).total) == (2, 12)


def test_somebody_who_is_not_enrolled_falls_out_of_nothing(cast):
    with acting(cast["okafor"]):
        enrolment = Enrolment.objects.get(patient=cast["theo"])
        enrolment.end(on=DAY - timedelta(days=2), reason="completed", by=cast["okafor"], at=NOW)
    flag(cast["theo"])

    found = month(cast, at=after(30))

    assert of(found, "").total == 30
    assert of(found, "").running == 1


def test_a_wait_that_is_not_over_is_not_left_out(cast):
    flag(cast["theo"])

    found = of(month(cast, at=after(30)), figures.ALL)

    assert (found.taken.n, found.taken.value) == (1, figures.NOT_YET)
    assert (found.unattended.value, found.longest) == (30, 30)


def test_question_nine_counts_as_assessed_when_a_clinician_did_so_that_day(cast):
    flag(cast["theo"])
    flag(cast["priya"])
    with acting(cast["marcus"]):
        assess(cast["theo"], level=1, plan="Talk again.", by=cast["marcus"], at=after(30))

    tomorrow = month(cast, at=after(60 * 24))
    assert (of(tomorrow, figures.ALL).same_day.part, of(tomorrow, figures.ALL).same_day.whole) == (1, 2)

    today = month(cast, at=after(60))
    assert of(today, figures.ALL).same_day.whole == 1, "Priya’s day is not over"


def test_a_screen_asked_of_a_clinician_counts_as_well(cast):
    flag(cast["theo"])

    with acting(cast["okafor"]):
        found = figures.month(cast["okafor"].clinic, DAY, at=after(60 * 24), assessed=[(cast["theo"].pk, after(20))])

    assert (of(found, figures.ALL).same_day.part, of(found, figures.ALL).same_day.whole) == (1, 1)


def test_a_plan_covers_whoever_was_at_risk_once_both_have_signed_it(cast):
    theo, marcus = cast["theo"], cast["marcus"]
    flag(theo)
    with acting(marcus):
        plan = write_plan(theo, parts={"by_myself": "Walk"}, by=marcus, at=after(10))
        sign_plan(plan, by=marcus, at=after(11))
    assert of(month(cast, at=after(12)), figures.ALL).plans == (0, 1)

    with acting(theo):
        sign_plan(plan, by=theo, at=after(20))

    assert of(month(cast, at=after(21)), figures.ALL).plans == (1, 1)
    assert of(month(cast, at=after(19)), figures.ALL).plans == (0, 1)


def test_a_reassessment_that_fell_due_and_was_not_done_counts_against(cast):
    marcus = cast["marcus"]
    with acting(marcus):
        assess(cast["theo"], level=3, plan="Stays.", by=marcus, at=NOW - timedelta(days=10))
        assess(cast["priya"], level=3, plan="Stays.", by=marcus, at=NOW - timedelta(days=10))
        assess(cast["priya"], level=3, plan="Stays.", by=marcus, at=NOW - timedelta(days=4))

    assert of(month(cast, at=after(60)), figures.ALL).on_time == (1, 2)


def test_a_case_closed_without_an_assessment_that_was_not_made_up_for_counts_against(cast):
    for key, assessed in (("theo", False), ("priya", True)):
        case = flag(cast[key], evidence=ladder.Evidence("safe_now", "no"), at=NOW - timedelta(days=10))
        reached(case, cast["marcus"], at=NOW - timedelta(days=10))
        if assessed:
            with acting(cast["marcus"]):
                assess(cast[key], level=0, plan="As usual.", by=cast["marcus"], at=NOW - timedelta(days=5))

    assert of(month(cast, at=after(60)), figures.ALL).on_time == (1, 2)


def page(client, path="/quality"):
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_page_says_when_there_are_too_few_and_names_the_interval(cast, client_for):
    case = flag(cast["theo"])
    taken(case, cast["marcus"], at=NOW)

    shown = page(client_for(cast["okafor"]))

    assert "too few to read anything into" in shown
    assert "Wilson" in shown
    assert "order statistics" in shown
    assert "Theo" in shown


def test_a_month_in_which_nothing_was_says_so(cast, client_for):
    assert "Nothing to count" in page(client_for(cast["okafor"]), "/quality?month=2020-02")


@pytest.mark.parametrize("wrong", ["2026-13", "tomorrow", "2027-01", "1999-12", "2026-11-24", "%00"])
def test_a_month_that_is_none_or_has_not_begun_is_no_page(cast, client_for, wrong):
    for path in ("/quality", "/quality/table"):
        assert client_for(cast["okafor"]).get(f"{path}?month={wrong}").status_code == 404


def test_the_table_holds_every_figure_and_nobodys_name(cast, client_for):
    for key in ("theo", "priya", "maya"):
        flag(cast[key])

    answer = client_for(cast["okafor"]).get("/quality/table")

    text = answer.content.decode()
    rows = list(csv.DictReader(StringIO(text)))
    assert {row["figure"] for row in rows} == {"unattended", "taken", "reached", "same_day", "plans", "on_time"}
    taken_by_all = next(row for row in rows if row["figure"] == "taken" and row["group"] == "all")
    assert (taken_by_all["n"], taken_by_all["value"], taken_by_all["enough_to_read"]) == ("3", "not yet", "no")
    assert not any(cast[key].family_name in text for key in ("theo", "priya", "maya"))
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/quality", "/quality/table"])
def test_directors_read_it_and_nobody_else(cast, client_for, path):
    assert client_for(cast["okafor"]).get(path).status_code == 200
    for key in ("bea", "marcus", "lin", "rosa", "hal", "vera"):
        assert client_for(cast[key]).get(path).status_code == 403, key
    assert client_for(cast["maya"]).get(path).status_code == 404


def test_many_cases_ask_no_more_of_the_database_than_few(cast):
    def asked():
        with acting(cast["okafor"]), CaptureQueriesContext(connection) as queries:
            found = figures.month(cast["okafor"].clinic, DAY, at=after(60))
        return len(found.cases), len(queries)

    flag(cast["theo"])
    few = asked()
    for key in ("priya", "maya", "sam", "ruth"):
        taken(flag(cast[key]), cast["marcus"], at=after(3))

    many = asked()

    assert (few[0], many[0]) == (1, 5)
    assert few[1] == many[1] <= json.loads(COUNTS.read_text())["quality"]
