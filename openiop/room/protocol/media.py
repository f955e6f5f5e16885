"""What a browser may ask of the media server, and what the media server says."""

from typing import Annotated, Literal

from pydantic import Field

from openiop.room.protocol.base import Heard, Said

Leg = Literal["publisher", "subscriber"]
Sdp = Annotated[str, Field(min_length=1, max_length=60_000)]
Feed = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9-]+$")]


class Candidate(Heard):
    """In the browser's own spelling."""

    candidate: Annotated[str, Field(max_length=600)]
    sdpMid: Annotated[str, Field(max_length=16)] | None = None
    sdpMLineIndex: Annotated[int, Field(ge=0, le=127)] | None = None


class Publish(Heard):
    """Send my sound and picture: an offer; the reply is {"sdp": answer, "feed": my feed}.

    Publishing again replaces the earlier publication: new connection, new feed."""

    kind: Literal["publish"]
    sdp: Sdp


class Unpublish(Heard):
    kind: Literal["unpublish"]


class Subscribe(Heard):
    """Receive these feeds and no others; "all" follows the room. Offers come as events.

    `fresh` gives up the receiving connection for a new one (ICE restart did not help)."""

    kind: Literal["subscribe"]
    feeds: Literal["all"] | Annotated[list[Feed], Field(max_length=24)]
    fresh: bool = False


class Start(Heard):
    """My answer to the offer of receiving connection number `leg`."""

    kind: Literal["start"]
    leg: int
    sdp: Sdp


class Configure(Heard):
    """Receive pictures at all (`video`), and in which size (`layer` 0 small, 1 middle, 2 large), of all or some feeds.

    `speak` takes back a facilitator's mute from my own sound."""

    kind: Literal["configure"]
    feeds: Annotated[list[Feed], Field(max_length=24)] | None = None
    layer: Literal[0, 1, 2] | None = None
    video: bool | None = None
    speak: Literal[True] | None = None


class Trickle(Heard):
    """One network candidate of mine; None says there are no more."""

    kind: Literal["trickle"]
    target: Leg
    candidate: Candidate | None


class Restart(Heard):
    """A new network path for a connection that stays: the publisher sends an offer, the subscriber is sent one."""

    kind: Literal["restart"]
    target: Leg
    sdp: Sdp | None = None


MediaRequest = Annotated[
    Publish | Unpublish | Subscribe | Start | Configure | Trickle | Restart, Field(discriminator="kind")
]


class Media(Heard):
    type: Literal["media"]
    id: Annotated[int, Field(ge=0, le=2**31)]
    request: MediaRequest


class MediaReply(Said):
    type: Literal["media"] = "media"
    id: int
    reply: dict[str, object] | None = None
    error: str | None = None


class StreamOfFeed(Said):
    mid: str
    feed: str
    media: Literal["audio", "video"]


class FeedsEvent(Said):
    """All feeds in the room but mine."""

    type: Literal["event"] = "event"
    kind: Literal["feeds"] = "feeds"
    feeds: list[str]


class OfferEvent(Said):
    """Answer with `start`. A `leg` not seen before asks for a new connection; `streams` is everything it carries."""

    type: Literal["event"] = "event"
    kind: Literal["offer"] = "offer"
    leg: int
    sdp: str
    streams: list[StreamOfFeed]


class TrickleEvent(Said):
    type: Literal["event"] = "event"
    kind: Literal["trickle"] = "trickle"
    target: Leg
    leg: int | None = None
    """Of the subscriber: which receiving connection; candidates may come before its offer."""
    candidate: dict[str, object] | None


class ModeratedEvent(Said):
    type: Literal["event"] = "event"
    kind: Literal["moderated"] = "moderated"
    feed: str
    media: Literal["audio", "video"]
    muted: bool


class TalkingEvent(Said):
    type: Literal["event"] = "event"
    kind: Literal["talking"] = "talking"
    feed: str
    talking: bool


class SlowEvent(Said):
    """Packets get lost on the way: `up` from me, otherwise to me."""

    type: Literal["event"] = "event"
    kind: Literal["slow"] = "slow"
    up: bool
    lost: int


class LayerEvent(Said):
    type: Literal["event"] = "event"
    kind: Literal["layer"] = "layer"
    mid: str
    layer: int


class HangupEvent(Said):
    """A connection ended. `both`: the media server is out of reach and we are looking for it; wait for what follows.

    `feed`: what the publisher's connection had sent; a browser that sends another one by now has nothing to mend.
    """

    type: Literal["event"] = "event"
    kind: Literal["hangup"] = "hangup"
    target: Literal["publisher", "subscriber", "both"]
    reason: str
    feed: str | None = None


class GoneEvent(Said):
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
