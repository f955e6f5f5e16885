"""The private signal: one silent tap that facilitators see, and an answer that only that person sees.

Nobody else's socket is woken by either, so that nothing can be learnt from traffic or its timing. One choice looks
ordinary on the screen and means *I am not safe here*: somebody may be watching. It raises a flag in the same
transaction, as at the door, and is answered with words that look as ordinary.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.access import Actor
from openiop.people.models import Person
from openiop.room import admission
from openiop.room.models import Seat, Signal, SignalAnswer, SignalKind
from openiop.room.refused import Refused
from openiop.safety import ladder
from openiop.safety.models import raise_flag
from openiop.schedule.models import CareSession

ANSWERED_STAYS = timedelta(minutes=15)  # how long an answered signal stays on the facilitators' rail

SILENTLY = _("Tapped silently in the group: I am not safe here")

OPEN_ANSWERS = frozenset({"seen", "soon", "private", "stay", "time"})
COVERT_ANSWERS = frozenset({"noted", "on_its_way"})


def answers_to(kind: str) -> frozenset[str]:
    """Return the answers that may be given: whoever may be watched gets those that give nothing away."""
    return COVERT_ANSWERS if kind == SignalKind.NOT_SAFE else OPEN_ANSWERS


def lead_topic(session_id: Any) -> str:
    """What facilitators of a session hear and nobody else."""
    return f"lead.{session_id}"


def seat_topic(seat_id: Any) -> str:
    """What one person's tab hears and nobody else."""
    return f"seat.{seat_id}"


@transaction.atomic
def tap(seat: Seat, *, key: UUID, kind: str, by: Actor, at: datetime, label: Any = SILENTLY) -> Signal:
    """Keep a patient's own signal. Sent twice (`key` is the device's) it is one row. Raises PermissionDenied."""
    if seat.role != "patient" or seat.person_id != by.pk or seat.person is None:
        raise PermissionDenied
    signal, is_new = Signal.objects.get_or_create(
        seat=seat,
        key=key,
        defaults={
            "clinic_id": seat.clinic_id,
            "session_id": seat.session_id,
            "patient": seat.person,
            "kind": kind,
            "at": at,
        },
    )
    if is_new:
        if kind == SignalKind.NOT_SAFE:
            _raise(signal, seat.person, label=label, at=at)
        trail.record("room.signal", patient=seat.person, thing=signal)
    _wake(seat)
    return signal


def _raise(signal: Signal, patient: Person, *, label: Any, at: datetime) -> None:
    raise_flag(
        patient,
        key=f"signal-{signal.session_id}-{signal.key}",
        evidence=ladder.Evidence("safe_now", "no"),
        label=label,
        value=_("not safe; somebody may be watching their screen"),
        url=reverse("session", args=[signal.session_id]),
        at=at,
    )


@transaction.atomic
def answer(session: CareSession, signal_id: UUID, *, preset: str, by: Person, at: datetime) -> SignalAnswer:
    """Answer a signal of this session; only the person who tapped sees it.

    Raises PermissionDenied for whoever does not lead, Http404 for a signal of another session, and Refused
    ("wrong_answer") for an answer that could give away somebody who may be watched.
    """
    if admission.role_in(session, by) != "facilitator":
        raise PermissionDenied
    signal = Signal.objects.select_related("seat").filter(pk=signal_id, session=session).first()
    if signal is None:
        raise Http404
    if preset not in answers_to(signal.kind):
        raise Refused("wrong_answer")
    given = SignalAnswer.objects.create(
        clinic_id=signal.clinic_id, signal=signal, patient_id=signal.patient_id, by=by, preset=preset, at=at
    )
    trail.record("room.signal-answer", patient=signal.patient_id, thing=signal)
    _wake(signal.seat)
    return given


def latest_of(seat: Seat) -> tuple[Signal, SignalAnswer | None] | None:
    """Return the person's own latest signal with its latest answer."""
    signal = Signal.objects.filter(seat=seat).order_by("-at", "-pk").first()
    if signal is None:
        return None
    return signal, signal.answers.select_related("by").order_by("-at", "-pk").first()


def on_the_rail(session: CareSession, *, at: datetime) -> list[tuple[Signal, SignalAnswer | None]]:
    """Return what facilitators see: everything unanswered, first come first, then what was answered lately."""
    rows = Signal.objects.filter(session=session).select_related("patient").prefetch_related("answers__by")
    found = [(row, max(row.answers.all(), key=lambda given: given.at, default=None)) for row in rows.order_by("at")]
    return worth_showing(found, at=at)


def worth_showing(
    found: Iterable[tuple[Signal, SignalAnswer | None]], *, at: datetime
) -> list[tuple[Signal, SignalAnswer | None]]:
    """Keep the unanswered, and what was answered in the last quarter of an hour. Nothing unanswered ever ages away."""
    rows = list(found)
    unanswered = [row for row in rows if row[1] is None]
    answered = [row for row in rows if row[1] is not None and row[1].at > at - ANSWERED_STAYS]
    return unanswered + answered


def _wake(seat: Seat) -> None:
    wake(lead_topic(seat.session_id))
    wake(seat_topic(seat.pk))
