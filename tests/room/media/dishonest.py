"""Our web process as somebody dishonest would run it: once told so, it goes on sending to whoever was put out.

Only sealing keeps them from seeing then, so only sealing is tried. Told by a file: a test cannot reach into it.
"""

import os
from pathlib import Path
from typing import Any

from config.asgi import application
from openiop.demo.stack import Stack
from openiop.room.media.rooms import JanusRooms, MediaRoom
from openiop.room.media.seat import MediaSeat

__all__ = ["DishonestStack", "application"]

HONEST = "config.asgi:application"


def _told(var: Path) -> Path:
    return var / "goes-on-sending"


class DishonestStack(Stack):
    """A stack whose web server can be made to go on sending."""

    def go_on_sending(self, *, on: bool) -> None:
        _told(self.var).touch() if on else _told(self.var).unlink()

    def _add(self, name: str, command: list[str], *, role: str) -> None:
        ours = f"{__name__}:application"
        super()._add(name, [ours if word == HONEST else word for word in command], role=role)


def _spoil(var: Path) -> None:
    kick, leave = JanusRooms.kick, MediaSeat.leave

    async def no_kick(self: JanusRooms, room: MediaRoom, feed: str) -> None:
        if not _told(var).exists():
            await kick(self, room, feed)

    kept: list[Any] = []

    async def no_leave(self: MediaSeat) -> None:
        if _told(var).exists():
            kept.append(self)
        else:
            await leave(self)

    JanusRooms.kick, MediaSeat.leave = no_kick, no_leave  # type: ignore[method-assign]


if os.environ.get("OPENIOP_ROLE") == "web":
    _spoil(Path(os.environ["OPENIOP_VAR"]))
