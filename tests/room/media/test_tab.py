"""One tab's media beside its socket, with a media server in memory."""

import asyncio
import dataclasses
from uuid import uuid4

import pytest

from openiop.room.media import tab as tab_module
from openiop.room.media.fake import FakeRooms
from openiop.room.media.rooms import MediaRoom
from openiop.room.media.tab import TabMedia, Where
from openiop.room.protocol import Publish

PUBLISH = Publish(kind="publish", sdp="v=0")


class SlowRooms(FakeRooms):
    """Lets nobody sit down before `open` is set."""

    def __init__(self):
        super().__init__()
        self.open = asyncio.Event()

    async def take_seat(self, *arguments, **more):
        await self.open.wait()
        return await super().take_seat(*arguments, **more)


class Browser:
    def __init__(self, rooms, *, seat=None):
        self.seat, self.said, self.kept = seat or uuid4(), [], []
        self._more = asyncio.Event()
        self.lost = []
        self.media = TabMedia(lambda: rooms, say=self._hear, keep=self._keep, lost=self._lost)

    def sit(self, room, *, place="group", kept=None):
        self.media.follow(self.seat, Where(place, room, kept))

    async def _hear(self, message):
        self.said.append(message)
        self._more.set()

    async def _keep(self, place, state):
        self.kept.append((place, state))

    async def _lost(self, room):
        self.lost.append(room)

    async def hears(self, found):
        async with asyncio.timeout(5):
            while not any(found(message) for message in self.said):
                self._more.clear()
                await self._more.wait()
        return next(message for message in reversed(self.said) if found(message))

    async def reply(self, number):
        return await self.hears(lambda message: getattr(message, "id", None) == number)


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(tab_module, "LOOK_AGAIN_SECONDS", 0)


async def test_what_is_asked_while_the_seat_is_being_taken_is_answered_by_it():
    rooms, room = SlowRooms(), MediaRoom.unguessable()
    maya = Browser(rooms)

    maya.sit(room)
    maya.media.ask(1, PUBLISH)
    rooms.open.set()

    assert (await maya.reply(1)).reply["feed"].startswith(str(maya.seat))
    await maya.media.leave()


async def test_whoever_sits_nowhere_is_refused():
    maya = Browser(FakeRooms())

    maya.media.ask(1, PUBLISH)

    assert (await maya.reply(1)).error == "not_in_room"


async def test_what_is_asked_after_a_move_is_asked_at_the_new_place_and_the_old_one_is_left():
    rooms, group, breakout = FakeRooms(), MediaRoom.unguessable(), MediaRoom.unguessable()
    maya, sam = Browser(rooms), Browser(rooms)
    maya.sit(group)
    sam.sit(group)
    maya.media.ask(1, PUBLISH)
    first = (await maya.reply(1)).reply["feed"]
    await sam.hears(lambda message: getattr(message, "feeds", None) == [first])

    maya.sit(breakout, place="first")
    maya.media.ask(2, PUBLISH)
    second = (await maya.reply(2)).reply["feed"]

    assert second != first
    await sam.hears(lambda message: getattr(message, "feeds", None) == [])
    assert [seat.feed for seat in rooms._rooms[breakout.room].seats] == [second]
    for one in (maya, sam):
        await one.media.leave()


async def test_a_seat_told_to_go_elsewhere_before_it_was_taken_leaves_nothing_behind():
    rooms, group, breakout = SlowRooms(), MediaRoom.unguessable(), MediaRoom.unguessable()
    maya = Browser(rooms)

    maya.sit(group)
    await asyncio.sleep(0)
    maya.sit(breakout, place="first")
    rooms.open.set()
    maya.media.ask(1, PUBLISH)
    await maya.reply(1)
    await maya.media.release()

    assert rooms._rooms[group.room].seats == []
    assert len(rooms._rooms[breakout.room].seats) == 1


