"""What one browser receives: one connection that carries all feeds, changed one change at a time.

Changes are put into a single line, because Janus answers a change made during another with nothing at all.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Literal, Protocol
from uuid import UUID

from openiop.room.media.janus import UNREACHABLE, JanusLink, Json, MediaError
from openiop.room.media.rooms import MediaRoom, OnEvent
from openiop.room.protocol import Configure, OfferEvent, Start, StreamOfFeed, Subscribe, TrickleEvent

logger = logging.getLogger(__name__)

ANSWER_OF_BROWSER_SECONDS = 10
RETRY_SECONDS = 0.3
LOOK_ANYWAY_SECONDS = 5


class Sitting(Protocol):
    """Whose subscription it is: the seat, as far as this needs it. `say` reaches the browser."""

    seat: UUID
    room: MediaRoom
    link: JanusLink
    private_id: int | None
    feeds: set[str]
    say: OnEvent

    async def keep_state(self) -> None: ...

    async def look_who_sends(self) -> None: ...


class Subscription:
    """`begin` it once the seat is in the room; `changed` says that there is something to look at."""

    def __init__(self, sitting: Sitting) -> None:
        self._sitting = sitting
        self._line = asyncio.Event()
        self._settling: asyncio.Task[None] | None = None
        self._leg = 0
        self.wanted: Literal["all"] | set[str] = set()
        self.forget()

    def forget(self) -> None:
        """Everything that lives and dies with the session at Janus."""
        self.handle: int | None = None
        self._subscribed: set[str] = set()
        self._streams: list[Json] = []
        self._offer: OfferEvent | None = None
        self._candidates: list[TrickleEvent] = []
        self._asked = False
        self._fresh = False

    def state(self) -> Json:
        """What another process needs to `claim` it."""
        return {
            "subscriber": self.handle,
            "leg": self._leg,
            "streams": self._streams,
            "wanted": self.wanted if self.wanted == "all" else sorted(self.wanted),
            "offering": self._offer is not None,
        }

    def claim(self, state: Json) -> None:
        self.handle = state["subscriber"]
        self._leg, self._streams = state["leg"], state["streams"]
        self.wanted = "all" if state["wanted"] == "all" else set(state["wanted"])
        self._subscribed = {stream["feed"] for stream in self._streams}
        self._asked = True
        # An offer on its way when the line broke was lost with it: only a new connection gets out of that.
        self._fresh = state["offering"]

    def begin(self) -> None:
        """Look after it from now on, until `stop`."""
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle())

    async def stop(self) -> None:
        if self._settling and self._settling is not asyncio.current_task():
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)

    def changed(self) -> None:
        """Something is wanted, or there, that was not."""
        self._line.set()

    def begin_anew(self) -> None:
        """Give this connection up. Only the line of changes replaces it: done here, it could cross with a change."""
        self._fresh = True
        self._line.set()

    def drop(self, feed: str) -> None:
        """This feed has ended."""
        self._subscribed.discard(feed)
        self._streams = [stream for stream in self._streams if stream["feed"] != feed]

    def keep_only(self, feeds: set[str]) -> None:
        self._subscribed &= feeds

    # --- what the browser asks -------------------------------------------------------------------------------------

    async def ask(self, request: Subscribe) -> Json:
        self.wanted = "all" if request.feeds == "all" else set(request.feeds)
        asked, self._asked = self._asked, True
        if not asked:
            # What was offered unasked is as fresh as can be, but may have come before the page was ready for it.
            await self.say_offer()
        elif request.fresh:
            self._fresh = True
        self._line.set()
        return {}

    async def start(self, request: Start) -> Json:
        """Answer an offer. Raises MediaError "stale" for one that is not the last."""
        offer, handle = self._offer, self.handle
        if offer is None or request.leg != self._leg or handle is None:
            raise MediaError("stale", "no such offer")
        # Whoever asks after this has begun anew, and needs another offer than the one answered here.
        self._asked = True
        try:
            await self._message(handle, {"request": "start"}, {"type": "answer", "sdp": request.sdp})
        except MediaError:
            if self.handle == handle:
                self._fresh = True
            raise
        finally:
            # Meanwhile another connection may have been offered: that offer is not answered by this one.
            if self._offer is offer:
                self._offer = None
            self._line.set()
            await self._sitting.keep_state()
        return {}

    async def configure(self, request: Configure) -> None:
        """Which size of which pictures, or none."""
        changes: Json = {}
        if request.layer is not None:
            changes["substream"] = request.layer
        if request.video is not None:
            changes["send"] = request.video
        pictures = [
            {"mid": stream["mid"], **changes}
            for stream in self._streams
            if stream["media"] == "video" and (request.feeds is None or stream["feed"] in request.feeds)
        ]
        if changes and pictures and self.handle is not None:
            await self._message(self.handle, {"request": "configure", "streams": pictures})

    async def restart(self) -> None:
        """Offer a new path for what is received."""
        if self.handle is not None and self._offer is None:
            _, offer = await self._message(self.handle, {"request": "configure", "restart": True})
            if offer:
                await self._send_offer(offer)

    async def hear_candidate(self, candidate: Json | None) -> None:
        event = TrickleEvent(target="subscriber", leg=self._leg, candidate=candidate)
        self._candidates.append(event)
        await self._sitting.say(event)

    async def say_offer(self) -> None:
        """Say again what waits for an answer, with the ways to us that were told already."""
        if self._offer:
            await self._sitting.say(self._offer)
            for candidate in self._candidates:
                await self._sitting.say(candidate)

    # --- one change at a time --------------------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Bring the subscription to what is wanted, again and again, never two changes at once.

        Every few seconds we look though nothing was said: whoever's coming was not heard of would stay unseen.
        """
        while True:
            await self._wait_for_change()
            try:
                await self._settle_once()
            except MediaError as error:
                if error.code != UNREACHABLE:
                    logger.info("subscription refused (%s), trying again", error.code)
                    await self._settle_afresh()
            except Exception as error:
                logger.error("A subscription could not be settled (%s).", type(error).__name__)
                await self._settle_afresh()

    async def _wait_for_change(self) -> None:
        try:
            async with asyncio.timeout(LOOK_ANYWAY_SECONDS):
                await self._line.wait()
        except TimeoutError:
            await self._sitting.look_who_sends()
        self._line.clear()

    async def _settle_afresh(self) -> None:
        await asyncio.sleep(RETRY_SECONDS)
        await self._sitting.look_who_sends()
        self.begin_anew()

    async def _settle_once(self) -> None:
        if self._fresh:
            await self._drop_connection()
        if self._offer is not None:
            return
        feeds = self._sitting.feeds
        wanted = feeds if self.wanted == "all" else feeds & self.wanted
        add, drop = sorted(wanted - self._subscribed), sorted((self._subscribed & feeds) - wanted)
        if not add and not drop:
            return
        if self.handle is None:
            await self._connect(add)
            return
        body: Json = {"request": "update"}
        if add:
            body["subscribe"] = [{"feed": feed} for feed in add]
        if drop:
            body["unsubscribe"] = [{"feed": feed} for feed in drop]
        await self._take(await self._message(self.handle, body))

    async def _connect(self, feeds: list[str]) -> None:
        sitting = self._sitting
        self._candidates = []
        self.handle = await sitting.link.attach(opaque_id=f"{sitting.seat}-r")
        self._leg += 1
        body: Json = {
            "request": "join",
            "ptype": "subscriber",
            "room": sitting.room.room,
            "pin": sitting.room.pin,
            "private_id": sitting.private_id,
            "use_msid": True,
            # Left to itself Janus would make offers of its own while one of ours is under way.
            "autoupdate": False,
            "streams": [{"feed": feed} for feed in feeds],
        }
        await self._take(await self._message(self.handle, body))

    async def _take(self, answer: tuple[Json, Json | None]) -> None:
        data, offer = answer
        self._streams = [
            {"mid": stream["mid"], "feed": stream["feed_id"], "media": stream["type"]}
            for stream in data.get("streams", [])
            if stream.get("active") and stream.get("type") in {"audio", "video"} and stream.get("feed_id")
        ]
        self._subscribed = {stream["feed"] for stream in self._streams}
        if offer:
            await self._send_offer(offer)

    async def _send_offer(self, offer: Json) -> None:
        streams = [StreamOfFeed(**stream) for stream in self._streams]
        self._offer = OfferEvent(leg=self._leg, sdp=sdp_of(offer), streams=streams)
        asyncio.get_running_loop().call_later(ANSWER_OF_BROWSER_SECONDS, self._give_up, self._offer)
        await self._sitting.keep_state()
        await self._sitting.say(self._offer)

    def _give_up(self, offer: OfferEvent) -> None:
        """The browser never answered: begin a new connection rather than wait for ever."""
        if self._offer is offer:
            self.begin_anew()

    async def _drop_connection(self) -> None:
        handle, self.handle, self._offer, self._fresh = self.handle, None, None, False
        self._subscribed, self._streams = set(), []
        if handle is not None:
            await self._sitting.link.detach(handle)

    async def _message(self, handle: int, body: Json, jsep: Json | None = None) -> tuple[Json, Json | None]:
        return await self._sitting.link.message(handle, body, jsep)


def sdp_of(jsep: Json | None) -> str:
    """Return the description in an answer of Janus. Raises MediaError where there is none."""
    if not jsep or "sdp" not in jsep:
        raise MediaError("no_answer", "the media server gave no description")
    return str(jsep["sdp"])
