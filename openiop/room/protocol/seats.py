"""Coming in, being there and being let in, and who sits in the room (openiop/room/admission.py)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from openiop.room.protocol.base import Heard, Led, Mine, Role, Said
from openiop.room.protocol.door import DoorSaid, NetworkWord
from openiop.room.protocol.helpers import HelpsNow


class Hello(Heard):
    """First message. `connection` is this tab's, kept over reloads of the socket, so that media survives them.

    `person` is whose page it is: somebody else may have signed in to the same browser since.
    """

    type: Literal["hello"]
    connection: UUID
    protocol: Literal[1]
    person: UUID | None = None


class Beat(Heard):
    type: Literal["beat"]


class Hand(Mine):
    type: Literal["hand"]
    raised: bool


class Self(Heard):
    """What I publish now, for the words on my tile."""

    type: Literal["self"]
    audio: bool
    video: bool
    saving: bool = False
    """Sound only for now, because the line is weak or data is dear."""


class Leave(Heard):
    type: Literal["leave"]


class Admit(Led):
    """In from the waiting room."""

    type: Literal["admit"]
    seat: UUID | Literal["all"]


class SendBack(Led):
    type: Literal["send_back"]
    seat: UUID


class Mute(Led):
    type: Literal["mute"]
    seat: UUID


class Remove(Led):
    type: Literal["remove"]
    seat: UUID


class End(Led):
    type: Literal["end"]


class SessionNow(Said):
    id: UUID
    title: str
    block: str
    starts_at: datetime
    ends_at: datetime
    phase: Literal["before", "open", "ended"]


class Me(Said):
    seat: UUID
    role: Role
    state: Literal["waiting", "admitted", "private", "removed", "sent_back", "ended"]
    talk: Literal["treatment", "contact_only"]
    companion: bool = False
    """On site, by my own phone: no sound, no picture."""
    enters_muted: bool = False
    """Whoever comes in now listens first: their microphone is off until they turn it on."""


class Host(Said):
    """Who opens the door, for the waiting screen; `here` only while one is in the room and sees who waits."""

    name: str
    here: bool


class Seat(Said):
    seat: UUID
    name: str
    role: Role
    here: bool
    hand_at: datetime | None = None
    audio: bool = False
    video: bool = False
    saving: bool = False
    feed: str | None = None
    reconnecting: bool = False
    people: list[str] = []
    """Who is in front of the site's device, as kiosk and front desk say; empty for everybody else."""
    companion: bool = False
    """On site, by their own phone: no tile."""
    helps: HelpsNow | None = None
    """Of a helper: what they do here."""


class Waiting(Said):
    seat: UUID
    name: str
    since: datetime
    ready: bool
    missing: list[str] = []
    """In the reader's words: "group agreement"."""
    door: str = ""
    """The page where staff obtain what is missing."""
    with_staff: bool = False
    """Let in already, face to face with staff and not in treatment."""
    here_for: str = ""
    """Of a supporter: the patient they come for."""
    network: NetworkWord | None = None
    """What their own test before joining found; None where it is not known."""
    at_risk: bool = False
    """A safety case is open: not to be left unseen at a locked door."""
    was_inside: bool = False
    """Comes back through a locked door."""
    told: DoorSaid | None = None
    """What was written to them alone."""
