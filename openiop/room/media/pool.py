"""Several media servers behind the same door: which of them a session is given to, and which answer.

A session's rooms are all on one instance, named by an opaque key (`MediaRoom.instance`). The pool itself remembers
nothing about sessions: where they are stands in the database, so that every web process sees the same.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from openiop.room.media.janus import UNREACHABLE, JanusAddress, Json, MediaError
from openiop.room.media.rooms import JanusRooms, MediaRoom, OnEvent, OnLost, OnMedia, OnState, Seated

PROBE_SECONDS = 1.0
REMEMBERED_SECONDS = 2.0  # a whole group asks at once when its instance dies


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One media server. `draining`: it keeps the sessions it has and is given no new one."""

    address: JanusAddress
    draining: bool = False

    @property
    def key(self) -> str:
        """Names it in the database; made from its address alone, so that the order of the settings does not matter."""
        return hashlib.sha256(self.address.ws.encode()).hexdigest()[:12]


def preferred(instances: Iterable[Instance], *, load: Mapping[str, int], without: str = "") -> list[Instance]:
    """Return the instances in the order in which a session should be offered to them.

    The least loaded first; those that are draining last, for a group is worth more than an empty server. Equally
    loaded ones in the order given. `without` names one that is not to be used.
    """
    found = [instance for instance in instances if instance.key != without]
    return sorted(found, key=lambda instance: (instance.draining, load.get(instance.key, 0)))


class JanusPool:
    """The door (`MediaRooms`) to all instances; `instances` is never empty."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.instances = list(instances)
        self._rooms = {instance.key: JanusRooms(instance.address) for instance in instances}
        self._probed: dict[str, tuple[float, bool]] = {}

    def choose(self, *, load: Mapping[str, int]) -> str:
        """Return the key of the instance a new session should have: the first preferred one that answers.

        Where none answers the first is as good as any: its people wait for it, or are moved.
        """
        if len(self.instances) == 1:
            return self.instances[0].key
        order = preferred(self.instances, load=load)
        return next((one.key for one in order if self.answers(one.key)), order[0].key)

    def instead_of(self, key: str, *, load: Mapping[str, int]) -> str | None:
        """Return another instance that answers, for the sessions of one that does not; None where it does after all."""
        others = preferred(self.instances, load=load, without=key)
        if not others or self.answers(key):
            return None
        return next((one.key for one in others if self.answers(one.key)), None)

    def answers(self, key: str) -> bool:
        """Does this instance answer within a second? Blocks; what was found is true for two seconds."""
        known = self._probed.get(key)
        if known is None or time.monotonic() - known[0] > REMEMBERED_SECONDS:
            instance = next((one for one in self.instances if one.key == key), None)
            known = self._probed[key] = time.monotonic(), instance is not None and _pongs(instance.address)
        return known[1]

    # --- the door ---

    async def create_room(self, room: MediaRoom | None = None) -> MediaRoom:
        room = room or MediaRoom.unguessable()
        return await self._of(room).create_room(room)

    async def destroy_room(self, room: MediaRoom) -> None:
        await self._of(room).destroy_room(room)

    async def kick(self, room: MediaRoom, feed: str) -> None:
        await self._of(room).kick(room, feed)

    async def mute(self, room: MediaRoom, feed: str, *, muted: bool = True) -> None:
        await self._of(room).mute(room, feed, muted=muted)

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
        return await self._of(room).take_seat(
            room, seat, on_event=on_event, on_media=on_media, on_state=on_state, on_lost=on_lost, state=state
        )

    def _of(self, room: MediaRoom) -> JanusRooms:
        """Rooms of before there were several name none. An instance that is no longer in the settings is gone."""
        if not room.instance:
            return self._rooms[self.instances[0].key]
        if room.instance not in self._rooms:
            raise MediaError(UNREACHABLE)
        return self._rooms[room.instance]


def _pongs(janus: JanusAddress) -> bool:
    ping = {"janus": "ping", "transaction": "probe", "apisecret": janus.api_secret}
    try:
        with connect(
            janus.ws,
            subprotocols=[Subprotocol("janus-protocol")],
            open_timeout=PROBE_SECONDS,
            close_timeout=PROBE_SECONDS,
            proxy=None,
            compression=None,
        ) as line:
            line.send(json.dumps(ping))
            return bool(json.loads(line.recv(PROBE_SECONDS))["janus"] == "pong")
    except (OSError, TimeoutError, WebSocketException, ValueError, KeyError):
        return False
