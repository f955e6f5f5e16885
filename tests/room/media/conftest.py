import asyncio
import contextlib
from pathlib import Path
from uuid import uuid4

import pytest

from openiop.room.media.janus import JanusAddress
from openiop.room.media.rooms import JanusRooms
from openiop.room.media.server import JanusServer


@pytest.fixture(scope="session")
def janus(tmp_path_factory):
    """A Janus of the tests' own, for as long as they run."""
    folder: Path = tmp_path_factory.mktemp("var")
    server = JanusServer(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def address(janus):
    found = JanusAddress.from_env(janus.env())
    assert found
    return found


@pytest.fixture
def rooms(address):
    return JanusRooms(address)


class Heard:
    """Collects what a seat tells its browser, and waits for what should come."""

    def __init__(self):
        self.events = []
        self.receiving = []
        self.states = []
        self._more = asyncio.Event()

    async def event(self, event):
        self.events.append(event)
        self._more.set()

    async def media(self, receiving):
        self.receiving.append(receiving)

    async def state(self, state):
        self.states.append(state)

    def kinds(self):
        return [event.kind for event in self.events]

    async def wait_for(self, kind, where=lambda event: True, *, seconds=20):
        """Return the newest event of this kind that fits, waiting for it if it has not come."""
        async with asyncio.timeout(seconds):
            while True:
                for event in reversed(self.events):
                    if event.kind == kind and where(event):
                        return event
                self._more.clear()
                await self._more.wait()


@pytest.fixture
def heard():
    return Heard


@pytest.fixture
def seated():
    """A seat for as long as the block lasts, with the ears of its browser."""

    @contextlib.asynccontextmanager
    async def seated(rooms, room, *, seat=None, state=None):
        ears = Heard()
        media = await rooms.take_seat(
            room, seat or uuid4(), on_event=ears.event, on_media=ears.media, on_state=ears.state, state=state
        )
        try:
            yield media, ears
        finally:
            await media.leave()

    return seated
