"""Boards of tonight's group: Bea leads, Sam and Maya sit in it, Leo is in another group."""

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from pycrdt import Doc, Map

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission
from openiop.room.boards.models import Board
from openiop.room.models import Place, Seat, SeatState
from openiop.room.urls import websocket_urlpatterns
from openiop.schedule.models import CareSession


def tonight(person: Any) -> CareSession:
    with acting(person):
        return CareSession.objects.visible_to(person).between(world.NOW, world.NOW + timedelta(hours=1)).get()


def sit(
    person: Any, session: CareSession, *, by: Any, place: str = Place.GROUP, state: str = SeatState.ADMITTED
) -> Seat:
    """Give somebody a seat, as the door would."""
    with acting(by):
        admission.open_room(session, place, at=world.NOW)
        seat, _made = Seat.objects.update_or_create(
            session=session,
            person=person,
            defaults={
                "clinic_id": session.clinic_id,
                "role": "patient",
                "asked_at": world.NOW,
                "admitted_at": world.NOW,
                "ready": True,
                "state": state,
                "place": place,
            },
        )
        return seat


def open_board(session: CareSession, *, by: Any, place: str = Place.GROUP) -> Board:
    with acting(by):
        admission.ask(session, by, at=world.NOW)
        return Board.lay_out(session, place=place, at=world.NOW)


def shape(key: str = "a", **changes: Any) -> dict[str, Any]:
    return {
        "id": key, "type": "rectangle", "x": 10.0, "y": 20.0, "width": 100.0, "height": 50.0, "version": 1.0,
        "versionNonce": 7.0, "isDeleted": False, "index": "a0", **changes,
    }  # fmt: skip


class Browser:
    """One tab at a board's socket, with a Yjs document of its own."""

    def __init__(self, person: Any, board: Board) -> None:
        self.doc: Any = Doc()
        self.map = self.doc.get("elements", type=Map)
        self.socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/boards/{board.pk}")
        self.socket.scope["person"] = person
        self.words: list[dict[str, Any]] = []
        self.n = 0

    async def open(self) -> "Browser":
        await self.socket.connect()
        await self.hello()
        await self.until("welcome")
        return self

    async def hello(self) -> None:
        vector = base64.b64encode(self.doc.get_state()).decode()
        await self.say({"type": "hello", "protocol": 1, "vector": vector})

    async def say(self, words: dict[str, Any]) -> None:
        await self.socket.send_to(text_data=json.dumps(words))

    async def draw(self, *shapes: dict[str, Any]) -> dict[str, Any]:
        """Draw these and return what the server says to it."""
        before = self.doc.get_state()
        with self.doc.transaction():
            for each in shapes:
                self.map[each["id"]] = each
        return await self.send(self.doc.get_update(before))

    async def send(self, update: bytes) -> dict[str, Any]:
        self.n += 1
        await self.socket.send_to(bytes_data=self.n.to_bytes(4, "big") + update)
        answer = await self.until("kept", "refused", "bye", "error")
        assert answer.get("n", self.n) == self.n
        return answer

    async def until(self, *types: str) -> dict[str, Any]:
        """Return the next words of one of these types; what is drawn meanwhile goes into the document."""
        while True:
            words = await self.hear()
            if words and words["type"] in types:
                return words

    async def hear(self) -> dict[str, Any] | None:
        output = await self.socket.receive_output(timeout=5)
        if output["type"] == "websocket.close":
            return {"type": "closed", "code": output["code"]}
        if output.get("bytes") is not None:
            self.doc.apply_update(output["bytes"])
            return None
        words: dict[str, Any] = json.loads(output["text"])
        self.words.append(words)
        return words

    async def sees(self, *keys: str) -> None:
        """Wait until exactly these stand on the board as this tab has it."""

        async def wait() -> None:
            while self.standing() != set(keys):
                await self.hear()

        await asyncio.wait_for(wait(), 5)

    def standing(self) -> set[str]:
        return {key for key, value in self.map.to_py().items() if not value["isDeleted"]}

    async def close(self) -> None:
        await self.socket.disconnect(timeout=20)


@pytest.fixture
def people(committed: str, clock: Any) -> dict[str, Any]:
    return world.cast()
