"""The door while somebody leads: locked or not, and a few words to those who wait. Rules: docs/rules/leading.md."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.room import admission, signals
from openiop.room.leading.models import DoorLock, DoorMessage
from openiop.room.models import Seat
from openiop.room.refused import Refused
from openiop.schedule.models import CareSession

# --- the lock ---


@transaction.atomic
def lock(session: CareSession, *, by: Person, at: datetime) -> DoorLock:
    """Let nobody new in until the door is opened again. Locked already, it stays as it is. Raises PermissionDenied."""
    require_leader(session, by)
    standing, made = DoorLock.objects.get_or_create(
        session=session, opened_at=None, defaults={"clinic_id": session.clinic_id, "by": by, "at": at}
    )
    if made:
        trail.record("door.lock", thing=session)
        wake(admission.topic(session))
    return standing


@transaction.atomic
def unlock(session: CareSession, *, by: Person, at: datetime) -> None:
    """Open the door again. Raises PermissionDenied."""
    require_leader(session, by)
    if DoorLock.objects.filter(session=session, opened_at=None).update(opened_by=by, opened_at=at):
        trail.record("door.unlock", thing=session)
        wake(admission.topic(session))


@transaction.atomic
def tell_network(seat: Seat, *, word: str) -> None:
    """Keep what somebody's own test before joining found, for those who lead to read beside the name."""
    if seat.network != word:
        seat.network = word
        seat.save(update_fields=["network"])
        wake(signals.lead_topic(seat.session_id))


# --- words to those who wait ---


@transaction.atomic
def say(
    session: CareSession, *, seat_id: UUID | None, preset: str = "", text: str = "", by: Person, at: datetime
) -> DoorMessage:
    """Write to everybody who waits, now or later this evening, or to one person; it takes the place of the last one.

    Raises PermissionDenied, Http404 for a seat that is not this session's, and Refused: "nothing_said" for no words,
    "not_waiting" for somebody who is inside.
    """
    require_leader(session, by)
    if not (preset or text.strip()):
        raise Refused("nothing_said")
    seat = _waiting(session, seat_id) if seat_id else None
    DoorMessage.objects.filter(session=session, seat=seat).delete()
    said = DoorMessage.objects.create(
        clinic_id=session.clinic_id,
        session=session,
        seat=seat,
        preset=preset,
        text="" if preset else text.strip(),
        by=by,
        at=at,
    )
    trail.record("door.say", patient=seat.person_id if seat and seat.role == "patient" else None, thing=session)
    _wake(session, seat)
    return said


@transaction.atomic
def take_back(session: CareSession, *, seat_id: UUID | None, by: Person) -> None:
    """Take back what was written to all, or to one person. Raises PermissionDenied."""
    require_leader(session, by)
    seat = Seat.objects.filter(pk=seat_id, session=session).first() if seat_id else None
    DoorMessage.objects.filter(session=session, seat=seat).delete()
    _wake(session, seat)


def require_leader(session: CareSession, by: Person) -> None:
    """Raise PermissionDenied for whoever does not lead this session."""
    if admission.role_in(session, by) != "facilitator":
        raise PermissionDenied


def _waiting(session: CareSession, seat_id: UUID) -> Seat:
    seat = Seat.objects.filter(pk=seat_id, session=session, role__in=admission.WAITS).first()
    if seat is None:
        raise Http404
    if seat.state not in admission.OUTSIDE:
        raise Refused("not_waiting")
    return seat


def _wake(session: CareSession, seat: Seat | None) -> None:
    """One person's words wake nobody else who waits."""
    if seat is None:
        wake(admission.topic(session))
    else:
        wake(signals.lead_topic(session.pk))
        wake(signals.seat_topic(seat.pk))
