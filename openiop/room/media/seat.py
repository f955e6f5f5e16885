"""One browser's media: what it may ask of Janus, and what Janus has to tell it.

A seat has one session with two connections: the publisher's, and one subscriber's that carries all feeds. Changes of
the subscription are put into a single line, because Janus answers a change made during another with nothing at all.
"""

import asyncio
import contextlib
import logging
import secrets
from typing import Literal
from uuid import UUID

from openiop.room.media.janus import NO_SUCH_HANDLE, UNREACHABLE, JanusLink, Json, MediaError
from openiop.room.media.rooms import AUDIO_MID, NO_SUCH_ROOM, JanusRooms, MediaRoom, OnEvent, OnLost, OnMedia, OnState
from openiop.room.protocol import (
    Configure,
    FeedsEvent,
    GoneEvent,
    HangupEvent,
    LayerEvent,
    MediaRequest,
    ModeratedEvent,
    OfferEvent,
    Publish,
    Restart,
    SlowEvent,
    Start,
    StreamOfFeed,
    Subscribe,
    TalkingEvent,
    Trickle,
    TrickleEvent,
    Unpublish,
)

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.0)
LOST_AFTER_TRIES = 3
ANSWER_OF_BROWSER_SECONDS = 10
RETRY_SECONDS = 0.3
LOOK_ANYWAY_SECONDS = 5


