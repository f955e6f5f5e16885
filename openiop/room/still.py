"""*Still with us?*: a patient's own screen asks after long stillness of the device, and any touch answers.

The page looks at pointer, keys and touch alone. A patient says it of themselves and of nobody else; those who lead
hear of a question that stays unanswered, and no other patient is sent anything. Rules: docs/rules/present.md.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.access import Actor
from openiop.people.models import Person
from openiop.room import admission, protocol
from openiop.room.cards import agenda
from openiop.room.models import Seat, SeatState, in_treatment
from openiop.room.refused import Refused
from openiop.room.signals import lead_topic, seat_topic
from openiop.room.together.models import Timer, TimerKind
from openiop.schedule.models import Block, CareSession, Kind
from openiop.schedule.stillness import StillAnswer, StillQuestion, open_in

# Where one listens among others. With a clinician of one's own one is seen by them.
ASKED_IN = frozenset({Kind.GROUP, Kind.SKILLS, Kind.EDUCATION})
# A page asks once in ten minutes at the most; whoever asks faster than this is no page of ours.
AT_MOST_EVERY = timedelta(minutes=5)


def is_asked(seat: Seat, block: Block | None, *, at: datetime) -> bool:
    """May this person's screen ask now? Never somebody on site, in a break, alone with staff, or outside of a group."""
    session = seat.session
    return (
        seat.role == "patient"
        and seat.state == SeatState.ADMITTED
        and in_treatment(seat.place)
        and not seat.companion
        and session.clinic.still_after_minutes > 0
        and session.cancelled_at is None
        and session.begins_at <= at < session.ends_at
        and block is not None
        and block.kind in ASKED_IN
        and not _is_break(session, at=at)
    )


def _is_break(session: CareSession, *, at: datetime) -> bool:
    return Timer.objects.filter(session=session, kind=TimerKind.BREAK, stopped_at=None, ends_at__gt=at).exists()


@transaction.atomic
def ask(seat: Seat, *, seen: bool, by: Actor, at: datetime) -> None:
    """Keep that this person's screen asks now. While a question is open this changes nothing.

    `seen`: the page was there to be seen; a question in the background, or behind a locked screen, takes no minutes.
    Raises PermissionDenied for whoever speaks for another; Refused "not_asked" where nobody is asked now, "too_often".
    """
    _hold(seat, by)
    if not is_asked(seat, agenda.now_at(seat.session, at=at), at=at):
        raise Refused("not_asked")
    newest = _newest(seat)
    if newest and newest.answered_at is None:
        return
    if newest and at - newest.at < AT_MOST_EVERY:
        raise Refused("too_often")
    clinic = seat.session.clinic
    StillQuestion.objects.create(
        clinic_id=seat.clinic_id,
        session=seat.session,
        patient_id=by.pk,
        at=at,
        after_minutes=clinic.still_after_minutes,
        grace_minutes=clinic.still_grace_minutes,
        counts=clinic.still_counts and seen,
    )
    _wake(seat)


@transaction.atomic
def answer(seat: Seat, *, by: Actor, at: datetime) -> None:
    """Something was touched. Without an open question this changes nothing. Raises PermissionDenied."""
    _hold(seat, by)
    newest = _newest(seat)
    if newest and newest.answered_at is None:
        StillAnswer.objects.create(clinic_id=seat.clinic_id, question=newest, patient_id=newest.patient_id, at=at)
        _wake(seat)


@transaction.atomic
def see(seat: Seat, *, by: Person, at: datetime) -> None:
    """Whoever leads sees this person take part: an answer in the leader's name; nothing without an open question.

    Raises PermissionDenied for whoever does not lead the session.
    """
    if admission.role_in(seat.session, by) != "facilitator":
        raise PermissionDenied
    Seat.objects.select_for_update(of=("self",)).get(pk=seat.pk)
    newest = _newest(seat)
    if newest and newest.answered_at is None:
        StillAnswer.objects.create(
            clinic_id=seat.clinic_id, question=newest, patient_id=newest.patient_id, at=at, seen_by=by
        )
        trail.record("room.still-seen", patient=newest.patient_id, thing=newest)
        _wake(seat)


def _hold(seat: Seat, by: Actor) -> None:
    """Two tabs of one person speak one after the other."""
    if seat.role != "patient" or seat.person_id != by.pk:
        raise PermissionDenied
    Seat.objects.select_for_update(of=("self",)).get(pk=seat.pk)


def _newest(seat: Seat) -> StillQuestion | None:
    asked = StillQuestion.objects.filter(session=seat.session_id, patient=seat.person_id)
    return asked.select_related("answer").order_by("-at", "-pk").first()


def _wake(seat: Seat) -> None:
    """Those who lead, and this person's own tab; what is everybody's is left alone."""
    wake(lead_topic(seat.session_id))
    wake(seat_topic(seat.pk))


# --- told ---


def for_me(seat: Seat, block: Block | None, *, halted: bool, at: datetime) -> protocol.StillNow | None:
    """Return what a patient's own page has to know to ask, or to take a touch for an answer; else None.

    While the group is `halted` nobody is asked, and a touch still answers what was asked before.
    """
    if seat.role != "patient":
        return None
    clinic, newest = seat.session.clinic, _newest(seat)
    asks, is_open = not halted and is_asked(seat, block, at=at), newest is not None and newest.answered_at is None
    if not asks and not is_open:
        return None
    return protocol.StillNow(
        asks=asks,
        after_minutes=clinic.still_after_minutes,
        grace_minutes=clinic.still_grace_minutes,
        counts=clinic.still_counts,
        open=is_open,
    )


def untouched(session: CareSession, here: Container[UUID | None], *, at: datetime) -> dict[UUID, datetime]:
    """Return since when nothing was touched, by patient, of those `here` whose question is unanswered for its grace."""
    return {
        patient: question.untouched_since
        for patient, question in open_in(session.pk).items()
        if patient in here and at >= question.due_at
    }


def heed(me: Seat, person: Any, at: datetime, *, message: protocol.Still | protocol.StillSeen) -> None:
    if isinstance(message, protocol.StillSeen):
        other = Seat.objects.select_related("session").filter(pk=message.seat, session_id=me.session_id).first()
        if other is None:
            raise Http404
        see(other, by=person, at=at)
    elif message.asked:
        ask(me, seen=message.seen, by=person, at=at)
    else:
        answer(me, by=person, at=at)