async def test_out_of_reach_is_told_once_and_looked_for_until_it_is_there(soon):
    rooms, room = FakeRooms(), MediaRoom.unguessable()
    rooms.down = True
    maya = Browser(rooms)

    maya.sit(room)
    hangup = await maya.hears(lambda message: getattr(message, "kind", "") == "hangup")
    assert (hangup.target, hangup.reason) == ("both", "unreachable")
    assert maya.lost and set(maya.lost) == {room}

    rooms.down = False
    maya.media.ask(1, PUBLISH)
    await maya.hears(lambda message: getattr(message, "kind", "") == "feeds")
    maya.media.ask(2, PUBLISH)
    assert (await maya.reply(2)).reply["feed"]
    await maya.media.leave()


async def test_a_room_that_was_moved_to_another_server_is_entered_there_and_the_page_told_to_begin_anew():
    rooms, room = FakeRooms(), MediaRoom.unguessable()
    maya = Browser(rooms)
    maya.sit(room)
    maya.media.ask(1, PUBLISH)
    first = (await maya.reply(1)).reply["feed"]

    maya.sit(dataclasses.replace(room, instance="other"))
    await maya.hears(lambda message: getattr(message, "kind", "") == "gone")
    maya.media.ask(2, PUBLISH)

    assert (await maya.reply(2)).reply["feed"] != first
    await maya.media.leave()


async def test_what_is_kept_at_the_end_lets_another_process_take_over():
    rooms, room = FakeRooms(), MediaRoom.unguessable()
    maya = Browser(rooms)
    maya.sit(room)
    maya.media.ask(1, PUBLISH)
    feed = (await maya.reply(1)).reply["feed"]
    await maya.media.release()
    place, kept = maya.kept[-1]

    again = Browser(rooms, seat=maya.seat)
    again.sit(room, place=place, kept=kept)
    await again.hears(lambda message: getattr(message, "kind", "") == "feeds")

    assert [seat.feed for seat in rooms._rooms[room.room].seats] == [feed]
    assert not [message for message in again.said if getattr(message, "kind", "") == "gone"]
    await again.media.leave()


async def test_a_page_reloaded_again_while_its_seat_is_taken_over_finds_it_alive_the_third_time():
    rooms, room = SlowRooms(), MediaRoom.unguessable()
    rooms.open.set()
    maya = Browser(rooms)
    maya.sit(room)
    maya.media.ask(1, PUBLISH)
    feed = (await maya.reply(1)).reply["feed"]
    await maya.media.release()
    place, kept = maya.kept[-1]

    rooms.open.clear()
    again = Browser(rooms, seat=maya.seat)
    again.sit(room, place=place, kept=kept)
    await asyncio.sleep(0)
    going = asyncio.create_task(again.media.release())
    await asyncio.sleep(0)
    rooms.open.set()
    await going
    third = Browser(rooms, seat=maya.seat)
    third.sit(room, place=place, kept=kept)
    await third.hears(lambda message: getattr(message, "kind", "") == "feeds")

    assert [seat.feed for seat in rooms._rooms[room.room].seats] == [feed]
    assert not [message for message in third.said if getattr(message, "kind", "") == "gone"]
    await third.media.leave()


async def test_whoever_gets_up_is_in_no_room():
    rooms, room = FakeRooms(), MediaRoom.unguessable()
    maya = Browser(rooms)
    maya.sit(room)
    maya.media.ask(1, PUBLISH)
    await maya.reply(1)
    assert maya.media.receiving

    maya.media.follow(maya.seat, None)
    assert not maya.media.receiving
    await maya.media.leave()

    assert rooms._rooms[room.room].seats == []


async def test_a_fault_of_ours_is_tried_again_and_its_words_reach_no_log(soon, caplog):
    class FaultyOnce(FakeRooms):
        faulty = True

        async def take_seat(self, *arguments, **more):
            if self.faulty:
                self.faulty = False
                raise ValueError("Failing row contains (Maya, 14 Orchard Lane)")
            return await super().take_seat(*arguments, **more)

    maya = Browser(FaultyOnce())

    maya.sit(MediaRoom.unguessable())
    await maya.hears(lambda message: getattr(message, "kind", "") == "hangup")
    await maya.hears(lambda message: getattr(message, "kind", "") == "feeds")

    assert "ValueError" in caplog.text
    assert "Maya" not in caplog.text
    await maya.media.leave()
