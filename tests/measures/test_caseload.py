"""Who needs somebody first: the order as a table of cases; the page with its reasons."""

import json
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.measures import answering, caseload, track
from openiop.measures.asking import AFTER_GROUP
from openiop.measures.blocks import assembled
from openiop.measures.caseload import Why, in_order
from openiop.measures.views import trends
from openiop.people.access import acting
from openiop.programs.models import Enrolment

TODAY = date(2026, 11, 24)
COUNTS = Path(__file__).parent.parent / "query_counts.json"
BY_REASON = [
    ("an open case, tier 4, not reached", [Why(caseload.WAITS, "", 0, 4)]),
    ("an open case, tier 2, not reached", [Why(caseload.WAITS, "", 0, 2)]),
    ("an assessment two days overdue", [Why(caseload.ASSESS_LATE, "asq", 0, 2)]),
    ("an assessment due today", [Why(caseload.ASSESS, "asq", 0, 0)]),
    ("thoughts of death from none to often", [Why(track.ITEM_NINE_ROSE, "", 0, 2)]),
    ("thoughts of death from none to some", [Why(track.ITEM_NINE_ROSE, "", 0, 1)]),
    ("nine points worse", [Why(track.DETERIORATED, "phq9", 10, 19)]),
    ("six points worse, and silent too", [Why(track.DETERIORATED, "phq9", 10, 16), Why(track.SILENT, "", 0, 12)]),
    ("six points worse", [Why(track.DETERIORATED, "phq9", 10, 16)]),
    ("an open case that was reached", [Why(caseload.REACHED, "", 0, 3)]),
    ("three sessions missed", [Why(track.MISSED, "", 0, 3)]),
    ("two sessions missed", [Why(track.MISSED, "", 0, 2)]),
    ("not falling as expected", [Why(track.SLOW, "phq9", 14, 13)]),
    ("no measure for twelve days", [Why(track.SILENT, "", 0, 12)]),
    ("one not answered", [Why(caseload.UNANSWERED, "", 0, 1)]),
    ("nothing noted", []),
]


def test_everybody_stands_where_their_gravest_reason_puts_them():
    people = {name: whys for name, whys in reversed(BY_REASON)}

    assert in_order(people) == [name for name, _whys in BY_REASON]


def test_one_grave_reason_comes_before_many_lesser_ones():
    many = [Why(track.MISSED, "", 0, 5), Why(track.SILENT, "", 0, 30), Why(caseload.UNANSWERED, "", 0, 9)]

    assert in_order({"many": many, "one": [Why(caseload.ASSESS, "asq", 0, 0)]}) == ["one", "many"]


def test_equals_keep_the_order_of_their_names():
    same = [Why(track.SILENT, "", 0, 11)]

    assert in_order({"Abel": same, "Brandt": same, "Cruz": []}) == ["Abel", "Brandt", "Cruz"]


def test_every_reason_there_is_has_its_place():
    assert {why.code for _name, whys in BY_REASON for why in whys} == set(caseload.ORDER)


def say(person, item, value, *, code="phq9", day=TODAY):
    said_at.append(1)
    moment = world.NOW - (TODAY - day) + timedelta(seconds=len(said_at))
    return answering.answer(
        person,
        instrument=answering.newest(code),
        for_day=day,
        item=item,
        value=value,
        key=uuid4(),
        answered_at=moment,
        at=moment,
    )


said_at: list[int] = []  # one second after another, as people answer


def lines(reader):
    with acting(reader):
        return {line.patient.called: line for line in caseload.caseload(reader, at=world.NOW)}


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_an_answer_about_death_brings_a_person_to_the_top_with_every_reason(cast):
    with acting(cast["theo"]):
        say(cast["theo"], "phq9_9", 0, day=TODAY - timedelta(days=7))
        say(cast["theo"], "phq9_9", 2)

    found = lines(cast["okafor"])

    assert next(iter(found)) == cast["theo"].called
    assert [why.code for why in found[cast["theo"].called].whys][:3] == [
        caseload.WAITS,
        caseload.ASSESS,
        track.ITEM_NINE_ROSE,
    ]


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_a_corrected_answer_about_death_counts_once_a_day(cast):
    with acting(cast["theo"]):
        say(cast["theo"], "phq9_9", 0, day=TODAY - timedelta(days=7))
        say(cast["theo"], "phq9_9", 1)
        say(cast["theo"], "phq9_9", 0)

    codes = [why.code for why in lines(cast["okafor"])[cast["theo"].called].whys]
    assert track.ITEM_NINE_ROSE not in codes and caseload.WAITS in codes


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_the_page_names_the_reasons_in_words_and_only_those_whom_the_reader_may_open(cast, client_for):
    with acting(cast["maya"]):
        say(cast["maya"], "phq9_9", 1)

    shown = client_for(cast["okafor"]).get("/caseload").content.decode()

    assert "Assessment after an answer about death is due today" in shown
    assert shown.index(cast["maya"].full_name) < shown.index(cast["ruth"].full_name)
    mine = {line.patient.pk for line in lines(cast["bea"]).values()}
    assert mine and mine < {line.patient.pk for line in lines(cast["okafor"]).values()}
    assert client_for(cast["maya"]).get("/caseload").status_code == 404
    assert client_for(cast["hal"]).get("/caseload").status_code == 403


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_a_long_list_is_shown_by_pages_and_only_who_was_shown_was_opened(cast, client_for, monkeypatch):
    monkeypatch.setattr(trends, "LINES_A_PAGE", 2)
    names = [line.patient.full_name for line in lines(cast["okafor"]).values()]
    client = client_for(cast["okafor"])

    first, second = (client.get("/caseload", {"page": number}).content.decode() for number in (1, 2))

    assert [name for name in names if name in first] == names[:2]
    assert [name for name in names if name in second] == names[2:4]
    with acting(cast["okafor"]):
        assert AuditEvent.objects.filter(verb="caseload.open").count() == 4


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_what_is_asked_by_the_day_hides_from_nobody_that_no_measure_was_answered(cast):
    person = cast["theo"]
    before = {why.code for why in lines(cast["okafor"])[person.called].whys}
    with acting(person):
        for item in assembled.current(AFTER_GROUP, person, day=TODAY).items:
            say(person, item.code, "fine" if item.kind == "text" else item.options[0].value, code=AFTER_GROUP)

    assert track.SILENT in before
    assert track.SILENT in {why.code for why in lines(cast["okafor"])[person.called].whys}


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_somebody_who_has_left_care_is_not_on_the_list(cast):
    with acting(cast["okafor"]):
        enrolment = Enrolment.objects.get(patient=cast["theo"])
        enrolment.end(on=TODAY - timedelta(days=1), reason="completed", by=cast["okafor"], at=world.NOW)

    assert cast["theo"].called not in lines(cast["okafor"])


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_the_list_asks_the_database_no_more_for_many_people_than_for_few(cast):
    def asked(reader):
        with acting(reader), CaptureQueriesContext(connection) as queries:
            found = caseload.caseload(reader, at=world.NOW)
        return len(queries), len(found)

    few, many = asked(cast["bea"]), asked(cast["okafor"])

    assert few[1] < many[1]
    assert few[0] == many[0] <= json.loads(COUNTS.read_text())["caseload"]
