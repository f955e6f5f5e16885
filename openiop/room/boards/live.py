"""A board's document in this process's memory, shared by its sockets. The table is the truth; this may be dropped."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from openiop.room.boards.drawing import Drawing
from openiop.room.boards.keeping import Tail

Reader = Callable[[int], Awaitable[Tail]]
REMEMBERED = 500


class LiveBoard:
    """What this process has read of one board: everything up to `seq`, and the last updates one by one.

    Touched only on the event loop, as pycrdt asks, and by one socket at a time (`lock`).
    """

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.sockets = 0
        self.forget()

    def forget(self) -> None:
        """Begin again from the table: something spoilt the document, or a write did not go through."""
        self.drawing = Drawing()
        self.seq = 0
        self.recent: deque[tuple[int, bytes]] = deque(maxlen=REMEMBERED)

    async def catch_up(self, read: Reader) -> None:
        """Read what was written since, by whatever process. The caller holds `lock`."""
        found = await read(self.seq)
        for seq, update in found.updates:
            self.drawing.doc.apply_update(update)
            self.recent.append((seq, update))
        self.seq = found.seq

    def after(self, seq: int) -> tuple[list[tuple[int, bytes]], bool]:
        """Return the updates after `seq` one by one; or, when not all are remembered, everything and True."""
        later = [(number, update) for number, update in self.recent if number > seq]
        if len(later) == max(0, self.seq - seq):
            return later, False
        return [(self.seq, self.drawing.state())], True


_boards: dict[tuple[int, Any], LiveBoard] = {}


def enter(board_id: Any) -> LiveBoard:
    """Return this process's copy of the board, for one more socket. Each event loop has its own."""
    found = _boards.setdefault(_key(board_id), LiveBoard())
    found.sockets += 1
    return found


def leave(board_id: Any) -> None:
    """One socket less; the last one takes the copy with it."""
    found = _boards.get(_key(board_id))
    if found:
        found.sockets -= 1
        if found.sockets <= 0:
            del _boards[_key(board_id)]


def _key(board_id: Any) -> tuple[int, Any]:
    return id(asyncio.get_running_loop()), board_id
