"""Where a board's updates are kept: written to PostgreSQL first, told to anybody afterwards.

Sequence numbers are given under the board's lock, so what is read up to one of them is whole.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.room.boards import drawing, rights
from openiop.room.boards.drawing import Drawing
from openiop.room.boards.models import Board, BoardClear, BoardImage, BoardPolicy, BoardSnapshot, BoardUpdate

PUT_TOGETHER_EVERY = 200


class Refused(Exception):
    """An update that was not kept; `reason` is "read_only" or "full", and is shown to whoever drew it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Kept(NamedTuple):
    seq: int
    """Of the update that was written."""
    since_snapshot: int
    """How many updates wait to be put together."""


class Tail(NamedTuple):
    """What is to be read after `seq`: perhaps a snapshot, then updates in order; `seq` is the last one's number."""

    updates: list[tuple[int, bytes]]
    seq: int


def tail(board_id: Any, *, after: int) -> Tail:
    """Return everything written after update `after`; a snapshot stands for those it took the place of."""
    snapshot = BoardSnapshot.objects.filter(board_id=board_id, seq__gt=after).first()
    found = [(snapshot.seq, bytes(snapshot.data))] if snapshot else []
    begin = snapshot.seq if snapshot else after
    rows = BoardUpdate.objects.filter(board_id=board_id, seq__gt=begin).order_by("seq").values_list("seq", "data")
    found += [(seq, bytes(data)) for seq, data in rows]
    return Tail(found, found[-1][0] if found else after)


def drawing_of(board: Board) -> Drawing:
    return Drawing(*(data for _seq, data in tail(board.pk, after=0).updates))


@transaction.atomic
def keep(board_id: Any, update: bytes, *, by: Any, at: datetime) -> Kept:
    """Write one update of somebody who may draw. Raises Http404 or Refused, and then nothing is written."""
    board = held(board_id)
    if rights.level(board, by, at=at) == "viewer":
        raise Refused("read_only")
    return append(board, update, by=by)


def append(board: Board, update: bytes, *, by: Any) -> Kept:
    """Write one update of a board that is held, and wake whoever looks at it."""
    if board.size + len(update) > drawing.LARGEST_BOARD:
        raise Refused("full")
    board.seq += 1
    board.size += len(update)
    author = by if isinstance(by, Person) else None
    BoardUpdate.objects.create(clinic_id=board.clinic_id, board=board, seq=board.seq, data=update, by=author)
    board.save(update_fields=["seq", "size"])
    wake(board.topic, seq=board.seq)
    first = BoardSnapshot.objects.filter(board=board).values_list("seq", flat=True).first() or 0
    return Kept(board.seq, board.seq - first)


def held(board_id: Any) -> Board:
    """Return the board, locked until the transaction ends. Raises Http404 when it is not there for this person."""
    rows = Board.objects.standing().select_for_update(of=("self",)).select_related("session", "session__room")
    board = rows.filter(pk=board_id).first()
    if board is None:
        raise Http404
    return board


# --- a facilitator's verbs ---


@transaction.atomic
def set_read_only(board_id: Any, read_only: bool, *, by: Person, at: datetime) -> None:
    board = _led(board_id, by=by, at=at)
    board.read_only = read_only
    board.save(update_fields=["read_only"])
    trail.record("board.read_only" if read_only else "board.open_to_all", thing=board)
    wake(board.topic)


@transaction.atomic
def clear(board_id: Any, *, by: Person, at: datetime) -> BoardClear | None:
    """Take everything off the board; None when it was empty. `undo_clear` puts it back."""
    board = _led(board_id, by=by, at=at)
    found = drawing_of(board)
    there = found.elements()
    if not there:
        return None
    append(board, found.write(drawing.cleared(there, now_ms=_ms(at))), by=by)
    trail.record("board.clear", thing=board, elements=len(there))
    return BoardClear.objects.create(
        clinic_id=board.clinic_id, board=board, by=by, at=at, elements=[each["id"] for each in there]
    )


