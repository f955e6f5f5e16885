"""A media server in memory, for tests of what stands above: the same door as `rooms.JanusRooms`, no media.

Rooms, pins, feeds, muting, putting out, claiming and a crash behave as the real one's; the two are held to that by the
same tests (tests/room/media/test_either.py).
"""

import secrets
from dataclasses import dataclass, field
from uuid import UUID

from openiop.room.media.janus import UNREACHABLE, Json, MediaError
from openiop.room.media.rooms import NO_SUCH_ROOM, MediaRoom, OnEvent, OnLost, OnMedia, OnState
from openiop.room.protocol import (
    Configure,
    FeedsEvent,
    GoneEvent,
    HangupEvent,
    MediaRequest,
    ModeratedEvent,
    OfferEvent,
    Publish,
    Restart,
    Start,
    StreamOfFeed,
    Subscribe,
    Unpublish,
)

WRONG_PIN_OR_SECRET = 433


@dataclass
class _Open:
    room: MediaRoom
    seats: list["FakeSeat"] = field(default_factory=list)


class FakeRooms:
    """`down = True` makes everything fail as if the media server were out of reach; `crash` loses all it knew."""

    def __init__(self) -> None:
        self.down = False
        self.released: dict[int, FakeSeat] = {}
        self._rooms: dict[str, _Open] = {}

    async def create_room(self, room: MediaRoom | None = None) -> MediaRoom:
        self._reach()
        room = room or MediaRoom.unguessable()
        self._rooms.setdefault(room.room, _Open(room))
        return room

    async def destroy_room(self, room: MediaRoom) -> None:
        self._reach()
        opened = self._rooms.get(room.room)
        if opened:
            self._owner(room)
            for seat in list(opened.seats):
                await seat._hang_up("ended")
            del self._rooms[room.room]

    async def kick(self, room: MediaRoom, feed: str) -> None:
        for seat in self._owner(room).seats:
            if seat.feed == feed:
                await seat._hang_up("kicked")
                return

    async def mute(self, room: MediaRoom, feed: str, *, muted: bool = True) -> None:
        opened = self._owner(room)
        for seat in opened.seats:
            if seat.feed == feed:
                seat.muted = muted
                for listener in opened.seats:
                    await listener._on_event(ModeratedEvent(feed=feed, media="audio", muted=muted))

    async def take_seat(
        self,
        room: MediaRoom,
        seat: UUID,
        *,
        on_event: OnEvent,
        on_media: OnMedia | None = None,
        on_state: OnState | None = None,
        on_lost: OnLost | None = None,
        state: Json | None = None,
    ) -> "FakeSeat":
        self._reach()
        claimed = self.released.pop(state.get("session", 0), None) if state else None
        if claimed and claimed._room.room == room.room:
            claimed._on_event, claimed._on_media, claimed._on_state = on_event, on_media, on_state
            await claimed.resume()
            return claimed
        await self.create_room(room)
        taken = FakeSeat(self, room, seat, on_event, on_media, on_state)
        await taken._enter()
        if state:
            await on_event(GoneEvent())
        await taken.resume()
        return taken

    async def crash(self) -> None:
        """Lose everything, as a killed media server does, and be back at once: everybody is told to publish again."""
        everybody = [seat for opened in self._rooms.values() for seat in opened.seats]
        self._rooms.clear()
        self.released.clear()
        for seat in everybody:
            await seat._on_event(HangupEvent(target="both", reason=UNREACHABLE))
            await seat._come_back()

    def _reach(self) -> None:
        if self.down:
            raise MediaError(UNREACHABLE)

    def _owner(self, room: MediaRoom) -> _Open:
        self._reach()
        opened = self._rooms.get(room.room)
        if opened is None:
            raise MediaError(NO_SUCH_ROOM)
        if opened.room.secret != room.secret:
            raise MediaError(WRONG_PIN_OR_SECRET)
        return opened

    def _enterable(self, room: MediaRoom) -> _Open:
        opened = self._rooms[room.room]
        if opened.room.pin != room.pin:
            raise MediaError(WRONG_PIN_OR_SECRET)
        return opened


