"""Who has the floor: being asked to speak, the spotlight, and the talking stick."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from openiop.room.protocol.base import Heard, Led, Mine, Said


class AskToSpeak(Led):
    """Ask somebody to turn their microphone on; they decide. There is no message that unmutes another."""

    type: Literal["ask_to_speak"]
    seat: UUID


class NotNow(Mine):
    """I would rather not speak now. Nobody is told."""

    type: Literal["speak_not_now"]


class SpotlightOn(Led):
    """This seat's tile is large for everybody here; the third takes the place of the first."""

    type: Literal["spotlight"]
    seat: UUID


class SpotlightOff(Mine):
    """A facilitator takes anybody's spotlight away, everybody else their own."""

    type: Literal["spotlight_off"]
    seat: UUID


class StickOut(Led):
    """Bring out the talking stick here, or put it away."""

    type: Literal["stick"]
    out: bool


class StickPass(Heard):
    """On to the next hand: from whoever holds it, or by a facilitator. `holder` is who has it on my screen: when two
    pass it on at once, nobody is passed over."""

    type: Literal["stick_pass"]
    holder: UUID | None


Floor = AskToSpeak | NotNow | SpotlightOn | SpotlightOff | StickOut | StickPass


class SpeakAsked(Said):
    """I am asked to speak; only I see it."""

    id: UUID
    by: str
    at: datetime


class StickNow(Said):
    """The talking stick is out; while `seat` is empty nobody holds it. Next are the hands, in their order."""

    seat: UUID | None
    at: datetime


class FloorNow(Said):
    """What everybody at my place sees alike."""

    spotlit: list[UUID] = []
    stick: StickNow | None = None