@transaction.atomic
def undo_clear(board_id: Any, *, by: Person, at: datetime) -> bool:
    """Put back what the last clearing took off, beside what was drawn since; False when there is nothing to undo."""
    board = _led(board_id, by=by, at=at)
    last = last_clear(board)
    if last is None:
        return False
    found = drawing_of(board)
    back = drawing.restored(found, last.elements, now_ms=_ms(at))
    if back:
        append(board, found.write(back), by=by)
    last.undone_at = at
    last.save(update_fields=["undone_at"])
    trail.record("board.clear_undone", thing=board, elements=len(back))
    return True


def last_clear(board: Board) -> BoardClear | None:
    return board.clears.filter(undone_at=None).order_by("-at").first()


@transaction.atomic
def bring_back(board_id: Any, *, by: Person, at: datetime) -> Board:
    """Copy a breakout's board onto the group's, beside what is there. Returns the group's; the breakout's stays."""
    board = _led(board_id, by=by, at=at)
    group = held(Board.lay_out(board.session, at=at).pk)
    if group.pk == board.pk:
        raise Http404
    coming = drawing_of(board).elements()
    pictures = {}
    for image in BoardImage.objects.filter(board=board, pk__in=_pictures(coming)):
        copy = BoardImage.objects.create(
            clinic_id=board.clinic_id, board=group, by=image.by, at=at, kind=image.kind, data=image.data
        )
        pictures[str(image.pk)] = str(copy.pk)
    coming = [{**each, "fileId": pictures.get(each["fileId"])} if each.get("fileId") else each for each in coming]
    there = drawing_of(group)
    if coming:
        append(group, there.write(drawing.beside(coming, there.elements(), now_ms=_ms(at))), by=by)
    trail.record("board.bring_back", thing=board, elements=len(coming))
    return group


@transaction.atomic
def destroy(board_id: Any, *, by: Person, at: datetime) -> None:
    """Make the board's content gone for good. Raises PermissionDenied where the clinic's policy keeps boards."""
    board = _led(board_id, by=by, at=at)
    if not BoardPolicy.of(board.clinic_id).may_destroy:
        raise PermissionDenied
    take_away(board, by=by, at=at)
    trail.record("board.destroy", thing=board)


def take_away(board: Board, *, by: Person | None, at: datetime) -> None:
    """Make the content of a board that is held gone; whoever looks at it is told."""
    for rows in (board.updates, board.images, board.clears, board.holds, BoardSnapshot.objects.filter(board=board)):
        rows.all().delete()
    board.destroyed_at, board.destroyed_by, board.size = at, by, 0
    board.save(update_fields=["destroyed_at", "destroyed_by", "size"])
    wake(board.topic)


def _led(board_id: Any, *, by: Person, at: datetime) -> Board:
    board = held(board_id)
    rights.lead(board, by, at=at)
    return board


def _pictures(elements: list[drawing.Element]) -> list[UUID]:
    """The ids of our pictures in a drawing; a browser may have written anything there."""
    found = []
    for each in elements:
        with contextlib.suppress(ValueError):
            found.append(UUID(str(each.get("fileId"))))
    return found


def _ms(at: datetime) -> float:
    return at.timestamp() * 1000


# --- putting together ---


@transaction.atomic
def put_together(board_id: Any, *, seq: int, tidied: bytes | None, state: bytes, by: Any) -> None:
    """Put the updates up to `seq` into one, `state`, which lacks what the update `tidied` takes away.

    When somebody drew meanwhile the next one puts together. Raises Refused.
    """
    board = held(board_id)
    if board.seq != seq:
        raise Refused("full")
    if tidied:
        board.size = 0
        seq = append(board, tidied, by=by).seq
    BoardSnapshot.put_together(board.pk, seq=seq, data=state)
