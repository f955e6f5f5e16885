"""One browser's media: what it may ask of Janus, and what Janus has to tell it.

A seat has one session with two connections: the publisher's, which is here, and one subscriber's that carries all
feeds (subscription.py).
"""

import asyncio
import contextlib
import logging
import secrets
from typing import Literal
from uuid import UUID

from openiop.room.media.janus import NO_SUCH_HANDLE, UNREACHABLE, JanusLink, Json, MediaError
from openiop.room.media.rooms import AUDIO_MID, NO_SUCH_ROOM, JanusRooms, MediaRoom, OnEvent, OnLost, OnMedia, OnState
from openiop.room.media.subscription import Subscription, sdp_of
from openiop.room.protocol import (
    Configure,
    FeedsEvent,
    GoneEvent,
    HangupEvent,
    LayerEvent,
    MediaRequest,
    ModeratedEvent,
    Publish,
    Restart,
    SlowEvent,
    Start,
    Subscribe,
    TalkingEvent,
    Trickle,
    TrickleEvent,
    Unpublish,
)

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.0)
LOST_AFTER_TRIES = 3


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
        self._rooms, self.room = rooms, room
        self.say, self._on_media, self._on_state = on_event, on_media, on_state
        self._on_lost = on_lost
        self._publishing = asyncio.Lock()
        self._ended = False
        self._recovery: asyncio.Task[None] | None = None
        self.link: JanusLink
        self.subscription = Subscription(self)
        self._forget()

    def _forget(self) -> None:
        """Everything that lives and dies with the session at Janus."""
        self._publisher: int | None = None
        self.private_id: int | None = None
        self._published = False
        self._receiving: set[str] = set()
        self.feeds = set()
        self.subscription.forget()

    # --- coming, going, being taken over ---------------------------------------------------------------------------

    async def join(self, *, anew: bool = False) -> None:
        """Come in with a session of our own; an older feed of the same seat is put out. Raises MediaError.

        What is there is offered without being asked for: the page's question would cost a way there and back.
        `anew`: the browser had media before, and is told first that it is gone.
        """
        self._forget()
        self.subscription.wanted = "all"
        self.link = await JanusLink.opened(self._rooms.janus, on_event=self._hear, on_lost=self._lost)
        try:
            await self._enter()
        except MediaError as error:
            if error.code != NO_SUCH_ROOM:
                await self.link.destroy()
                raise
            await self._rooms.create_room(self.room)
            await self._enter()
        await self.keep_state()
        if anew:
            await self.say(GoneEvent())
        await self.say(FeedsEvent(feeds=sorted(self.feeds)))
        self.subscription.begin()

    async def claim(self, state: Json) -> bool:
        """Take over the session that `state` describes; False if it is gone. Media never stops meanwhile."""
        if state.get("room") != self.room.room:
            return False
        try:
            self.link = await JanusLink.opened(
                self._rooms.janus, claim=state["session"], on_event=self._hear, on_lost=self._lost
            )
        except MediaError as error:
            if error.code == UNREACHABLE:
                raise
            return False
        self._publisher, self._published = state["publisher"], state["published"]
        self.feed, self.private_id = state["feed"], state["private_id"]
        self.subscription.claim(state)
        try:
            if self.private_id is None:  # let go of in the middle of coming in: nobody heard how that ended
                await self._leave_publisher()
                await self._enter()
                await self.keep_state()
            await self._read_feeds()
        except MediaError:
            await self.link.destroy()
            return False
        self.subscription.begin()
        await self.resume()
        return True

    def state(self) -> Json:
        """What another process needs to `claim` this seat within 15 seconds; no secrets, JSON."""
        return {
            "room": self.room.room,
            "session": self.link.session,
            "publisher": self._publisher,
            "private_id": self.private_id,
            "feed": self.feed,
            "published": self._published,
            **self.subscription.state(),
        }

    async def resume(self) -> None:
        """Say again what a browser may have missed while its socket was away."""
        await self.say(FeedsEvent(feeds=sorted(self.feeds)))
        await self.subscription.say_offer()
        self.subscription.changed()

    async def release(self) -> None:
        """Let go without ending anything: media flows on, and the seat can be claimed for 15 seconds."""
        await self._stop_tasks()
        if hasattr(self, "link"):  # given up before there was one
            await self.link.close()

    async def leave(self) -> None:
        """Leave the room and end the session."""
        await self._stop_tasks()
        await self.link.destroy()

    async def _stop_tasks(self) -> None:
        self._ended = True
        if self._recovery and self._recovery is not asyncio.current_task():
            self._recovery.cancel()
            await asyncio.gather(self._recovery, return_exceptions=True)
        await self.subscription.stop()

    async def _enter(self) -> None:
        self.feed = f"{self.seat}-{secrets.token_hex(3)}"
        handle = self._publisher = await self.link.attach(opaque_id=self.feed)
        try:
            joined, _ = await self._ask_publisher(
                {
                    "request": "join",
                    "ptype": "publisher",
                    "room": self.room.room,
                    "pin": self.room.pin,
                    "id": self.feed,
                }
            )
        except MediaError:
            # On a handle that never came in, every later try would be refused.
            self._publisher = None
            await self.link.detach(handle)
            raise
        self.private_id = joined["private_id"]
        self._published = False
        self._add_feeds(joined)
        await self._put_out_older_selves()

    async def _put_out_older_selves(self) -> None:
        """A reloaded page or a second window leaves a ghost behind, which Janus would keep for some 17 seconds."""
        older = {feed for feed in await self._participants() if self._is_mine(feed) and feed != self.feed}
        for feed in older:
            with contextlib.suppress(MediaError):  # gone by itself meanwhile
                await self._rooms.kick(self.room, feed)
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
                return await self.subscription.ask(request)
            case Start():
                return await self.subscription.start(request)
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
            await self.keep_state()
            return {"sdp": sdp_of(answer), "feed": self.feed}

    async def _unpublish(self) -> Json:
        async with self._publishing:
            if self._published:
                await self._leave_publisher()
                await self._enter()
                await self.keep_state()
        return {}

    async def _leave_publisher(self) -> None:
        """A handle that has left can never join again: each publication gets a new one.

        What opened the subscriptions is worth nothing from here on. That is kept at once: whoever takes the seat over
        while nobody has come in again would else be refused everybody's sound and picture for ever.
        """
        handle, self._publisher, self._published, self.private_id = self._publisher, None, False, None
        await self.keep_state()
        if handle is not None:
            await self.link.detach(handle)
        await self._hear_media("*", receiving=False)

    async def _configure(self, request: Configure) -> Json:
        if request.speak and self.feed:
            await self._rooms.mute(self.room, self.feed, muted=False)
        await self.subscription.configure(request)
        return {}

    async def _trickle(self, request: Trickle) -> Json:
        handle = self._publisher if request.target == "publisher" else self.subscription.handle
        if handle is not None:
            candidate = request.candidate.model_dump(exclude_none=True) if request.candidate else None
            await self.link.trickle(handle, candidate)
        return {}

    async def _restart(self, request: Restart) -> Json:
        if request.target == "publisher":
            if not (self._published and request.sdp):
                raise MediaError("stale", "nothing is published")
            _, answer = await self._ask_publisher({"request": "configure"}, {"type": "offer", "sdp": request.sdp})
            return {"sdp": sdp_of(answer), "feed": self.feed}
        await self.subscription.restart()
        return {}

    async def _ask_publisher(self, body: Json, jsep: Json | None = None) -> tuple[Json, Json | None]:
        if self._publisher is None:
            raise MediaError(NO_SUCH_HANDLE)
        return await self.link.message(self._publisher, body, jsep)

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
        elif sender == self.subscription.handle:
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
                await self.say(SlowEvent(up=up and leg == "publisher", lost=message.get("lost", 0)))
            case "hangup":
                await self._hear_hangup(leg, message.get("reason", ""))

    async def _hear_candidate(self, leg: Literal["publisher", "subscriber"], candidate: Json) -> None:
        way = None if candidate.get("completed") else candidate
        if leg == "subscriber":
            await self.subscription.hear_candidate(way)
        else:
            await self.say(TrickleEvent(target="publisher", leg=None, candidate=way))

    async def _hear_hangup(self, leg: Literal["publisher", "subscriber"], reason: str) -> None:
        feed = self.feed if leg == "publisher" else None
        if leg == "publisher":
            await self._lose_publisher(comes_back=reason not in {"kicked", "ended"})
        else:
            self.subscription.begin_anew()
        await self.say(HangupEvent(target=leg, reason=reason, feed=feed))

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
                    await self.keep_state()

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
            await self.say(TalkingEvent(feed=feed, talking=data["videoroom"] == "talking"))
        elif "moderation" in data:
            media: Literal["audio", "video"] = "audio" if data["mid"] == AUDIO_MID else "video"
            await self.say(ModeratedEvent(feed=feed, media=media, muted=data["moderation"] == "muted"))
        elif "publishers" in data:
            self._add_feeds(data)
            await self._feeds_changed()
        elif data.get("leaving") == "ok":
            await self._hear_hangup("publisher", data.get("reason", "left"))
        elif gone := data.get("leaving") or data.get("unpublished"):
            if gone != "ok" and gone in self.feeds:
                self.feeds.discard(gone)
                self.subscription.drop(gone)
                await self._feeds_changed()
        elif data.get("videoroom") == "destroyed":
            await self._hear_hangup("publisher", "ended")
        elif "substream" in data and "mid" in data:
            await self.say(LayerEvent(mid=data["mid"], layer=data["substream"]))

    async def _feeds_changed(self) -> None:
        await self.say(FeedsEvent(feeds=sorted(self.feeds)))
        self.subscription.changed()

    def _add_feeds(self, data: Json) -> None:
        found = {publisher["id"] for publisher in data.get("publishers", [])}
        self.feeds |= {feed for feed in found if not self._is_mine(feed)}
        self.subscription.changed()

    async def _read_feeds(self) -> None:
        """Ask instead of remembering: what was said while nobody listened is lost."""
        self.feeds = {feed for feed, sends in (await self._participants()).items() if sends and not self._is_mine(feed)}
        self.subscription.keep_only(self.feeds)

    async def look_who_sends(self) -> None:
        """What is said of comings and goings while a publication begins anew is heard by nobody."""
        before = self.feeds
        with contextlib.suppress(MediaError):
            await self._read_feeds()
        if self.feeds != before:
            await self._feeds_changed()

    async def _participants(self) -> dict[str, bool]:
        answer, _ = await self._ask_publisher({"request": "listparticipants", "room": self.room.room})
        return {person["id"]: person["publisher"] for person in answer["participants"]}

    # --- when Janus is lost ----------------------------------------------------------------------------------------

    async def _lost(self) -> None:
        if not self._ended and (self._recovery is None or self._recovery.done()):
            self._recovery = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        """Claim the session again, or come in anew once Janus is back, for as long as the person stays."""
        before = self.state()
        await self.say(HangupEvent(target="both", reason="unreachable"))
        await self._hear_media("*", receiving=False)
        await self.subscription.stop()
        await self.link.close()
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

    async def keep_state(self) -> None:
        if self._on_state and not self._ended:
            await self._on_state(self.state())
