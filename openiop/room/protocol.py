"""What the room's socket may say, both ways.

One WebSocket a person and tab, JSON text, at most 64 kB a message. The server accepts exactly what is written here
and nothing else; browsers ignore what they do not know, so a newer server may add fields (keys of
end-to-end encryption) without breaking an open tab. `frontend/room/protocol.ts` is the same in TypeScript, and
`tests/cases/room_protocol.json` holds the two together.

The room's state is sent whole, as one person may see it, each time it changes (docs/decisions/0003).
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

PROTOCOL = 1
LARGEST_MESSAGE_BYTES = 64 * 1024
BEAT_SECONDS = 10


class ProtocolError(Exception):
    """A message we do not act on; `code` goes back to the sender and the socket stays open.

    Codes: `too_large`, `not_json`, `unknown` (a type or media kind we do not have), `invalid` (a known one,
    badly made).
    """

    def __init__(self, code: Literal["too_large", "not_json", "unknown", "invalid"]) -> None:
        super().__init__(code)
        self.code = code


class _Heard(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# --- Media requests: the whole list of what a browser may ask of the media server ---------------------------------

Leg = Literal["publisher", "subscriber"]
Sdp = Annotated[str, Field(min_length=1, max_length=60_000)]
Feed = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9-]+$")]


class Candidate(_Heard):
    """In the browser's own spelling."""

    candidate: Annotated[str, Field(max_length=600)]
    sdpMid: Annotated[str, Field(max_length=16)] | None = None
    sdpMLineIndex: Annotated[int, Field(ge=0, le=127)] | None = None


class Publish(_Heard):
    """Send my sound and picture: an offer; the reply is {"sdp": answer, "feed": my feed}.

    Publishing again replaces the earlier publication: new connection, new feed."""

    kind: Literal["publish"]
    sdp: Sdp


class Unpublish(_Heard):
    kind: Literal["unpublish"]


class Subscribe(_Heard):
    """Receive these feeds and no others; "all" follows the room. Offers come as events.

    `fresh` gives up the receiving connection for a new one (ICE restart did not help)."""

    kind: Literal["subscribe"]
    feeds: Literal["all"] | Annotated[list[Feed], Field(max_length=24)]
    fresh: bool = False


class Start(_Heard):
    """My answer to the offer of receiving connection number `leg`."""

    kind: Literal["start"]
    leg: int
    sdp: Sdp


class Configure(_Heard):
    """Receive pictures at all (`video`), and in which size (`layer` 0 small, 1 middle, 2 large), of all or some feeds.

    `speak` takes back a facilitator's mute from my own sound."""

    kind: Literal["configure"]
    feeds: Annotated[list[Feed], Field(max_length=24)] | None = None
    layer: Literal[0, 1, 2] | None = None
    video: bool | None = None
    speak: Literal[True] | None = None


class Trickle(_Heard):
    """One network candidate of mine; None says there are no more."""

    kind: Literal["trickle"]
    target: Leg
    candidate: Candidate | None


class Restart(_Heard):
    """A new network path for a connection that stays: the publisher sends an offer, the subscriber is sent one."""

    kind: Literal["restart"]
    target: Leg
    sdp: Sdp | None = None


MediaRequest = Annotated[
    Publish | Unpublish | Subscribe | Start | Configure | Trickle | Restart, Field(discriminator="kind")
]


# --- Keys of end-to-end encryption: what a browser may ask of the delivery (openiop/room/e2ee.py) ------------------

