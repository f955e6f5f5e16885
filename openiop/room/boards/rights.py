"""Who may see a board, and who may draw on it. Page and socket ask here; the answer is no unless it is yes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import PermissionDenied
from django.http import Http404

from openiop.people.access import Actor
from openiop.people.models import Device
from openiop.room import admission, staffing
from openiop.room.boards.models import Board
from openiop.room.models import LiveRoom, Neighbour, Seat, SeatState

Level = Literal["lead", "writer", "viewer"]


def level(board: Board, actor: Actor, *, at: datetime) -> Level:
    """Return what `actor` may do with this board. Raises Http404 for whoever may not even know of it.

    Who leads the session: everything, before and after too. Everybody else: only while they sit, admitted, at the
    board's own place in a room that is open.
    """
    if board.destroyed_at:
        raise Http404
    if admission.role_in(board.session, actor) == "facilitator":
        return "lead"
    if not sits_at(board, actor, at=at):
        raise Http404
    # Nobody is with a paused group: what would be written now nobody who leads would see.
    return "viewer" if board.read_only or _is_paused(board, at=at) else "writer"


def may_point(board: Board, level: Level, *, at: datetime) -> bool:
    """May this viewer show others where they point? On a read-only board too, but not while the group is paused."""
    return level != "viewer" or not _is_paused(board, at=at)


def _is_paused(board: Board, *, at: datetime) -> bool:
    return staffing.is_paused(board.session, Neighbour.of(board.session_id), at=at)


def lead(board: Board, actor: Actor, *, at: datetime) -> None:
    """Raise PermissionDenied, or Http404, unless `actor` leads the board's session."""
    if level(board, actor, at=at) != "lead":
        raise PermissionDenied


def sits_at(board: Board, actor: Actor, *, at: datetime) -> bool:
    """Does `actor` sit at the board's place now? A place that is not treatment has no board."""
    try:
        admission.check_open(board.session, "staff", at=at)
    except admission.NotNow:
        return False
    who: dict[str, Any] = {"device": actor} if isinstance(actor, Device) else {"person": actor}
    here = {"session": board.session_id, "place": board.place}
    return (
        Seat.objects.filter(**here, **who, state=SeatState.ADMITTED).exists()
        and LiveRoom.objects.filter(**here, ended_at=None).exists()
    )
