"""Asking the group: how one arrives, a scale, yes or no, or a few options. Who may know what: docs/rules/together.md.

An anonymous answer is read by nobody, facilitators included: the database counts them, and keeps the count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404

from openiop.audit import trail
from openiop.lib.ids import uuid7
from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.room import admission, signals
from openiop.room.models import Seat
from openiop.room.refused import Refused
from openiop.room.together.leading import take_turn
from openiop.room.together.models import ARRIVAL_WORDS, MyPoll, Poll, PollKind
from openiop.schedule.models import CareSession


@transaction.atomic
def ask(
    session: CareSession,
    *,
    kind: str,
    question: str,
    options: Sequence[str],
    named: bool,
    kept: bool,
    by: Person,
    at: datetime,
) -> Poll:
    """Ask everybody in the group, in place of the poll before. Raises PermissionDenied for whoever does not lead."""
    take_turn(session, by)
    _put_away(session, at=at)
    poll = Poll.objects.create(
        clinic_id=session.clinic_id,
        session=session,
        kind=kind,
        question=question.strip(),
        options=list(ARRIVAL_WORDS) if kind == PollKind.ARRIVAL else [option.strip() for option in options],
        named=named,
        kept=kept,
        asked_by=by,
        asked_at=at,
    )
    trail.record("room.poll", thing=session, kind=kind, named=named, kept=kept)
    wake(admission.topic(session))
    return poll


@transaction.atomic
def answer(seat: Seat, poll_id: UUID, *, value: int, by: Any, at: datetime) -> None:
    """Keep a patient's own answer, or their new one. Raises PermissionDenied, and Refused("poll_over") once closed."""
    if seat.role != "patient" or seat.person_id != by.pk:
        raise PermissionDenied
    with connection.cursor() as cursor:
        cursor.execute("SELECT poll_answer(%s, %s, %s, %s)", [uuid7(), poll_id, value, at])
        if not cursor.fetchone()[0]:
            raise Refused("poll_over")
    # Not the room's topic: that somebody answered, and when, is nobody else's.
    wake(signals.lead_topic(seat.session_id))
    wake(signals.seat_topic(seat.pk))


@transaction.atomic
def close(session: CareSession, *, by: Person, at: datetime) -> None:
    """Take no more answers and count them. Raises Http404 where no poll is open."""
    take_turn(session, by)
    poll = _now(session)
    if poll is None or poll.closed_at:
        raise Http404
    _close(poll, at=at)
    trail.record("room.poll-close", thing=session)
    wake(admission.topic(session))


@transaction.atomic
def show(session: CareSession, *, by: Person, at: datetime) -> None:
    """Show the counts to everybody, however few answered; closes it first."""
    take_turn(session, by)
    poll = _now(session)
    if poll is None:
        raise Http404
    _close(poll, at=at)
    Poll.objects.filter(pk=poll.pk, shown_at=None).update(shown_at=at)
    trail.record("room.poll-show", thing=session)
    wake(admission.topic(session))


@transaction.atomic
def put_away(session: CareSession, *, by: Person, at: datetime) -> None:
    take_turn(session, by)
    _put_away(session, at=at)
    wake(admission.topic(session))


def forget(session: CareSession, *, at: datetime) -> None:
    """The session ends: the open poll is counted and put away, and what was not to be kept is deleted."""
    _put_away(session, at=at)


def forget_old(*, at: datetime) -> int:
    """Put away the polls of sessions that are long over and that nobody ended; returns how many. The worker's."""
    over = Poll.objects.filter(session__during__endswith__lt=at - admission.CLOSES_AFTER, put_away_at=None)
    left = list(over.select_related("session"))
    for poll in left:
        _put_away(poll.session, at=at)
    return len(left)


def shown_to(seat: Seat) -> MyPoll | None:
    """Return the poll that is on as whoever sits there may know it, and who acts."""
    return MyPoll.of(seat.session_id)


def on_now(session: CareSession) -> tuple[Poll, int] | None:
    """Return the poll that is on with how many answered, for those who lead."""
    poll = _now(session)
    if poll is None:
        return None
    if poll.counts is not None:
        return poll, sum(poll.counts)
    with connection.cursor() as cursor:
        cursor.execute("SELECT poll_answered(%s)", [poll.pk])
        return poll, cursor.fetchone()[0]


def kept_of(session: CareSession) -> list[tuple[Poll, list[tuple[str, int]]]]:
    """Return the polls of this session that were kept, with the count of each answer in words; for staff."""
    kept = Poll.objects.filter(session=session, kept=True, closed_at__isnull=False).order_by("asked_at")
    return [(poll, list(zip(poll.answers_in_words(), poll.counts or [], strict=True))) for poll in kept]


def chosen_in(poll: Poll) -> list[tuple[str, int]]:
    """Return who chose what, for a poll that said so beforehand; the database shows no other."""
    if not poll.named:
        return []
    return list(poll.answers.order_by("patient__called", "pk").values_list("patient__called", "value"))


def _now(session: CareSession) -> Poll | None:
    return Poll.objects.filter(session=session, put_away_at=None).first()


def _put_away(session: CareSession, *, at: datetime) -> None:
    with connection.cursor() as cursor:
        for poll in Poll.objects.filter(session=session, put_away_at=None):
            cursor.execute("SELECT poll_put_away(%s, %s)", [poll.pk, at])


def _close(poll: Poll, *, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT poll_close(%s, %s)", [poll.pk, at])