Word = Literal["transport", "end_to_end"]
_BASE64 = r"^[A-Za-z0-9+/]+=*$"
SignatureKey = Annotated[str, Field(min_length=1, max_length=200, pattern=_BASE64)]
MlsBlob = Annotated[str, Field(min_length=1, max_length=40_000, pattern=_BASE64)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class PublishPackage(_Heard):
    """How I can be brought into this room's group; takes the place of an earlier one. Reply: {"package": its id}."""

    kind: Literal["package"]
    room: UUID
    key: SignatureKey
    package: Annotated[str, Field(min_length=1, max_length=8_000, pattern=_BASE64)]


class CannotEncrypt(_Heard):
    """This browser has no way to seal frames: a facilitator is asked what to do."""

    kind: Literal["cannot"]
    room: UUID


class CommitEpoch(_Heard):
    """The room's group from `epoch` on: `members` are packages, `welcome` is for those who are new."""

    kind: Literal["commit"]
    room: UUID
    epoch: Count
    found: bool
    commit: MlsBlob | None
    welcome: MlsBlob | None
    members: Annotated[list[UUID], Field(min_length=1, max_length=64)]


class RosterEntry(_Heard):
    seat: UUID
    key: SignatureKey


class SignRoster(_Heard):
    """Who may hold keys in this session. Facilitators and staff only."""

    kind: Literal["roster"]
    version: Count
    key: SignatureKey
    entries: Annotated[list[RosterEntry], Field(min_length=1, max_length=128)]
    signature: SignatureKey


KeyRequest = Annotated[PublishPackage | CannotEncrypt | CommitEpoch | SignRoster, Field(discriminator="kind")]


# --- From the browser ----------------------------------------------------------------------------------------------


SignalWord = Literal["word", "not_alone", "urges", "stepping_away", "not_safe"]
SignalReply = Literal["seen", "soon", "private", "stay", "time", "noted", "on_its_way"]


class Hello(_Heard):
    """First message. `connection` is this tab's, kept over reloads of the socket, so that media survives them."""

    type: Literal["hello"]
    connection: UUID
    protocol: Literal[1]


class Beat(_Heard):
    type: Literal["beat"]


class Hand(_Heard):
    type: Literal["hand"]
    raised: bool


class Self(_Heard):
    """What I publish now, for the words on my tile."""

    type: Literal["self"]
    audio: bool
    video: bool
    saving: bool = False
    """Sound only for now, because the line is weak or data is dear."""


class Media(_Heard):
    type: Literal["media"]
    id: Annotated[int, Field(ge=0, le=2**31)]
    request: MediaRequest


class Signal(_Heard):
    """A silent tap, for facilitators only. `id` is this tap's, so that sending it again changes nothing."""

    type: Literal["signal"]
    id: UUID
    kind: SignalWord


class Keys(_Heard):
    type: Literal["keys"]
    id: Annotated[int, Field(ge=0, le=2**31)]
    request: KeyRequest


class Leave(_Heard):
    type: Literal["leave"]


class Admit(_Heard):
    """Facilitators only, as are the four below."""

    type: Literal["admit"]
    seat: UUID | Literal["all"]


class SendBack(_Heard):
    type: Literal["send_back"]
    seat: UUID


class Mute(_Heard):
    type: Literal["mute"]
    seat: UUID


class Remove(_Heard):
    type: Literal["remove"]
    seat: UUID


class End(_Heard):
    type: Literal["end"]


class Aside(_Heard):
    """I go to a private place for this patient, who is brought to me once I am there."""

    type: Literal["aside"]
    seat: UUID


class AsideEnd(_Heard):
    """We go back together."""

    type: Literal["aside_end"]


class AnswerSignal(_Heard):
    type: Literal["answer_signal"]
    signal: UUID
    preset: SignalReply


class ChooseEncryption(_Heard):
    """For everybody in the session. Facilitators only; kept and audited."""

    type: Literal["encryption"]
    word: Word


# --- Breakouts (openiop/room/breakouts.py has the verbs; docs/rules/breakouts.md the rules) ---


class AskHelp(_Heard):
    """From a breakout: please come, or (`asks` false) no longer. Anybody's; only facilitators learn of it."""

    type: Literal["ask_help"]
    asks: bool


class Hop(_Heard):
    """Facilitators only, as are all below: I go to this breakout room, or (None) back to the group."""

    type: Literal["hop"]
    room: UUID | None


class BreakoutsPrepare(_Heard):
    """Make a round that nobody else sees yet, in place of one prepared before. Pairs choose their number of rooms.

    `late`: who comes in later goes to the smallest room, or waits in the group until somebody asks them over."""

    type: Literal["breakouts_prepare"]
    rooms: Annotated[int, Field(ge=2, le=6)]
    how: Literal["hand", "random", "pairs", "last_time"]
    minutes: Annotated[int, Field(ge=1, le=180)] | None = None
    late: Literal["smallest", "ask"] = "smallest"


class BreakoutsPlace(_Heard):
    """This seat belongs to this room, or (None) to the group; while rooms run, it goes there at once."""

    type: Literal["breakouts_place"]
    seat: UUID
    room: UUID | None


class BreakoutsOpen(_Heard):
    type: Literal["breakouts_open"]


class BreakoutsDiscard(_Heard):
    """Give up what was prepared."""

    type: Literal["breakouts_discard"]


class BreakoutsExtend(_Heard):
    """So many minutes more; takes back a closing that was announced."""

    type: Literal["breakouts_extend"]
    minutes: Annotated[int, Field(ge=1, le=60)]


class BreakoutsClose(_Heard):
    """Everybody comes back after so many seconds, announced in every room; 0: now."""

    type: Literal["breakouts_close"]
    seconds: Annotated[int, Field(ge=0, le=300)] = 30


class BreakoutsSay(_Heard):
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

ClientMessage = Annotated[
    Hello
    | Beat
    | Hand
    | Self
    | Media
    | Keys
    | Leave
    | Admit
    | SendBack
    | Mute
    | Remove
    | End
    | Signal
    | AnswerSignal
    | Aside
    | AsideEnd
    | ChooseEncryption
    | Breakout,
    Field(discriminator="type"),
]
FACILITATORS_ONLY = (
    Admit,
    SendBack,
    Mute,
    Remove,
    End,
    AnswerSignal,
    Aside,
    AsideEnd,
    ChooseEncryption,
    Hop,
    BreakoutsPrepare,
    BreakoutsPlace,
    BreakoutsOpen,
    BreakoutsDiscard,
    BreakoutsExtend,
    BreakoutsClose,
    BreakoutsSay,
)

_client_message: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def parse(text: str) -> ClientMessage:
    """Return the message in `text`. Raises ProtocolError, whose code may be sent back as it is."""
    if len(text) > LARGEST_MESSAGE_BYTES or len(text.encode()) > LARGEST_MESSAGE_BYTES:
        raise ProtocolError("too_large")
    try:
        return _client_message.validate_json(text)
    except ValidationError as error:
        # Not chained: pydantic's words quote the message, and messages do not belong in logs.
        raise ProtocolError(_code(error)) from None


def _code(error: ValidationError) -> Literal["not_json", "unknown", "invalid"]:
    kinds = {line["type"] for line in error.errors(include_input=False, include_url=False)}
    if "json_invalid" in kinds:
        return "not_json"
    return "unknown" if kinds & {"union_tag_invalid", "union_tag_not_found"} else "invalid"


# --- From the server -----------------------------------------------------------------------------------------------


class SessionNow(_Said):
    id: UUID
    title: str
    block: str
    starts_at: datetime
    ends_at: datetime
    phase: Literal["before", "open", "ended"]


class Me(_Said):
    seat: UUID
    role: Literal["patient", "facilitator", "site", "staff"]
    state: Literal["waiting", "admitted", "private", "removed", "sent_back", "ended"]
    talk: Literal["treatment", "contact_only"]


class Host(_Said):
    """Who opens the door, for the waiting screen; `here` only while one is in the room and sees who waits."""

    name: str
    here: bool


class Seat(_Said):
    seat: UUID
    name: str
    role: Literal["patient", "facilitator", "site", "staff"]
    here: bool
    hand_at: datetime | None = None
    audio: bool = False
    video: bool = False
    saving: bool = False
    feed: str | None = None
    reconnecting: bool = False
    people: list[str] = []
    """Who is in front of the site's device, as kiosk and front desk say; empty for everybody else."""


class Waiting(_Said):
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


class BreakoutMessage(_Said):
    """What a facilitator wrote to all rooms; the newest only."""

    id: UUID
    text: str
    by: str
    at: datetime


class MyBreakout(_Said):
    """The breakout this viewer sits in. Nobody but facilitators is told of other rooms."""

    name: str
    ends_at: datetime | None
    """When everybody is brought back; None while no end is set."""
    closing: bool
    """The way back was announced: count the seconds aloud."""
    asked_at: datetime | None = None
    """My own open call for help; others in the room do not see it."""
    message: BreakoutMessage | None = None


class BreakoutRoom(_Said):
    room: UUID
    name: str
    staffed: bool
    """One of the staff is there now (prepared: will be there)."""


class BreakoutPerson(_Said):
    """Somebody inside, wherever they are."""

    seat: UUID
    name: str
    role: Literal["patient", "facilitator", "site", "staff"]
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


class Breakouts(_Said):
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


class MySignal(_Said):
    """My own latest silent tap; `id` confirms that it is kept."""

    id: UUID
    kind: SignalWord
    at: datetime
    answer: SignalReply | None = None
    answered_by: str = ""


class SignalSeen(_Said):
    """A silent tap as facilitators see it."""

    signal: UUID
    seat: UUID
    name: str
    kind: SignalWord
    at: datetime
    answer: SignalReply | None = None
    answered_by: str = ""


class Cared(_Said):
    """A patient of the session as those who lead may know them; the page says the rest, and notes who opened it."""

    seat: UUID
    name: str
    at_risk: bool
    """A safety case is open."""
    lost_since: datetime | None = None
    """At risk, and their line is lost since then: somebody must call them."""
    page: str = ""


class AsideNow(_Said):
    """The private place I am in, for this patient; `there`: they were brought to me."""

    seat: UUID
    name: str
    there: bool


class Lead(_Said):
    """What only those who lead are sent."""

    aside: AsideNow | None = None
    unstaffed: bool = False
    """Nobody leads the group now: it is paused for the patients in it."""

    signals: list[SignalSeen] = []
    care: list[Cared] = []


class Room(_Said):
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
    paused: bool = False
    """For patients: nobody leads the group just now. No sound, no picture, a kind screen, until somebody does."""
    my_signal: MySignal | None = None
    lead: Lead | None = None
    """For those who lead, and nobody else."""
    chat: Literal["off"] = "off"
    encryption: Word = "transport"


class MediaReply(_Said):
    type: Literal["media"] = "media"
    id: int
    reply: dict[str, object] | None = None
    error: str | None = None


class StreamOfFeed(_Said):
    mid: str
    feed: str
    media: Literal["audio", "video"]


class FeedsEvent(_Said):
    """All feeds in the room but mine."""

    type: Literal["event"] = "event"
    kind: Literal["feeds"] = "feeds"
    feeds: list[str]


class OfferEvent(_Said):
    """Answer with `start`. A `leg` not seen before asks for a new connection; `streams` is everything it carries."""

    type: Literal["event"] = "event"
    kind: Literal["offer"] = "offer"
    leg: int
    sdp: str
    streams: list[StreamOfFeed]


class TrickleEvent(_Said):
    type: Literal["event"] = "event"
    kind: Literal["trickle"] = "trickle"
    target: Leg
    leg: int | None = None
    """Of the subscriber: which receiving connection; candidates may come before its offer."""
    candidate: dict[str, object] | None


class ModeratedEvent(_Said):
    type: Literal["event"] = "event"
    kind: Literal["moderated"] = "moderated"
    feed: str
    media: Literal["audio", "video"]
    muted: bool


class TalkingEvent(_Said):
    type: Literal["event"] = "event"
    kind: Literal["talking"] = "talking"
    feed: str
    talking: bool


class SlowEvent(_Said):
    """Packets get lost on the way: `up` from me, otherwise to me."""

    type: Literal["event"] = "event"
    kind: Literal["slow"] = "slow"
    up: bool
    lost: int


class LayerEvent(_Said):
    type: Literal["event"] = "event"
    kind: Literal["layer"] = "layer"
    mid: str
    layer: int


class HangupEvent(_Said):
    """A connection ended. `both`: the media server is out of reach and we are looking for it; wait for what follows."""

    type: Literal["event"] = "event"
    kind: Literal["hangup"] = "hangup"
    target: Literal["publisher", "subscriber", "both"]
    reason: str


class GoneEvent(_Said):
    """Nothing is left of my media: publish and subscribe again."""

    type: Literal["event"] = "event"
    kind: Literal["gone"] = "gone"


MediaEvent = Annotated[
    FeedsEvent
    | OfferEvent
    | TrickleEvent
    | ModeratedEvent
    | TalkingEvent
    | SlowEvent
    | LayerEvent
    | HangupEvent
    | GoneEvent,
    Field(discriminator="kind"),
]


class PackageNow(_Said):
    id: UUID
    seat: UUID
    role: str
    key: str
    package: str


class EntryNow(_Said):
    seat: UUID
    key: str


class RosterNow(_Said):
    version: int
    by: UUID
    role: str
    key: str
    entries: list[EntryNow]
    signature: str


class EpochNow(_Said):
    epoch: int
    found: bool
    package: UUID
    commit: str
    members: list[UUID]


class WelcomeNow(_Said):
    package: UUID
    epoch: int
    welcome: str


class KeysNow(_Said):
    """Where the keys of this viewer's room stand: the whole truth each time, but `commits` and `welcome` once."""

    type: Literal["keys"] = "keys"
    room: UUID
    mine: UUID | None
    """My current package, whichever tab made it."""
    epoch: int
    """The newest, or -1 where there is no group yet."""
    members: list[UUID]
    packages: list[PackageNow]
    """Current ones of those in the room with me."""
    roster: RosterNow | None
    vouch: list[EntryNow] | None
    """For those who may sign: everybody in the session, as our sign-in binds them."""
    cannot: list[UUID]
    """For those who lead: seats whose browser cannot seal frames."""
    commits: list[EpochNow]
    welcome: WelcomeNow | None


class KeysReply(_Said):
    type: Literal["keys_reply"] = "keys_reply"
    id: int
    reply: dict[str, object] | None = None
    error: str | None = None


class Bye(_Said):
    """The server closes the socket; the browser does not come back by itself, except after `restarting`."""

    type: Literal["bye"] = "bye"
    reason: Literal["left", "taken", "removed", "sent_back", "ended", "refused", "restarting"]


class Error(_Said):
    type: Literal["error"] = "error"
    code: str


class BeatEcho(_Said):
    type: Literal["beat"] = "beat"


ServerMessage = Annotated[
    Room | MediaReply | MediaEvent | KeysNow | KeysReply | Bye | Error | BeatEcho,
    Field(discriminator="type"),
]
