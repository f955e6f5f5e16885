"""The chat of a live group: opened by those who lead, never private between patients, kept nowhere afterwards.

Each place has its own. What is written to those who lead reaches them wherever they are. Rules: docs/rules/leading.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.access import Actor
from openiop.people.models import Person
from openiop.room import admission, signals, staffing
from openiop.room.leading.door import require_leader
from openiop.room.leading.models import Chat, ChatLine
from openiop.room.models import Neighbour, Seat, SeatState, in_treatment
from openiop.room.refused import Refused
from openiop.schedule.models import CareSession

LINES, IN = 5, timedelta(seconds=20)  # more than anybody writes who wants to be read
SHOWN = 100


@transaction.atomic
def choose(session: CareSession, mode: str, *, by: Person, at: datetime) -> None:
    """Open the chat to "everyone" or to "facilitators", or turn it "off". Lines keep the readers they were written to.

    Raises PermissionDenied.
    """
    require_leader(session, by)
    if mode == "off":
        Chat.objects.filter(session=session).delete()
    else:
        Chat.objects.update_or_create(
            session=session, defaults={"clinic_id": session.clinic_id, "mode": mode, "by": by, "at": at}
        )
    trail.record(f"room.chat-{mode}", thing=session)
    wake(admission.topic(session))


def mode_of(session: CareSession) -> str:
    return Chat.objects.filter(session=session).values_list("mode", flat=True).first() or "off"


@transaction.atomic
def write(seat: Seat, *, key: UUID, text: str, by: Actor, at: datetime) -> ChatLine:
    """Keep a line of the person in `seat`. Sent twice it is one line.

    Raises PermissionDenied for whoever is not inside, or is nobody in person, and Refused: "chat_closed",
    "chat_paused" while nobody leads, "chat_too_fast".
    """
    if seat.person_id != by.pk or seat.state != SeatState.ADMITTED:
        raise PermissionDenied
    Seat.objects.select_for_update(of=("self",)).get(pk=seat.pk)  # one line at a time, or the limit would not hold
    if known := ChatLine.objects.filter(seat=seat, key=key).first():
        return known
    to = _readers(seat, at=at)
    if ChatLine.objects.filter(seat=seat, at__gt=at - IN).count() >= LINES:
        raise Refused("chat_too_fast")
    line = ChatLine.objects.create(
        clinic_id=seat.clinic_id,
        session=seat.session,
        place=seat.place,
        seat=seat,
        key=key,
        name=seat.person.called if seat.person else "",
        role=seat.role,
        to=to,
        text=text.strip(),
        at=at,
    )
    _wake(line)
    return line


@transaction.atomic
def remove(session: CareSession, line_id: UUID, *, by: Person, at: datetime) -> None:
    """Take a line away: its words are deleted, that there was one stays. Raises PermissionDenied, and Http404."""
    require_leader(session, by)
    line = ChatLine.objects.filter(pk=line_id, session=session).first()
    if line is None:
        raise Http404
    line.text, line.removed_by = "", by
    line.save(update_fields=["text", "removed_by"])
    trail.record("room.chat-remove", thing=session)
    _wake(line)


def read(seat: Seat) -> list[ChatLine]:
    """Return the newest lines that this viewer may read, oldest first."""
    lines = ChatLine.objects.filter(session=seat.session_id)
    if seat.role == "facilitator":
        found = lines.filter(place=seat.place) | lines.filter(to="facilitators")
    else:
        found = lines.filter(place=seat.place, to="everyone") | lines.filter(place=seat.place, seat=seat)
    return list(found.order_by("-at", "-pk")[:SHOWN])[::-1]


def _readers(seat: Seat, *, at: datetime) -> str:
    mode = mode_of(seat.session)
    if mode == "off":
        raise Refused("chat_closed")
    if seat.role in ("facilitator", "staff"):
        return "everyone"
    if in_treatment(seat.place) and staffing.is_paused(seat.session, Neighbour.of(seat.session_id), at=at):
        raise Refused("chat_paused")
    return mode


def _wake(line: ChatLine) -> None:
    """A line to those who lead wakes no other patient."""
    if line.to == "everyone":
        wake(admission.topic(line.session))
    else:
        wake(signals.lead_topic(line.session_id))
        wake(signals.seat_topic(line.seat_id))