class FakeSeat:
    """One browser's seat; made by `FakeRooms.take_seat`."""

    def __init__(
        self,
        rooms: FakeRooms,
        room: MediaRoom,
        seat: UUID,
        on_event: OnEvent,
        on_media: OnMedia | None,
        on_state: OnState | None,
    ) -> None:
        self.seat = seat
        self.feed: str | None = None
        self.muted = False
        self._rooms, self._room = rooms, room
        self._on_event, self._on_media, self._on_state = on_event, on_media, on_state
        self._session = secrets.randbits(50)
        self._published = False
        self._follows = False
        self._leg = 0

    def state(self) -> Json:
        return {"room": self._room.room, "session": self._session, "feed": self.feed, "published": self._published}

    async def handle(self, request: MediaRequest) -> Json:
        self._rooms._reach()
        match request:
            case Publish():
                if self._published:
                    await self._renew()
                self._published = True
                await self._media(True)
                await self._tell_room()
                await self._keep_state()
                return {"sdp": "v=0\r\ns=answer\r\n", "feed": self.feed}
            case Unpublish():
                await self._renew()
                await self._keep_state()
            case Subscribe():
                self._follows = True
                await self._offer()
            case Start() if request.leg != self._leg or not self._leg:
                raise MediaError("stale")
            case Restart(target="publisher"):
                if not self._published:
                    raise MediaError("stale")
                return {"sdp": "v=0\r\ns=answer\r\n", "feed": self.feed}
            case Configure(speak=True) if self.feed:
                await self._rooms.mute(self._room, self.feed, muted=False)
        return {}

    async def resume(self) -> None:
        await self._on_event(FeedsEvent(feeds=self._others()))

    async def release(self) -> None:
        self._rooms.released[self._session] = self

    async def leave(self) -> None:
        await self._go()

    def _others(self) -> list[str]:
        opened = self._rooms._rooms.get(self._room.room)
        seats = opened.seats if opened else []
        return sorted(seat.feed for seat in seats if seat is not self and seat._published and seat.feed)

    async def _enter(self) -> None:
        opened = self._rooms._enterable(self._room)
        for older in [seat for seat in opened.seats if seat.seat == self.seat]:
            await older._hang_up("kicked")
        opened.seats.append(self)
        self.feed = f"{self.seat}-{secrets.token_hex(3)}"
        await self._keep_state()

    async def _renew(self) -> None:
        self._published = False
        await self._media(False)
        await self._tell_room()
        self.feed = f"{self.seat}-{secrets.token_hex(3)}"

    async def _come_back(self) -> None:
        self._published = self._follows = False
        await self._media(False)
        await self._rooms.create_room(self._room)
        await self._enter()
        await self._on_event(GoneEvent())
        await self.resume()

    async def _hang_up(self, reason: str) -> None:
        feed = self.feed
        await self._go()
        await self._on_event(HangupEvent(target="publisher", reason=reason, feed=feed))

    async def _go(self) -> None:
        opened = self._rooms._rooms.get(self._room.room)
        if opened and self in opened.seats:
            opened.seats.remove(self)
        self._published = False
        await self._media(False)
        await self._tell_room()

    async def _tell_room(self) -> None:
        opened = self._rooms._rooms.get(self._room.room)
        for seat in opened.seats if opened else []:
            if seat is not self:
                await seat.resume()
                if seat._follows:
                    await seat._offer()

    async def _offer(self) -> None:
        others = self._others()
        if others:
            self._leg = 1
            streams = [StreamOfFeed(mid=str(n), feed=feed, media="audio") for n, feed in enumerate(others)]
            await self._on_event(OfferEvent(leg=self._leg, sdp="v=0\r\ns=offer\r\n", streams=streams))

    async def _media(self, receiving: bool) -> None:
        if self._on_media:
            await self._on_media(receiving)

    async def _keep_state(self) -> None:
        if self._on_state:
            await self._on_state(self.state())
