"""The door to the media server: rooms are made, people seated, silenced and put out through here.

Nobody's name reaches the media server: rooms and feeds carry ids of our own, and every room has a secret (for what
facilitators may do) and a pin (to come in) that only our server knows.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from openiop.room.media.janus import JanusAddress, JanusLink, Json, MediaError
from openiop.room.protocol import MediaEvent, MediaRequest

PUBLISHERS = 24
BITS_PER_SECOND = 1_200_000
ROOM_EXISTS, NO_SUCH_ROOM, NO_SUCH_FEED = 427, 426, 428

OnEvent = Callable[[MediaEvent], Awaitable[None]]
OnMedia = Callable[[bool], Awaitable[None]]
OnState = Callable[[Json], Awaitable[None]]
OnLost = Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class MediaRoom:
    """A room's id, secret and pin: keep all three with the session, they make the same room again after a crash.

    `instance` names the media server it is on (see pool.py); empty where there is only one.
    """

    room: str
    secret: str
    pin: str
    instance: str = ""

    @classmethod
    def unguessable(cls) -> "MediaRoom":
        return cls(room=secrets.token_urlsafe(24), secret=secrets.token_urlsafe(24), pin=secrets.token_urlsafe(24))

    def __repr__(self) -> str:
        return "MediaRoom(...)"


class Seated(Protocol):
    """One browser's media, as the socket sees it."""

    feed: str | None

    def state(self) -> Json: ...
    async def handle(self, request: MediaRequest) -> Json: ...
    async def resume(self) -> None: ...
    async def release(self) -> None: ...
    async def leave(self) -> None: ...


class MediaRooms(Protocol):
    """What a media server can do for the room; `JanusRooms` and `fake.FakeRooms` both can."""

    async def create_room(self, room: MediaRoom | None = None) -> MediaRoom: ...
    async def destroy_room(self, room: MediaRoom) -> None: ...
    async def kick(self, room: MediaRoom, feed: str) -> None: ...
    async def mute(self, room: MediaRoom, feed: str, *, muted: bool = True) -> None: ...
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
    ) -> Seated: ...


class JanusRooms:
    """Rooms on one Janus."""

    def __init__(self, janus: JanusAddress) -> None:
        self.janus = janus

    async def create_room(self, room: MediaRoom | None = None) -> MediaRoom:
        """Make a room, a new one or the one given; a room that is already there stays as it is.

        Raises MediaError, "unreachable" among others.
        """
        room = room or MediaRoom.unguessable()
        async with _plugin(self.janus) as ask:
            try:
                await ask(_creation(room, admin_key=self.janus.admin_key))
            except MediaError as error:
                if error.code != ROOM_EXISTS:
                    raise
        return room

    async def destroy_room(self, room: MediaRoom) -> None:
        """End the room for everyone in it; a room that is not there is what was wanted."""
        await self._as_owner({"request": "destroy"}, room, unless=NO_SUCH_ROOM)

    async def kick(self, room: MediaRoom, feed: str) -> None:
        """Put a feed out. The person may come back unless admission says otherwise: that is not decided here."""
        await self._as_owner({"request": "kick", "id": feed}, room, unless=NO_SUCH_FEED)

    async def mute(self, room: MediaRoom, feed: str, *, muted: bool = True) -> None:
        """Stop a feed's sound at the server, whatever the person's own button says. Everybody is told."""
        mid = AUDIO_MID  # the order in which our own page publishes: sound, then picture
        await self._as_owner({"request": "moderate", "id": feed, "mid": mid, "mute": muted}, room, unless=NO_SUCH_FEED)

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
    ) -> Seated:
        """Seat a browser: take over what `state` describes if it still lives, else come in anew.

        In the second case, where there was a `state`, the browser is told with a `gone` event to publish again.
        `on_media` hears whether anything of this person arrives; `on_state` hears each new state worth keeping;
        `on_lost`, again and again, that the media server stays out of reach. Raises MediaError.
        """
        from openiop.room.media.seat import MediaSeat

        seated = MediaSeat(self, room, seat, on_event=on_event, on_media=on_media, on_state=on_state, on_lost=on_lost)
        try:
            if state and await seated.claim(state):
                return seated
            await seated.join(anew=bool(state))
        except asyncio.CancelledError:
            await seated.release()
            raise
        return seated

    async def _as_owner(self, body: Json, room: MediaRoom, *, unless: int) -> None:
        async with _plugin(self.janus) as ask:
            try:
                await ask(body | {"room": room.room, "secret": room.secret})
            except MediaError as error:
                if error.code != unless:
                    raise


AUDIO_MID, VIDEO_MID = "0", "1"


@contextlib.asynccontextmanager
async def _plugin(janus: JanusAddress) -> AsyncIterator[Callable[[Json], Awaitable[Json]]]:
    """A session for one errand; it is over within a few milliseconds."""
    link = await JanusLink.opened(janus)
    try:
        handle = await link.attach()

        async def ask(body: Json) -> Json:
            return (await link.message(handle, body))[0]

        yield ask
    finally:
        await link.destroy()


def _creation(room: MediaRoom, *, admin_key: str) -> Json:
    return {
        "request": "create",
        "admin_key": admin_key,
        "room": room.room,
        "secret": room.secret,
        "pin": room.pin,
        "is_private": True,
        "permanent": False,
        "publishers": PUBLISHERS,
        "bitrate": BITS_PER_SECOND,
        "bitrate_cap": True,
        "fir_freq": 10,
        "audiocodec": "opus",
        "videocodec": "vp8",
        "opus_fec": True,
        "opus_dtx": True,
        "audiolevel_ext": True,
        "audiolevel_event": True,
        # Speech in a quiet voice, within 0.4 s; measured in -dBov, so a larger number is a softer sound.
        "audio_active_packets": 20,
        "audio_level_average": 55,
        "require_pvtid": True,
        "notify_joining": False,
        "lock_record": True,
    }
