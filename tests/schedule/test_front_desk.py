"""The front desk: who is expected, Arrived and Left, and nothing clinical."""

from datetime import timedelta

import pytest

from openiop.people.access import acting
from openiop.schedule.models import BlockMinutes, Evidence
from tests.schedule.conftest import BEGINS

pytestmark = pytest.mark.django_db


@pytest.fixture
def hal(cast, client_for, clock):
    return client_for(cast["hal"])


def evidence_of(cast, patient):
    with acting(cast["okafor"]):
        return [(row.kind, row.source) for row in Evidence.objects.filter(patient=patient).order_by("at", "pk")]


def test_it_lists_who_is_expected_today_with_their_codes(hal, tonight, entry_of):
    page = hal.get("/front-desk").content.decode()

    assert "Theo Brandt" in page
    assert entry_of("theo").arrival_code in page
    assert "Leo" not in page


def test_it_says_nothing_clinical(hal, tonight):
    page = hal.get("/front-desk").content.decode().lower()

    for word in ("f33.1", "depress", "phq", "diagnos", "risk", "/note", "note</a>"):
        assert word not in page


def test_arrived_and_left_are_noted_by_the_desk(cast, hal, tonight, entry_of, clock):
    entry = entry_of("theo")

    hal.post(f"/roster/{entry.pk}/arrival", {"from": "front-desk"})
    clock.shift(timedelta(minutes=5))
    hal.post(f"/roster/{entry.pk}/departure", {"from": "front-desk"})

    assert evidence_of(cast, cast["theo"]) == [("in", "desk"), ("out", "desk")]


def test_pressing_twice_notes_it_once(cast, hal, tonight, entry_of):
    entry = entry_of("theo")
    for _again in range(2):
        hal.post(f"/roster/{entry.pk}/arrival")

    assert evidence_of(cast, cast["theo"]) == [("in", "desk")]


def test_undo_adds_a_line_and_removes_none(cast, hal, tonight, entry_of):
    entry = entry_of("theo")
    hal.post(f"/roster/{entry.pk}/arrival")

    page = hal.post(f"/roster/{entry.pk}/arrival/undo", follow=True).content.decode()

    assert evidence_of(cast, cast["theo"]) == [("in", "desk"), ("out", "desk")]
    assert "not yet" in page


def test_an_arrival_three_days_early_is_refused_in_words(cast, hal, tonight):
    with acting(cast["okafor"]):
        later = tonight.series.sessions.filter(during__startswith__gt=BEGINS).first().roster.first()

    page = hal.post(f"/roster/{later.pk}/arrival", follow=True).content.decode()

    assert "not within two hours" in page


@pytest.mark.parametrize("who", ["bea", "okafor", "lin"])
def test_clinicians_and_intake_may_stand_in_at_the_desk(cast, client_for, clock, tonight, who):
    assert client_for(cast[who]).get("/front-desk").status_code == 200


@pytest.mark.parametrize(("who", "status"), [("rosa", 403), ("vera", 403), ("maya", 404)])
def test_nobody_else_opens_the_desk_or_notes_arrivals(cast, client_for, clock, entry_of, who, status):
    client = client_for(cast[who])

    assert client.get("/front-desk").status_code == status
    assert client.post(f"/roster/{entry_of('theo').pk}/arrival").status_code == status


def test_the_desk_opens_no_session_no_evidence_no_hours_and_corrects_nothing(cast, hal, tonight, entry_of):
    entry = entry_of("theo")
    block = tonight.pk

    for path in (f"/sessions/{tonight.pk}", f"/roster/{entry.pk}", "/hours", "/outreach", "/series", "/enrolments"):
        assert hal.get(path).status_code == 403, path
    for path in (
        f"/roster/{entry.pk}/corrections",
        f"/sessions/{tonight.pk}/closure",
        f"/sessions/{tonight.pk}/roster",
    ):
        assert hal.post(path, {"block": block, "minutes": 1, "reason": "x"}).status_code == 403, path
    with acting(cast["okafor"]):
        assert not BlockMinutes.objects.filter(entry=entry).exists()
