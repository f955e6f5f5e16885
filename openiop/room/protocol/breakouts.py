"""Breakouts, both ways (openiop/room/breakouts.py has the verbs; docs/rules/breakouts.md the rules)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from openiop.room.protocol.base import Led, Mine, Role, Said


class AskHelp(Mine):
    """From a breakout: please come, or (`asks` false) no longer. Anybody's; only facilitators learn of it."""

    type: Literal["ask_help"]
    asks: bool


class Hop(Led):
    """I go to this breakout room, or (None) back to the group."""

    type: Literal["hop"]
    room: UUID | None


class BreakoutsPrepare(Led):
    """Make a round that nobody else sees yet, in place of one prepared before. Pairs choose their number of rooms.

    `late`: who comes in later goes to the smallest room, or waits in the group until somebody asks them over."""

    type: Literal["breakouts_prepare"]
    rooms: Annotated[int, Field(ge=2, le=6)]
    how: Literal["hand", "random", "pairs", "last_time"]
    minutes: Annotated[int, Field(ge=1, le=180)] | None = None
    late: Literal["smallest", "ask"] = "smallest"


class BreakoutsPlace(Led):
    """This seat belongs to this room, or (None) to the group; while rooms run, it goes there at once."""

    type: Literal["breakouts_place"]
    seat: UUID
    room: UUID | None


class BreakoutsOpen(Led):
    type: Literal["breakouts_open"]


class BreakoutsDiscard(Led):
    """Give up what was prepared."""

    type: Literal["breakouts_discard"]


class BreakoutsExtend(Led):
    """So many minutes more; takes back a closing that was announced."""

    type: Literal["breakouts_extend"]
    minutes: Annotated[int, Field(ge=1, le=60)]


class BreakoutsClose(Led):
    """Everybody comes back after so many seconds, announced in every room; 0: now."""

    type: Literal["breakouts_close"]
    seconds: Annotated[int, Field(ge=0, le=300)] = 30


class BreakoutsSay(Led):
    """A line to all rooms."""

    type: Literal["breakouts_say"]
    text: Annotated[str, Field(min_length=1, max_length=400, pattern=r"\S")]


Breakout = (
    AskHelp
    | Hop
    | BreakoutsPrepare
    | BreakoutsPlace
    | BreakoutsOpen
    | BreakoutsDiscard
    | BreakoutsExtend
    | BreakoutsClose
    | BreakoutsSay
)


class BreakoutMessage(Said):
    """What a facilitator wrote to all rooms; the newest only."""

    id: UUID
    text: str
    by: str
    at: datetime


class MyBreakout(Said):
    """The breakout this viewer sits in. Nobody but facilitators is told of other rooms."""

    name: str
    ends_at: datetime | None
    """When everybody is brought back; None while no end is set."""
    closing: bool
    """The way back was announced: count the seconds aloud."""
    asked_at: datetime | None = None
    """My own open call for help; others in the room do not see it."""
    message: BreakoutMessage | None = None


class BreakoutRoom(Said):
    room: UUID
    name: str
    staffed: bool
    """One of the staff is there now (prepared: will be there)."""


class BreakoutPerson(Said):
    """Somebody inside, wherever they are."""

    seat: UUID
    name: str
    role: Role
    here: bool
    room: UUID | None
    """Where they are now (prepared: will be); None is the group."""
    alone: bool = False
    """Nobody else is there with them now."""
    watch: Literal["high", "imminent"] | None = None
    """An open safety case: never in a breakout without staff."""
    unattended: bool = False
    """Under watch, and none of the staff is where they are."""
    asked_at: datetime | None = None
    """They ask for help since then."""


class Breakouts(Said):
    """Facilitators' only: the round that is prepared or runs, and everybody in it."""

    phase: Literal["none", "prepared", "running", "closing"]
    how: Literal["hand", "random", "pairs", "last_time"] | None = None
    late: Literal["smallest", "ask"] = "smallest"
    minutes: int | None = None
    opened_at: datetime | None = None
    ends_at: datetime | None = None
    last_time: bool = False
    """There was a round in the last session of this series."""
    rooms: list[BreakoutRoom] = []
    people: list[BreakoutPerson] = []
    apart: list[tuple[UUID, UUID]] = []
    """Seats that must not share a breakout; why stays with those who decided it."""
    message: BreakoutMessage | None = None
