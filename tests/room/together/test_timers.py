"""Breaks and timers: one clock for everybody in the group, set by who leads it, seen by nobody outside."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import Http404

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, state
from openiop.room.models import Place, Seat, Timer
from openiop.room.together import timers
from tests.room.test_admission import at_the_door, come_in, tonight

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def group(cast):
    """Bea leads; Sam is in the group and Maya at the door."""
    come_in(cast["bea"])
    seats = {key: at_the_door(cast[key]) for key in ("sam", "maya")}
    with acting(cast["bea"]):
        admission.admit(seats["sam"], by=cast["bea"], at=world.NOW)
    return seats


def started(cast, *, kind="break", minutes=5, by="bea", at=world.NOW):
    with acting(cast[by]):
        return timers.start(tonight(cast[by]), kind=kind, minutes=minutes, by=cast[by], at=at)


def room_of(person, *, at=world.NOW):
    with acting(person):
        return state.room_for(admission.ask(tonight(person), person, at=at), at=at)


def test_everybody_in_the_group_reads_the_same_end_of_a_break(cast, group):
    timer = started(cast)

    assert room_of(cast["bea"]).together.timer == room_of(cast["sam"]).together.timer
    assert (room_of(cast["sam"]).together.timer.kind, room_of(cast["sam"]).together.timer.ends_at) == (
        "break",
        timer.ends_at,
    )


def test_who_waits_at_the_door_sees_no_clock(cast, group):
    started(cast)

    assert room_of(cast["maya"]).together is None
    with acting(cast["maya"]):
        assert Timer.objects.count() == 0


def test_who_is_with_staff_outside_the_group_sees_no_clock(cast, group):
    started(cast)
    with acting(cast["bea"]):
        Seat.objects.filter(pk=group["sam"].pk).update(place=Place.CONTACT)

    assert room_of(cast["sam"]).together is None
    with acting(cast["sam"]):
        assert Timer.objects.count() == 0


def test_a_new_timer_takes_the_place_of_the_one_before(cast, group):
    started(cast)
    started(cast, kind="exercise", minutes=10)

    shown = room_of(cast["sam"]).together.timer
    assert (shown.kind, shown.ends_at) == ("exercise", world.NOW + 10 * MINUTE)


def test_that_it_is_over_is_said_for_a_moment_and_then_no_more(cast, group):
    started(cast)

    assert room_of(cast["sam"], at=world.NOW + 6 * MINUTE).together.timer is not None
    assert room_of(cast["sam"], at=world.NOW + 7 * MINUTE).together.timer is None


def test_more_minutes_count_from_now_where_the_time_was_over(cast, group):
    started(cast)
    with acting(cast["bea"]):
        timers.extend(tonight(cast["bea"]), minutes=2, by=cast["bea"], at=world.NOW)
        assert Timer.objects.get().ends_at == world.NOW + 7 * MINUTE
        timers.extend(tonight(cast["bea"]), minutes=2, by=cast["bea"], at=world.NOW + 8 * MINUTE)
        assert Timer.objects.get().ends_at == world.NOW + 10 * MINUTE


def test_a_stopped_timer_is_seen_by_nobody_and_cannot_be_made_longer(cast, group):
    started(cast)
    with acting(cast["bea"]):
        timers.stop(tonight(cast["bea"]), by=cast["bea"], at=world.NOW)
        with pytest.raises(Http404):
            timers.extend(tonight(cast["bea"]), minutes=2, by=cast["bea"], at=world.NOW)

    assert room_of(cast["sam"]).together.timer is None


@pytest.mark.parametrize("who", ["sam", "okafor"])
def test_nobody_sets_the_clock_who_does_not_lead(cast, group, who):
    timer = started(cast)
    for verb, arguments in [
        (timers.start, {"kind": "break", "minutes": 5}),
        (timers.extend, {"minutes": 5}),
        (timers.stop, {}),
    ]:
        with pytest.raises(PermissionDenied), acting(cast[who]):
            verb(tonight(cast["bea"]) if who == "sam" else timer.session, **arguments, by=cast[who], at=world.NOW)


def test_the_database_itself_refuses_a_patient_who_sets_the_clock(cast, group):
    timer = started(cast)
    with pytest.raises(DatabaseError), acting(cast["sam"]), transaction.atomic():
        Timer.objects.create(
            clinic_id=timer.clinic_id,
            session=timer.session,
            kind="break",
            started_by=cast["sam"],
            started_at=world.NOW,
            ends_at=world.NOW + MINUTE,
            stopped_at=world.NOW,
        )
    with acting(cast["sam"]):
        assert Timer.objects.update(stopped_at=world.NOW) == 0


def planned_break(cast):
    with acting(cast["bea"]):
        return tonight(cast["bea"]), next(b for b in tonight(cast["bea"]).blocks.all() if b.kind == "break")


def test_a_break_of_the_plan_is_offered_to_who_leads_until_it_was_begun(cast, group):
    session, block = planned_break(cast)
    at = block.begins_at - MINUTE
    offered = room_of(cast["bea"], at=at).lead.together.plan_break
    assert (offered.title, offered.minutes, offered.ends_at) == ("Break", block.minutes + 1, block.ends_at)
    assert room_of(cast["sam"], at=at).lead is None

    started(cast, minutes=offered.minutes, at=at)

    assert room_of(cast["bea"], at=block.begins_at + MINUTE).lead.together.plan_break is None


def test_no_break_is_offered_where_the_plan_has_none(cast, group):
    _session, block = planned_break(cast)

    for at in (block.begins_at - 3 * MINUTE, block.ends_at):
        assert room_of(cast["bea"], at=at).lead.together.plan_break is None
