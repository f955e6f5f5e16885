"""The private place and what else those who lead are told (docs/rules/leading.md)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from openiop.room.protocol.base import Led, Said
from openiop.room.protocol.cards import AgendaBlock
from openiop.room.protocol.door import DoorLed
from openiop.room.protocol.signals import SignalSeen
from openiop.room.protocol.together import LeadTogether


class Aside(Led):
    """I go to a private place for this patient, who is brought to me once I am there."""

    type: Literal["aside"]
    seat: UUID


class AsideEnd(Led):
    """We go back together."""

    type: Literal["aside_end"]


class AsideAsk(Led):
    """Ask another who leads, or a clinician on duty, to go to a private place with this patient.

    The patient is moved only once they are there.
    """

    type: Literal["aside_ask"]
    seat: UUID
    person: UUID


class AsideAnswer(Led):
    """I go, or I cannot; or I no longer ask."""

    type: Literal["aside_answer"]
    ask: UUID
    comes: bool


Asides = AsideAsk | AsideAnswer


class Cared(Said):
    """A patient of the session as those who lead may know them; the page says the rest, and notes who opened it."""

    seat: UUID
    name: str
    at_risk: bool
    """A safety case is open."""
    lost_since: datetime | None = None
    """At risk, and their line is lost since then: somebody must call them."""
    untouched_since: datetime | None = None
    """*Still with us?* stands unanswered on their screen; nothing was touched since then."""
    page: str = ""


class AsideNow(Said):
    """The private place I am in, for this patient; `there`: they were brought to me."""

    seat: UUID
    name: str
    there: bool


class AsideAsked(Said):
    """The last question about a patient: open, or declined a moment ago."""

    id: UUID
    seat: UUID
    name: str
    whom: UUID
    whom_name: str
    by: UUID
    by_name: str
    at: datetime
    declined: bool
    called: bool = False
    """A clinician who does not lead."""
    word: Literal["asked", "coming", "late", "here", "lost", "declined", "unable"] = "asked"
    """Of a clinician who was called; `unable`: their browser cannot seal sound and picture, so they were kept out."""


class OnDuty(Said):
    """A clinician who does not lead and may be called; of a therapist, to this one patient."""

    person: UUID
    name: str
    because: Literal["on_call", "therapist", "director"]
    seat: UUID | None = None


class Alone(Said):
    """A patient in a private place in which none of the staff is any more."""

    seat: UUID
    name: str


class Company(Said):
    """For the patient: `by` has asked for somebody; `name` is coming, is here, or their line is lost."""

    word: Literal["asked", "coming", "here", "lost"]
    by: str
    name: str = ""


class CalledNow(Said):
    """For a clinician who was called: the person they are here for; `there`: they are in this place too."""

    name: str
    there: bool


class Leader(Said):
    """Another who leads this session. Who is not free in the room is called when they are asked."""

    person: UUID
    name: str
    free: bool


class Lead(Said):
    """What only those who lead are sent."""

    aside: AsideNow | None = None
    unstaffed: bool = False
    """Nobody leads the group now: it is paused for the patients in it."""

    signals: list[SignalSeen] = []
    care: list[Cared] = []
    together: LeadTogether = LeadTogether()
    door: DoorLed = DoorLed()
    others: list[Leader] = []
    asides: list[AsideAsked] = []
    on_duty: list[OnDuty] = []
    alone: list[Alone] = []
    key_rooms: list[UUID] = []
    """The rooms whose keys I hold, whichever I sit in, so that I can go over at once."""
    agenda: list[AgendaBlock] = []