class MediaSeat:
    """Make it through `JanusRooms.take_seat`; end it with `leave`, or let it be claimed after `release`."""

    def __init__(
        self,
        rooms: JanusRooms,
        room: MediaRoom,
        seat: UUID,
        *,
        on_event: OnEvent,
        on_media: OnMedia | None = None,
        on_state: OnState | None = None,
        on_lost: OnLost | None = None,
    ) -> None:
        self.seat = seat
        self.feed: str | None = None
        self.feeds: set[str] = set()
        self._rooms, self._room = rooms, room
        self._on_event, self._on_media, self._on_state = on_event, on_media, on_state
        self._on_lost = on_lost
        self._publishing = asyncio.Lock()
        self._ended = False
        self._recovery: asyncio.Task[None] | None = None
        self._line = asyncio.Event()
        self._settling: asyncio.Task[None] | None = None
        self._leg = 0
        self._wanted: Literal["all"] | set[str] = set()
        self._link: JanusLink
        self._forget()

    def _forget(self) -> None:
        """Everything that lives and dies with the session at Janus."""
        self._publisher: int | None = None
        self._subscriber: int | None = None
        self._private_id: int | None = None
        self._published = False
        self._receiving: set[str] = set()
        self._subscribed: set[str] = set()
        self._streams: list[Json] = []
        self._offer: OfferEvent | None = None
        self._candidates: list[TrickleEvent] = []
        self._asked = False
        self._fresh = False
        self.feeds = set()

    # --- coming, going, being taken over ---------------------------------------------------------------------------

    async def join(self, *, anew: bool = False) -> None:
        """Come in with a session of our own; an older feed of the same seat is put out. Raises MediaError.

        What is there is offered without being asked for: the page's question would cost a way there and back.
        `anew`: the browser had media before, and is told first that it is gone.
        """
        self._forget()
        self._wanted = "all"
        self._link = await JanusLink.opened(self._rooms.janus, on_event=self._hear, on_lost=self._lost)
        try:
            await self._enter()
        except MediaError as error:
            if error.code != NO_SUCH_ROOM:
                await self._link.destroy()
                raise
            await self._rooms.create_room(self._room)
            await self._enter()
        await self._keep_state()
        if anew:
            await self._on_event(GoneEvent())
        await self._on_event(FeedsEvent(feeds=sorted(self.feeds)))
        self._settling = self._settling or asyncio.create_task(self._settle())

    async def claim(self, state: Json) -> bool:
        """Take over the session that `state` describes; False if it is gone. Media never stops meanwhile."""
        if state.get("room") != self._room.room:
            return False
        try:
            self._link = await JanusLink.opened(
                self._rooms.janus, claim=state["session"], on_event=self._hear, on_lost=self._lost
            )
        except MediaError as error:
            if error.code == UNREACHABLE:
                raise
            return False
        self._publisher, self._subscriber = state["publisher"], state["subscriber"]
        self.feed, self._private_id, self._published = state["feed"], state["private_id"], state["published"]
        self._leg, self._streams = state["leg"], state["streams"]
        self._wanted = "all" if state["wanted"] == "all" else set(state["wanted"])
        self._subscribed = {stream["feed"] for stream in self._streams}
        self._asked = True
        # An offer on its way when the line broke was lost with it: only a new connection gets out of that.
        self._fresh = state["offering"]
        try:
            if self._private_id is None:  # let go of in the middle of coming in: nobody heard how that ended
                await self._leave_publisher()
                await self._enter()
                await self._keep_state()
            await self._read_feeds()
        except MediaError:
            await self._link.destroy()
            return False
        self._settling = asyncio.create_task(self._settle())
        await self.resume()
        return True

    def state(self) -> Json:
        """What another process needs to `claim` this seat within 15 seconds; no secrets, JSON."""
        return {
            "room": self._room.room,
            "session": self._link.session,
            "publisher": self._publisher,
            "subscriber": self._subscriber,
            "private_id": self._private_id,
            "feed": self.feed,
            "published": self._published,
            "leg": self._leg,
            "streams": self._streams,
            "wanted": self._wanted if self._wanted == "all" else sorted(self._wanted),
            "offering": self._offer is not None,
        }

    async def resume(self) -> None:
        """Say again what a browser may have missed while its socket was away."""
        await self._on_event(FeedsEvent(feeds=sorted(self.feeds)))
        await self._say_offer()
        self._line.set()

    async def release(self) -> None:
        """Let go without ending anything: media flows on, and the seat can be claimed for 15 seconds."""
        await self._stop_tasks()
        if hasattr(self, "_link"):  # given up before there was one
            await self._link.close()

    async def leave(self) -> None:
        """Leave the room and end the session."""
        await self._stop_tasks()
        await self._link.destroy()

    async def _stop_tasks(self) -> None:
        self._ended = True
        tasks = [task for task in (self._settling, self._recovery) if task and task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _enter(self) -> None:
        self.feed = f"{self.seat}-{secrets.token_hex(3)}"
        handle = self._publisher = await self._link.attach(opaque_id=self.feed)
        try:
            joined, _ = await self._ask_publisher(
                {
                    "request": "join",
                    "ptype": "publisher",
                    "room": self._room.room,
                    "pin": self._room.pin,
                    "id": self.feed,
                }
            )
        except MediaError:
            # On a handle that never came in, every later try would be refused.
            self._publisher = None
            await self._link.detach(handle)
            raise
        self._private_id = joined["private_id"]
        self._published = False
        self._add_feeds(joined)
        await self._put_out_older_selves()

    async def _put_out_older_selves(self) -> None:
        """A reloaded page or a second window leaves a ghost behind, which Janus would keep for some 17 seconds."""
        older = {feed for feed in await self._participants() if self._is_mine(feed) and feed != self.feed}
        for feed in older:
            with contextlib.suppress(MediaError):  # gone by itself meanwhile
                await self._rooms.kick(self._room, feed)
        self.feeds -= older

    def _is_mine(self, feed: str) -> bool:
        return feed.startswith(f"{self.seat}-")

    # --- what the browser asks -------------------------------------------------------------------------------------

    async def handle(self, request: MediaRequest) -> Json:
        """Do what the protocol allows and return the reply. Raises MediaError; its code may be sent to the browser."""
        if self._recovery and not self._recovery.done():
            raise MediaError(UNREACHABLE)
        match request:
            case Publish():
                return await self._publish(request.sdp)
            case Unpublish():
                return await self._unpublish()
            case Subscribe():
                return await self._subscribe(request)
            case Start():
                return await self._start(request)
            case Configure():
                return await self._configure(request)
            case Trickle():
                return await self._trickle(request)
            case Restart():
                return await self._restart(request)

    async def _publish(self, sdp: str) -> Json:
        async with self._publishing:
            if self._published or self._publisher is None:
                await self._leave_publisher()
                await self._enter()
            _, answer = await self._ask_publisher(
                {"request": "publish", "audiocodec": "opus", "videocodec": "vp8"}, {"type": "offer", "sdp": sdp}
            )
            self._published = True
            await self._keep_state()
            return {"sdp": _sdp(answer), "feed": self.feed}

    async def _unpublish(self) -> Json:
        async with self._publishing:
            if self._published:
                await self._leave_publisher()
                await self._enter()
                await self._keep_state()
        return {}

    async def _leave_publisher(self) -> None:
        """A handle that has left can never join again: each publication gets a new one.

        What opened the subscriptions is worth nothing from here on. That is kept at once: whoever takes the seat over
        while nobody has come in again would else be refused everybody's sound and picture for ever.
        """
        handle, self._publisher, self._published, self._private_id = self._publisher, None, False, None
        await self._keep_state()
        if handle is not None:
            await self._link.detach(handle)
        await self._hear_media("*", receiving=False)

    async def _subscribe(self, request: Subscribe) -> Json:
        self._wanted = "all" if request.feeds == "all" else set(request.feeds)
        asked, self._asked = self._asked, True
        if not asked:
            # What was offered unasked is as fresh as can be, but may have come before the page was ready for it.
            await self._say_offer()
        elif request.fresh:
            self._fresh = True
        self._line.set()
        return {}

    async def _start(self, request: Start) -> Json:
        offer, subscriber = self._offer, self._subscriber
        if offer is None or request.leg != self._leg or subscriber is None:
            raise MediaError("stale", "no such offer")
        # Whoever asks after this has begun anew, and needs another offer than the one answered here.
        self._asked = True
        try:
            await self._link.message(subscriber, {"request": "start"}, {"type": "answer", "sdp": request.sdp})
        except MediaError:
            if self._subscriber == subscriber:
                self._fresh = True
            raise
        finally:
            # Meanwhile another connection may have been offered: that offer is not answered by this one.
            if self._offer is offer:
                self._offer = None
            self._line.set()
            await self._keep_state()
        return {}

    async def _configure(self, request: Configure) -> Json:
        if request.speak and self.feed:
            await self._rooms.mute(self._room, self.feed, muted=False)
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
        if changes and pictures and self._subscriber is not None:
            await self._link.message(self._subscriber, {"request": "configure", "streams": pictures})
        return {}

    async def _trickle(self, request: Trickle) -> Json:
        handle = self._publisher if request.target == "publisher" else self._subscriber
        if handle is not None:
            candidate = request.candidate.model_dump(exclude_none=True) if request.candidate else None
            await self._link.trickle(handle, candidate)
        return {}

    async def _restart(self, request: Restart) -> Json:
        if request.target == "publisher":
            if not (self._published and request.sdp):
                raise MediaError("stale", "nothing is published")
            _, answer = await self._ask_publisher({"request": "configure"}, {"type": "offer", "sdp": request.sdp})
            return {"sdp": _sdp(answer), "feed": self.feed}
        if self._subscriber is not None and self._offer is None:
            _, offer = await self._link.message(self._subscriber, {"request": "configure", "restart": True})
            if offer:
                await self._send_offer(offer)
        return {}

    async def _ask_publisher(self, body: Json, jsep: Json | None = None) -> tuple[Json, Json | None]:
        if self._publisher is None:
            raise MediaError(NO_SUCH_HANDLE)
        return await self._link.message(self._publisher, body, jsep)

    # --- the subscription, one change at a time --------------------------------------------------------------------

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
            await self._look_who_sends()
        self._line.clear()

    async def _settle_afresh(self) -> None:
        await asyncio.sleep(RETRY_SECONDS)
        await self._look_who_sends()
        self._fresh = True
        self._line.set()

    async def _look_who_sends(self) -> None:
        """What is said of comings and goings while a publication begins anew is heard by nobody."""
        before = self.feeds
        with contextlib.suppress(MediaError):
            await self._read_feeds()
        if self.feeds != before:
            await self._feeds_changed()

    async def _settle_once(self) -> None:
        if self._fresh:
            await self._drop_subscriber()
        if self._offer is not None:
            return
        wanted = self.feeds if self._wanted == "all" else self.feeds & self._wanted
        add, drop = sorted(wanted - self._subscribed), sorted((self._subscribed & self.feeds) - wanted)
        if not add and not drop:
            return
        if self._subscriber is None:
            await self._first_subscription(add)
            return
        body: Json = {"request": "update"}
        if add:
            body["subscribe"] = [{"feed": feed} for feed in add]
        if drop:
            body["unsubscribe"] = [{"feed": feed} for feed in drop]
        await self._take(await self._link.message(self._subscriber, body))

    async def _first_subscription(self, feeds: list[str]) -> None:
        self._candidates = []
        self._subscriber = await self._link.attach(opaque_id=f"{self.seat}-r")
        self._leg += 1
        body: Json = {
            "request": "join",
            "ptype": "subscriber",
            "room": self._room.room,
            "pin": self._room.pin,
            "private_id": self._private_id,
            "use_msid": True,
            # Left to itself Janus would make offers of its own while one of ours is under way.
            "autoupdate": False,
            "streams": [{"feed": feed} for feed in feeds],
        }
        await self._take(await self._link.message(self._subscriber, body))

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
        self._offer = OfferEvent(leg=self._leg, sdp=_sdp(offer), streams=streams)
        asyncio.get_running_loop().call_later(ANSWER_OF_BROWSER_SECONDS, self._give_up, self._offer)
        await self._keep_state()
        await self._on_event(self._offer)

    async def _say_offer(self) -> None:
        """Say again what waits for an answer, with the ways to us that were told already."""
        if self._offer:
            await self._on_event(self._offer)
            for candidate in self._candidates:
                await self._on_event(candidate)

    def _give_up(self, offer: OfferEvent) -> None:
        """The browser never answered: begin a new connection rather than wait for ever."""
        if self._offer is offer and not self._ended:
            self._fresh = True
            self._line.set()

    async def _drop_subscriber(self) -> None:
        handle, self._subscriber, self._offer, self._fresh = self._subscriber, None, None, False
        self._subscribed, self._streams = set(), []
        if handle is not None:
            await self._link.detach(handle)

    # --- what Janus tells ------------------------------------------------------------------------------------------

    async def _hear(self, message: Json) -> None:
        leg: Literal["publisher", "subscriber"]
        sender = message.get("sender")
        if sender is None:
            if message["janus"] == "timeout":
                await self._lost()
            return
        if sender == self._publisher:
            leg = "publisher"
        elif sender == self._subscriber:
            leg = "subscriber"
        else:
            return
        match message["janus"]:
            case "event":
                await self._hear_room(message["plugindata"]["data"])
            case "trickle":
                await self._hear_candidate(leg, message["candidate"])
            case "media" if leg == "publisher":
                await self._hear_media(str(message.get("mid", message["type"])), receiving=message["receiving"])
            case "slowlink":
                # Janus counts from its own side: its uplink is what it receives.
                up = message["uplink"] == (leg == "publisher")
                await self._on_event(SlowEvent(up=up and leg == "publisher", lost=message.get("lost", 0)))
            case "hangup":
                await self._hear_hangup(leg, message.get("reason", ""))

    async def _hear_candidate(self, leg: Literal["publisher", "subscriber"], candidate: Json) -> None:
        event = TrickleEvent(
            target=leg,
            leg=self._leg if leg == "subscriber" else None,
            candidate=None if candidate.get("completed") else candidate,
        )
        if leg == "subscriber":
            self._candidates.append(event)
        await self._on_event(event)

    async def _hear_hangup(self, leg: Literal["publisher", "subscriber"], reason: str) -> None:
        feed = self.feed if leg == "publisher" else None
        if leg == "publisher":
            await self._lose_publisher(comes_back=reason not in {"kicked", "ended"})
        else:
            # Only the line of changes replaces a connection: done here, it could cross with a change under way.
            self._fresh = True
            self._line.set()
        await self._on_event(HangupEvent(target=leg, reason=reason, feed=feed))

    async def _lose_publisher(self, *, comes_back: bool) -> None:
        """Stay in the room without publishing, to hear who comes and goes; a person put out stays out."""
        lost = self._publisher
        async with self._publishing:
            if self._publisher is not lost:
                return
            await self._leave_publisher()
            if comes_back:
                with contextlib.suppress(MediaError):
                    await self._enter()
                    await self._keep_state()

    async def _hear_media(self, mid: str, *, receiving: bool) -> None:
        before = bool(self._receiving)
        if mid == "*":
            self._receiving.clear()
        elif receiving:
            self._receiving.add(mid)
        else:
            self._receiving.discard(mid)
        if self._on_media and before != bool(self._receiving):
            await self._on_media(bool(self._receiving))

    async def _hear_room(self, data: Json) -> None:
        feed = data.get("id", "")
        if data.get("videoroom") in {"talking", "stopped-talking"}:
            await self._on_event(TalkingEvent(feed=feed, talking=data["videoroom"] == "talking"))
        elif "moderation" in data:
            media: Literal["audio", "video"] = "audio" if data["mid"] == AUDIO_MID else "video"
            await self._on_event(ModeratedEvent(feed=feed, media=media, muted=data["moderation"] == "muted"))
        elif "publishers" in data:
            self._add_feeds(data)
            await self._feeds_changed()
        elif data.get("leaving") == "ok":
            await self._hear_hangup("publisher", data.get("reason", "left"))
        elif gone := data.get("leaving") or data.get("unpublished"):
            if gone != "ok" and gone in self.feeds:
                self.feeds.discard(gone)
                self._subscribed.discard(gone)
                self._streams = [stream for stream in self._streams if stream["feed"] != gone]
                await self._feeds_changed()
        elif data.get("videoroom") == "destroyed":
            await self._hear_hangup("publisher", "ended")
        elif "substream" in data and "mid" in data:
            await self._on_event(LayerEvent(mid=data["mid"], layer=data["substream"]))

    async def _feeds_changed(self) -> None:
        await self._on_event(FeedsEvent(feeds=sorted(self.feeds)))
        self._line.set()

    def _add_feeds(self, data: Json) -> None:
        found = {publisher["id"] for publisher in data.get("publishers", [])}
        self.feeds |= {feed for feed in found if not self._is_mine(feed)}
        self._line.set()

    async def _read_feeds(self) -> None:
        """Ask instead of remembering: what was said while nobody listened is lost."""
        self.feeds = {feed for feed, sends in (await self._participants()).items() if sends and not self._is_mine(feed)}
        self._subscribed &= self.feeds

    async def _participants(self) -> dict[str, bool]:
        answer, _ = await self._ask_publisher({"request": "listparticipants", "room": self._room.room})
        return {person["id"]: person["publisher"] for person in answer["participants"]}

    # --- when Janus is lost ----------------------------------------------------------------------------------------

    async def _lost(self) -> None:
        if not self._ended and (self._recovery is None or self._recovery.done()):
            self._recovery = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        """Claim the session again, or come in anew once Janus is back, for as long as the person stays."""
        before = self.state()
        await self._on_event(HangupEvent(target="both", reason="unreachable"))
        await self._hear_media("*", receiving=False)
        await self._stop_settling()
        await self._link.close()
        tries = 0
        while True:
            try:
                if not await self.claim(before):
                    await self.join(anew=True)
                return
            except MediaError as error:
                logger.info("media server out of reach (%s)", error.code)
                await asyncio.sleep(LOOK_AGAIN_SECONDS[min(tries, len(LOOK_AGAIN_SECONDS) - 1)])
                tries += 1
                # A restart on the same machine is mostly quicker than a move to another.
                if tries >= LOST_AFTER_TRIES and self._on_lost:
                    await self._on_lost()

    async def _stop_settling(self) -> None:
        if self._settling:
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)
            self._settling = None

    async def _keep_state(self) -> None:
        if self._on_state and not self._ended:
            await self._on_state(self.state())


def _sdp(jsep: Json | None) -> str:
    if not jsep or "sdp" not in jsep:
        raise MediaError("no_answer", "the media server gave no description")
    return str(jsep["sdp"])
