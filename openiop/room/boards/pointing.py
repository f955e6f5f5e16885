"""Who is at a board and points where: passed on to those at the same board, and written nowhere.

What carries it between our processes lies in the database's queue for a moment, and a slow statement may be logged with
its values: so it travels sealed, as a captioner's lines do. A position that comes too soon waits for its turn, and the
newest takes the place of one that waits.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from pydantic import ValidationError

from openiop.lib.wake import wake
from openiop.people.models import Device
from openiop.room.boards.protocol import Pointing

AT_MOST_EVERY_SECONDS = 0.2
WORTH_SECONDS = 10

Spot = tuple[float, float] | None


class Pointer:
    """One tab's own pointing: what it tells the others, at most so often."""

    def __init__(self, actor: Any, tell: Callable[[Pointing], Awaitable[None]]) -> None:
        self.who = str(uuid4())
        self.name = actor.name if isinstance(actor, Device) else actor.called
        self.tell = tell
        self.spot: Spot = None
        self.news = self.told = False
        self.task: asyncio.Task[None] | None = None
        self.next_at = 0.0

    def point(self, spot: Spot) -> None:
        self.spot, self.news = spot, True
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._tell_in_turn())

    async def _tell_in_turn(self) -> None:
        clock = asyncio.get_running_loop().time
        while self.news:  # what came while the one before was being told is told too
            await asyncio.sleep(self.next_at - clock())
            self.next_at = clock() + AT_MOST_EVERY_SECONDS
            self.news, self.told = False, True
            await self.tell(Pointing(who=self.who, name=self.name, at=self.spot))

    async def leave(self) -> None:
        """Tell the others that this tab has gone, if they know of it."""
        if self.task:
            self.task.cancel()
        if self.told:
            await self.tell(Pointing(who=self.who, name=self.name, at=None, here=False))


def pass_on(topic: str, pointing: Pointing) -> None:
    wake(topic, pointing=_seal().encrypt(pointing.model_dump_json().encode()).decode())


def opened(sealed: str) -> Pointing | None:
    """Return what somebody passed on; None when it is too late to be of use, or of a process with another key."""
    try:
        return Pointing.model_validate_json(_seal().decrypt(sealed.encode(), ttl=WORTH_SECONDS))
    except (InvalidToken, ValidationError):
        return None


def _seal() -> Fernet:
    """One key for all processes of this installation, for this purpose alone."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"pointing " + settings.SECRET_KEY.encode()).digest()))
