"""*Still with us?*, both ways (openiop/room/still.py; docs/rules/present.md)."""

from typing import Literal
from uuid import UUID

from openiop.room.protocol.base import Heard, Led, Said


class Still(Heard):
    """My own screen asks me, or I touched something. Of nobody else; said again it changes nothing."""

    type: Literal["still"]
    asked: bool
    seen: bool = True
    """The page was there to be seen when it asked."""


class StillSeen(Led):
    """I see this person take part, though nothing was touched."""

    type: Literal["still_seen"]
    seat: UUID


class StillNow(Said):
    """For the page of a patient who may be asked, or was."""

    asks: bool
    """It may ask now: in a group that runs, outside of breaks."""
    after_minutes: int
    """So long nothing is touched before it asks."""
    grace_minutes: int
    counts: bool
    """Unanswered for so long, it takes minutes until something is touched."""
    open: bool
    """It was asked and nothing was touched since."""
