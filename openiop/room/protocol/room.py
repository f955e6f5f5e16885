"""The room's state as one person may see it, and the few words beside it."""

from datetime import datetime
from typing import Literal

from openiop.room.protocol.base import Said
from openiop.room.protocol.breakouts import Breakouts, MyBreakout
from openiop.room.protocol.cards import CardNow
from openiop.room.protocol.chat import ChatWord
from openiop.room.protocol.door import DoorForMe
from openiop.room.protocol.floor import FloorNow, SpeakAsked
from openiop.room.protocol.keys import Word
from openiop.room.protocol.leading import CalledNow, Company, Lead
from openiop.room.protocol.seats import Host, Me, Seat, SessionNow, Waiting
from openiop.room.protocol.signals import MySignal
from openiop.room.protocol.still import StillNow
from openiop.room.protocol.together import TogetherNow


class Room(Said):
    """The whole state as this viewer may see it. People who wait get no seats: who is inside is not theirs to know."""

    type: Literal["room"] = "room"
    now: datetime
    room: str
    """Names the media room; when it changes, the browser publishes anew. Opaque, not the media server's own id."""
    session: SessionNow
    me: Me
    host: Host | None = None
    seats: list[Seat] = []
    waiting: list[Waiting] = []
    breakout: MyBreakout | None = None
    breakouts: Breakouts | None = None
    door: DoorForMe | None = None
    """For those who wait."""
    paused: bool = False
    """For patients: nobody leads the group just now. No sound, no picture, a kind screen, until somebody does."""
    together: TogetherNow | None = None
    card: CardNow | None = None
    floor: FloorNow | None = None
    asked_to_speak: SpeakAsked | None = None
    my_signal: MySignal | None = None
    still: StillNow | None = None
    """For a patient whose own screen may ask *still with us?* now."""
    lead: Lead | None = None
    """For those who lead, and nobody else."""
    company: Company | None = None
    """For one patient alone: whom those who lead have called to them."""
    called: CalledNow | None = None
    """For whoever was called to a private place, and sees nothing else."""
    chat: ChatWord = "off"
    encryption: Word = "transport"


class Bye(Said):
    """The server closes the socket; the browser does not come back by itself, except after `restarting`."""

    type: Literal["bye"] = "bye"
    reason: Literal["left", "taken", "removed", "sent_back", "ended", "refused", "restarting"]


class Error(Said):
    type: Literal["error"] = "error"
    code: str


class BeatEcho(Said):
    type: Literal["beat"] = "beat"
