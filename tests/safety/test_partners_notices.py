"""What one partner said alone: no mail, text or push tells the other of it, nor that anything was said."""

from datetime import timedelta

import pytest

from openiop.demo import world
from openiop.measures import jobs as measures
from openiop.messaging.models import Delivery
from openiop.people.access import acting
from openiop.room import jobs as room
from openiop.safety import jobs as safety
from openiop.safety import ladder
from openiop.safety.models import raise_flag
from openiop.schedule import jobs as schedule
from tests.room.test_joint import ask_alone, both_asked, couple_meeting, not_safe

PARTNERS = ("Ines", "Jonah")


def suitable(cast, at):
    both_asked(cast, at=at)


def unsuitable(cast, at):
    ask_alone(cast, "ines", at=at, suitable=False, safe="no")
    ask_alone(cast, "jonah", at=at)


def withdrawn(cast, at):
    both_asked(cast, at=at - timedelta(hours=1))
    ask_alone(cast, "ines", at=at, suitable=False, safe="rather_not_say")


def said_at_the_door(cast, at):
    both_asked(cast, at=at - timedelta(hours=1))
    not_safe(cast, "ines", at=at)


def said_privately(cast, at):
    both_asked(cast, at=at - timedelta(hours=1))
    with acting(cast["ines"]):
        raise_flag(
            cast["ines"], key="private", evidence=ladder.Evidence("harmed_at_home", "yes"), label="x", value="y", at=at
        )


@pytest.mark.parametrize(
    ("happens", "calls_staff"),
    [(suitable, False), (unsuitable, False), (withdrawn, False), (said_at_the_door, True), (said_privately, True)],
)
def test_whatever_a_partner_said_alone_nothing_is_sent_to_either_and_staff_are_called(
    committed, clock, worker, happens, calls_staff
):
    cast = world.cast()
    session = couple_meeting(cast)
    now = session.begins_at - timedelta(minutes=10)
    clock.move_to(now)
    with worker():
        everything_of_the_worker(now - timedelta(hours=2))
    before = sent(cast)

    happens(cast, now)
    with worker():
        for minutes in (0, 5, 30):
            everything_of_the_worker(now + timedelta(minutes=minutes))

    after = sent(cast) - before
    assert not [row for row in after if row[0] in PARTNERS]
    assert bool(after) == calls_staff
    assert not [row for row in after if any(name in f"{row[2]} {row[3]}" for name in PARTNERS)]


def everything_of_the_worker(at):
    """All that tells anybody anything by itself."""
    for look in (
        safety.climb,
        safety.call_for_staff,
        safety.watch_the_rota,
        safety.tell_readers,
        safety.watch_departures,
        safety.hand_over,
        safety.stay_with_them,
        measures.remind_at,
        measures.watch_the_worse_at,
        schedule.watch_the_missed,
        schedule.watch_the_ended,
        room.watch,
    ):
        look(at)


def sent(cast):
    with acting(cast["okafor"]):
        rows = Delivery.objects.exclude(to=None).values_list("to__called", "way", "subject", "body", "because")
        return set(rows)
