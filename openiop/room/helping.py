"""Interpreters and captioners in the room: what they may say, the pinned tile, lines of captions.

They come in by their booking, visibly, lead nothing and are counted by nothing. Where they sit the database decides:
where the person sits they are with, else in the group. Rules: docs/rules/helpers.md.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.room import admission, protocol
from openiop.room.models import Seat, SeatState
from openiop.schedule.helping import Helps, SessionHelper

# Faster than anybody writes lines that are read.
CAPTION_AT_MOST_EVERY_SECONDS = 0.4

MAY_SAY = (
    protocol.Beat,
    protocol.Self,
    protocol.Media,
    protocol.Keys,
    protocol.Leave,
    protocol.Caption,
)


def check_may_say(role: str, message: protocol.ClientMessage) -> None:
    """Raise PermissionDenied for what is not a helper's: they are there for others, and say nothing for themselves."""
    if role == "helper" and not isinstance(message, MAY_SAY):
        raise PermissionDenied


@transaction.atomic
def pin(seat: Seat, *, pinned: bool, by: Person, at: datetime) -> None:
    """Keep this helper's tile before everybody's eyes, or no longer. Raises PermissionDenied, and Http404."""
    if admission.role_in(seat.session, by) != "facilitator":
        raise PermissionDenied
    if seat.role != "helper":
        raise Http404
    SessionHelper.objects.filter(session=seat.session, helper=seat.person, stands=True).update(pinned=pinned)
    trail.record("room.pin" if pinned else "room.unpin", thing=seat.session)
    wake(admission.topic(seat.session))


def caption(seat: Seat, person: Any, at: datetime, *, text: str) -> None:
    """Pass a line on to whoever sits where the captioner sits. Raises PermissionDenied for everybody else.

    It is written nowhere. The notice that carries it between our processes lies in the database's queue for a moment,
    and a slow statement may be logged with its values: so it travels sealed.
    """
    if seat.role != "helper" or seat.state != SeatState.ADMITTED or not _writes_captions(seat):
        raise PermissionDenied
    wake(admission.topic(seat.session), caption=_seal().encrypt(text.strip().encode()).decode(), **_where(seat))


def line_of(passing: dict[str, Any], *, place: str | None) -> protocol.CaptionLine | None:
    """Return the line in a notice, for whoever sits at `place`; None for everybody elsewhere."""
    if passing["place"] != place:
        return None
    try:
        text = _seal().decrypt(passing["caption"].encode(), ttl=60).decode()
    except InvalidToken:  # too late to be of use, or of a process with another key
        return None
    return protocol.CaptionLine(seat=UUID(passing["seat"]), text=text)


def _writes_captions(seat: Seat) -> bool:
    own = SessionHelper.objects.filter(session=seat.session_id, helper=seat.person_id, stands=True)
    return own.filter(kind=Helps.CAPTIONER).exists()


def _where(seat: Seat) -> dict[str, str]:
    return {"seat": str(seat.pk), "place": seat.place}


def _seal() -> Fernet:
    """One key for all processes of this installation, for this purpose alone."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"captions " + settings.SECRET_KEY.encode()).digest()))


def heed(me: Seat, person: Any, at: datetime, *, message: protocol.Helping) -> None:
    match message:
        case protocol.Caption():
            caption(me, person, at, text=message.text)
        case protocol.Pin():
            seats = Seat.objects.select_related("person", "session").filter(session_id=me.session_id)
            if (seat := seats.filter(pk=message.seat).first()) is None:
                raise Http404
            pin(seat, pinned=message.pinned, by=person, at=at)
