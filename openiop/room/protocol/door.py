"""The door while somebody leads: locked or not, words to those who wait, and what is known of their line."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from openiop.room.protocol.base import Heard, Led, Said

DoorPreset = Literal["soon", "late", "finishing", "talk"]
NetworkWord = Literal["good", "weak"]


class DoorLock(Led):
    """Let nobody new in, or open the door again. Who was inside before comes back all the same."""

    type: Literal["door_lock"]
    locked: bool


class DoorSay(Led):
    """A preset or a few words of one's own, for everybody who waits or (`seat`) for one person."""

    type: Literal["door_say"]
    seat: UUID | None
    preset: DoorPreset | None = None
    text: Annotated[str, Field(min_length=1, max_length=280, pattern=r"\S")] | None = None


class DoorUnsay(Led):
    """Take back what was written to all, or to one person."""

    type: Literal["door_unsay"]
    seat: UUID | None


class Network(Heard):
    """What the test before joining found of my own line."""

    type: Literal["network"]
    word: NetworkWord


Door = DoorLock | DoorSay | DoorUnsay | Network


class DoorSaid(Said):
    id: UUID
    preset: DoorPreset | None
    text: str
    by: str
    at: datetime


class DoorForMe(Said):
    """For whoever waits: is the door locked for them, and what was written to them and to all, theirs first."""

    locked: bool
    said: list[DoorSaid] = []


class DoorLed(Said):
    """For those who lead."""

    locked_at: datetime | None = None
    locked_by: str = ""
    said: DoorSaid | None = None
    """To all who wait."""
