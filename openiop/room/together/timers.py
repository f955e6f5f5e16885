"""Breaks and exercise timers: one clock for everybody, the server's. Nobody needs to end one; its time does.

Rules: docs/rules/together.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.http import Http404

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.room import admission
from openiop.room.together.leading import take_turn
from openiop.room.together.models import Timer, TimerKind
from openiop.schedule.models import Block, CareSession, Kind

SHOWN_AFTER = timedelta(seconds=90)  # how long "the break is over" stays on the screen
OFFERED_BEFORE = timedelta(minutes=2)  # a break in the plan is offered so long before it begins
WORTH_OFFERING = timedelta(minutes=1)  # what is left of it


class Offer(NamedTuple):
    """A break of the plan that is due and was not begun; `minutes` until the plan ends it."""

    title: str
    minutes: int
    ends_at: datetime


@transaction.atomic
def start(session: CareSession, *, kind: str, minutes: int, by: Person, at: datetime) -> Timer:
    """Begin a break or an exercise, in place of whatever ran. Raises PermissionDenied for whoever does not lead."""
    take_turn(session, by)
    _put_away(session, at=at)
    timer = Timer.objects.create(
        clinic_id=session.clinic_id,
        session=session,
        kind=kind,
        started_by=by,
        started_at=at,
        ends_at=at + timedelta(minutes=minutes),
    )
    trail.record("room.timer", thing=session, kind=kind, minutes=minutes)
    wake(admission.topic(session))
    return timer


@transaction.atomic
def extend(session: CareSession, *, minutes: int, by: Person, at: datetime) -> None:
    """So much longer, from now where the time is over already. Raises Http404 where nothing runs."""
    take_turn(session, by)
    timer = Timer.objects.filter(session=session, stopped_at=None).first()
    if timer is None:
        raise Http404
    timer.ends_at = max(timer.ends_at, at) + timedelta(minutes=minutes)
    timer.save(update_fields=["ends_at"])
    wake(admission.topic(session))


@transaction.atomic
def stop(session: CareSession, *, by: Person, at: datetime) -> None:
    """Put the timer away; nothing rings."""
    take_turn(session, by)
    _put_away(session, at=at)
    wake(admission.topic(session))


def shown_in(session: CareSession, *, at: datetime) -> Timer | None:
    """Return the session's timer, for a moment after its end too."""
    return Timer.objects.filter(session=session, stopped_at=None, ends_at__gt=at - SHOWN_AFTER).first()


def offer(session: CareSession, blocks: Iterable[Block], *, at: datetime) -> Offer | None:
    """Return the break that the plan has now, until somebody has begun one in it."""
    due = due_break(blocks, at=at)
    if due is None:
        return None
    begun = Timer.objects.filter(session=session, kind=TimerKind.BREAK, started_at__gte=due.begins_at - OFFERED_BEFORE)
    if begun.filter(started_at__lt=due.ends_at).exists():
        return None
    return Offer(due.title, -((at - due.ends_at) // timedelta(minutes=1)), due.ends_at)


def due_break(blocks: Iterable[Block], *, at: datetime) -> Block | None:
    """Return the planned break that is on, or begins in a moment, and still has time in it."""
    return next(
        (
            block
            for block in blocks
            if block.kind == Kind.BREAK and block.begins_at - OFFERED_BEFORE <= at <= block.ends_at - WORTH_OFFERING
        ),
        None,
    )


def _put_away(session: CareSession, *, at: datetime) -> None:
    Timer.objects.filter(session=session, stopped_at=None).update(stopped_at=at)
