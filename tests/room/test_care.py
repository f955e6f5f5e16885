"""Who is at risk: one click away for those who lead, nobody else's to know, and called back when the line is lost."""

from datetime import timedelta

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, care, jobs, state
from openiop.room.models import Seat
from openiop.safety import ladder
from openiop.safety.models import HARMED, Case, Flag, Page, raise_flag
from openiop.safety.told import told
from tests.room.test_admission import at_the_door, come_in, tonight
from tests.safety.conftest import worker  # noqa: F401 (a fixture)

NOW = world.NOW


def minutes(count):
    return timedelta(minutes=count)


def worried_about(patient, *, by, key="concern", tier=2):
    with acting(by):
        return raise_flag(
            patient, key=key, evidence=ladder.Evidence("staff_concern", tier), label="Concern", value="quiet", at=NOW
        )


def in_the_group(cast, key):
    """Let somebody in and have their line seen at NOW."""
    seat = at_the_door(cast[key])
    with acting(cast["bea"]):
        seat = admission.admit(seat, by=cast["bea"], at=NOW)
        Seat.objects.filter(pk=seat.pk).update(online=True, seen_at=NOW)
    return seat


def room_of(person, *, at=NOW):
    with acting(person):
        return state.room_for(admission.ask(tonight(person), person, at=at), at=at)


@pytest.mark.django_db
def test_who_leads_sees_who_has_an_open_case_and_patients_see_nothing_of_it(cast):
    come_in(cast["bea"])
    for key in ("sam", "maya"):
        in_the_group(cast, key)
    with acting(cast["bea"]):
        Case.objects.open().filter(patient__in=[cast["sam"], cast["maya"]]).update(closed_at=NOW)
    worried_about(cast["sam"], by=cast["bea"])

    assert {row.name: row.at_risk for row in room_of(cast["bea"]).lead.care} == {"Sam": True, "Maya": False}
    for key in ("sam", "maya"):
        assert room_of(cast[key]).lead is None


@pytest.mark.django_db
def test_the_page_about_a_person_opens_for_who_leads_and_for_nobody_else(cast, client_for, clock):
    come_in(cast["bea"])
    seat = in_the_group(cast, "sam")
    flag = worried_about(cast["sam"], by=cast["bea"])
    path = f"/sessions/{seat.session_id}/people/{seat.pk}"

    shown = client_for(cast["bea"]).get(path)
    assert shown.status_code == 200
    told = shown.content.decode()
    assert "14 Orchard Lane" in told and "(555) 010-1007" in told and f"/cases/{flag.case_id}" in told
    for who in ("sam", "maya", "leo", "hal", "rosa", "lin", "okafor"):
        assert client_for(cast[who]).get(path).status_code in (302, 403, 404), who


@pytest.mark.parametrize(
    ("silent_minutes", "ended_minutes_ago", "lost"),
    [
        (4, None, False),
        (5, None, True),
        (60, None, True),
        (6, 1, True),  # lost before the group ended
        (6, 6, False),  # there until the end
        (6, 30, False),
    ],
)
def test_a_line_counts_as_lost(silent_minutes, ended_minutes_ago, lost):
    ended_at = None if ended_minutes_ago is None else NOW - minutes(ended_minutes_ago)
    assert care.is_lost(seen_at=NOW - minutes(silent_minutes), ended_at=ended_at, at=NOW, after=minutes(5)) is lost


@pytest.fixture
def lost(committed, clock):
    """Sam has an open case, Maya has none; both lose their line at NOW."""
    cast = world.cast()
    come_in(cast["bea"])
    for key in ("sam", "maya"):
        in_the_group(cast, key)
    with acting(cast["bea"]):
        Case.objects.open().filter(patient__in=[cast["sam"], cast["maya"]]).update(closed_at=NOW)
    worried_about(cast["sam"], by=cast["bea"])
    return cast


def call_backs(cast):
    with acting(cast["okafor"]):
        return list(Flag.objects.filter(key__startswith="line-lost").values_list("patient__called", "tier"))


def test_a_person_at_risk_who_drops_off_is_called_back_after_five_minutes_and_nobody_else_is(lost, worker):  # noqa: F811
    with worker():
        jobs.watch(NOW + minutes(4))
    assert call_backs(lost) == []
    with worker():
        jobs.watch(NOW + minutes(5))

    assert call_backs(lost) == [("Sam", 3)]
    with acting(lost["okafor"]):
        case = Case.objects.open().get(patient=lost["sam"])
        assert (case.tier, case.since) == (3, NOW + minutes(5))
        assert Page.objects.filter(case=case, made_at=NOW + minutes(5)).exists()


def test_a_line_lost_on_a_private_case_is_private_too_and_calls_people_all_the_same(lost, worker):  # noqa: F811
    with acting(lost["maya"]):
        raise_flag(
            lost["maya"],
            key="private",
            evidence=ladder.Evidence("harmed_at_home", "rather_not_say"),
            label="x",
            value="y",
            kind=HARMED,
            at=NOW,
        )
    with worker():
        jobs.watch(NOW + minutes(5))

    assert ("Maya", 3) in call_backs(lost)
    with acting(lost["okafor"]):
        kinds = dict(Flag.objects.filter(key__startswith="line-lost").values_list("patient__called", "kind"))
        assert kinds == {"Maya": HARMED, "Sam": ""}
        assert Page.objects.filter(patient=lost["maya"], made_at=NOW + minutes(5)).exists()
    for key, state_then in (("maya", ""), ("sam", "sent")):
        with acting(lost[key]):
            assert told(lost[key], at=NOW + minutes(5)).state == state_then


def test_one_loss_is_one_flag_however_often_the_worker_looks_or_starts_again(lost, worker):  # noqa: F811
    with worker():
        for minute in (5, 6, 9):
            jobs.watch(NOW + minutes(minute))

    assert call_backs(lost) == [("Sam", 3)]


def test_who_comes_back_in_time_is_not_called(lost, worker):  # noqa: F811
    with acting(lost["sam"]):
        admission.beat(
            Seat.objects.select_related("session", "person").get(person=lost["sam"]),
            at=NOW + minutes(3),
            receiving=True,
        )
    with worker():
        jobs.watch(NOW + minutes(5))

    assert call_backs(lost) == []


def test_the_clinic_sets_how_long_a_line_may_be_lost(lost, worker):  # noqa: F811
    with acting(lost["okafor"]):
        clinic = lost["okafor"].clinic
        clinic.call_back_after_minutes = 2
        clinic.save()
    with worker():
        jobs.watch(NOW + minutes(2))

    assert call_backs(lost) == [("Sam", 3)]


def test_who_leads_reads_that_the_line_of_somebody_at_risk_is_lost(lost):
    rows = {row.name: row.lost_since for row in room_of(lost["bea"], at=NOW + minutes(1)).lead.care}

    assert rows == {"Sam": NOW, "Maya": None}
