"""Quiet signs to those in the same place. Passed on between the processes, and written nowhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied

from openiop.lib.wake import wake
from openiop.room import admission
from openiop.room.models import Seat, SeatState, in_treatment

AT_MOST_EVERY_SECONDS = 3.0


def pass_on(seat: Seat, person: Any, at: datetime, *, reaction: str) -> None:
    """Pass a reaction on to whoever sits in the same place. Raises PermissionDenied outside the group."""
    if not reaches(seat):
        raise PermissionDenied
    wake(admission.topic(seat.session), reaction=reaction, seat=str(seat.pk), place=seat.place)


def reaches(seat: Seat) -> bool:
    """Does this seat give and get reactions: in the group or a breakout, and in no private place?"""
    return seat.state == SeatState.ADMITTED and in_treatment(seat.place) and seat.role not in ("supporter", "helper")
