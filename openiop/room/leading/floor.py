"""Who has the floor: asking somebody to speak, the spotlight, the talking stick. Rules: docs/rules/leading.md."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from openiop.lib.wake import wake
from openiop.people.access import Actor
from openiop.people.models import Person
from openiop.room import admission, signals
from openiop.room.leading.door import require_leader
from openiop.room.leading.models import SpeakAsk, Spotlight, Stick
from openiop.room.models import LiveRoom, Seat, SeatState
from openiop.room.refused import Refused

ASKED_FOR = timedelta(minutes=2)  # then the talk has gone on, and an old question would only startle

# --- asking somebody to speak ---


@transaction.atomic
def ask_to_speak(seat: Seat, *, by: Person, at: datetime) -> None:
    """Ask; only that person learns of it, and nobody learns what they answered.

    Raises PermissionDenied, and Refused("not_inside") for somebody who is not in.
    """
    require_leader(seat.session, by)
    if seat.state != SeatState.ADMITTED:
        raise Refused("not_inside")
    SpeakAsk.objects.filter(seat=seat).delete()
    SpeakAsk.objects.create(clinic_id=seat.clinic_id, seat=seat, by=by, at=at)
    wake(signals.seat_topic(seat.pk))


def asked(seat: Seat, *, at: datetime) -> SpeakAsk | None:
    """Return the question that stands before this person now."""
    return SpeakAsk.objects.filter(seat=seat, at__gt=at - ASKED_FOR).first()


def answered(seat: Seat) -> None:
    """They speak, or would rather not: the question goes away, and nobody is told."""
    if SpeakAsk.objects.filter(seat=seat).delete()[0]:
        wake(signals.seat_topic(seat.pk))


# --- the spotlight ---


@transaction.atomic
def spotlight(seat: Seat, *, by: Person, at: datetime) -> None:
    """Make a tile large for everybody at its place; two at most, the oldest gives way.

    Raises PermissionDenied, and Refused("not_inside") for somebody who is not in.
    """
    require_leader(seat.session, by)
    if seat.state != SeatState.ADMITTED:
        raise Refused("not_inside")
    _hold(seat)
    Spotlight.objects.filter(seat=seat).delete()
    here = list(Spotlight.objects.filter(session=seat.session_id, place=seat.place).order_by("at"))
    if len(here) > 1:
        here.pop(0).delete()
    n = 2 if here and here[0].n == 1 else 1
    Spotlight.objects.create(
        clinic_id=seat.clinic_id, session=seat.session, place=seat.place, n=n, seat=seat, by=by, at=at
    )
    wake(admission.topic(seat.session))


@transaction.atomic
def spotlight_off(seat: Seat, *, by: Actor) -> None:
    """Take a spotlight away: whoever leads anybody's, everybody else their own. Raises PermissionDenied."""
    if by.pk not in (seat.person_id, seat.device_id) and admission.role_in(seat.session, by) != "facilitator":
        raise PermissionDenied
    if Spotlight.objects.filter(seat=seat).delete()[0]:
        wake(admission.topic(seat.session))


# --- the talking stick ---


@transaction.atomic
def bring_stick(me: Seat, *, by: Person, at: datetime) -> None:
    """Bring out the stick where `me` sits; whoever raised a hand first has it. Raises PermissionDenied."""
    require_leader(me.session, by)
    _hold(me)
    Stick.objects.get_or_create(
        session=me.session, place=me.place, defaults={"clinic_id": me.clinic_id, "by": by, "at": at}
    )
    take_free_stick(me, at=at)
    wake(admission.topic(me.session))


@transaction.atomic
def put_stick_away(me: Seat, *, by: Person) -> None:
    """Raises PermissionDenied."""
    require_leader(me.session, by)
    if Stick.objects.filter(session=me.session_id, place=me.place).delete()[0]:
        wake(admission.topic(me.session))


@transaction.atomic
def pass_stick(me: Seat, *, holder: UUID | None, at: datetime) -> None:
    """Pass the stick where `me` sits on to the next hand, or lay it down where nobody has a hand up.

    Whoever holds it and whoever leads may. Where it has moved on from `holder` already, nothing happens. Raises
    PermissionDenied for everybody else.
    """
    moved = _move_stick(me, holder=holder, at=at)
    if moved == "not yours":
        raise PermissionDenied
    if moved == "passed":
        wake(admission.topic(me.session))


def take_free_stick(me: Seat, *, at: datetime) -> None:
    """A hand went up: where the stick lies it is theirs."""
    if Stick.objects.filter(session=me.session_id, place=me.place).exists():
        _move_stick(me, holder=None, at=at)


def _move_stick(me: Seat, *, holder: UUID | None, at: datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT stick_pass(%s, %s, %s)", [me.session_id, holder, at])
        return str(cursor.fetchone()[0])


def _hold(seat: Seat) -> None:
    """One at a time at a place, so that two facilitators do not make three spotlights or two sticks."""
    LiveRoom.objects.select_for_update().filter(session=seat.session_id, place=seat.place).first()
