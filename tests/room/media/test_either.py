"""What both media servers promise, the real one and the one that stands in for it in other tests."""

import dataclasses
import json
from pathlib import Path
from uuid import uuid4

import pytest

from openiop.room.media.fake import FakeRooms
from openiop.room.media.janus import MediaError
from openiop.room.media.rooms import JanusRooms
from openiop.room.protocol import Configure, Publish, Restart, Unpublish

OFFER = (Path(__file__).parent / "offer.sdp").read_text()


@pytest.fixture(params=["janus", "fake"])
def rooms(request):
    return JanusRooms(request.getfixturevalue("address")) if request.param == "janus" else FakeRooms()


async def test_a_room_that_is_already_there_is_left_as_it_is(rooms):
    room = await rooms.create_room()

    assert await rooms.create_room(room) == room


async def test_a_wrong_pin_opens_no_door(rooms, seated):
    room = await rooms.create_room()

    with pytest.raises(MediaError) as refusal:
        async with seated(rooms, dataclasses.replace(room, pin="guessed")):
            pass

    assert refusal.value.code == 433


@pytest.mark.parametrize("verb", ["destroy_room", "kick", "mute"])
async def test_a_wrong_secret_ends_and_moderates_nothing(rooms, seated, verb):
    room = await rooms.create_room()
    stranger = dataclasses.replace(room, secret="guessed")

    async with seated(rooms, room) as (media, _):
        arguments = [] if verb == "destroy_room" else [media.feed]
        with pytest.raises(MediaError):
            await getattr(rooms, verb)(stranger, *arguments)
        await media.handle(Publish(kind="publish", sdp=OFFER))


async def test_a_room_lives_until_it_is_destroyed_and_destroying_it_twice_is_harmless(rooms, seated):
    room = await rooms.create_room()

    await rooms.destroy_room(room)
    await rooms.destroy_room(room)

    async with seated(rooms, room) as (media, _):
        assert media.feed, "whoever comes in makes the same room again"


async def test_publishing_again_gets_a_new_feed_and_stopping_to_publish_keeps_the_seat(rooms, seated):
    room = await rooms.create_room()

    async with seated(rooms, room) as (media, _):
        first = await media.handle(Publish(kind="publish", sdp=OFFER))
        second = await media.handle(Publish(kind="publish", sdp=OFFER))
        await media.handle(Unpublish(kind="unpublish"))
        third = await media.handle(Publish(kind="publish", sdp=OFFER))

    assert len({first["feed"], second["feed"], third["feed"]}) == 3


async def test_a_second_window_of_the_same_person_puts_the_first_one_out(rooms, seated):
    room, seat = await rooms.create_room(), uuid4()

    async with seated(rooms, room, seat=seat) as (first, first_ears):
        await first.handle(Publish(kind="publish", sdp=OFFER))
        async with seated(rooms, room, seat=seat) as (second, _):
            hangup = await first_ears.wait_for("hangup", lambda event: event.reason == "kicked")

            assert hangup.target == "publisher"
            assert (await second.handle(Publish(kind="publish", sdp=OFFER)))["feed"] != first.feed


async def test_a_seat_whose_line_broke_is_taken_over_as_it_was(rooms, heard, seated):
    room, seat = await rooms.create_room(), uuid4()
    ears = heard()
    media = await rooms.take_seat(room, seat, on_event=ears.event, on_state=ears.state)
    feed = (await media.handle(Publish(kind="publish", sdp=OFFER)))["feed"]
    kept = json.loads(json.dumps(ears.states[-1]))
    await media.release()

    async with seated(rooms, room, seat=seat, state=kept) as (again, again_ears):
        assert again.feed == feed
        assert "gone" not in again_ears.kinds()
        assert (await again.handle(Restart(kind="restart", target="publisher", sdp=OFFER)))["feed"] == feed


async def test_a_seat_that_is_gone_is_taken_anew_and_the_browser_is_told(rooms, heard, seated):
    room, seat = await rooms.create_room(), uuid4()
    ears = heard()
    media = await rooms.take_seat(room, seat, on_event=ears.event)
    await media.handle(Publish(kind="publish", sdp=OFFER))
    kept = media.state()
    await media.leave()

    async with seated(rooms, room, seat=seat, state=kept) as (again, again_ears):
        assert again_ears.kinds()[0] == "gone"
        assert again.feed != kept["feed"]


async def test_a_mute_is_told_to_everyone_and_can_be_taken_back_by_the_person(rooms, seated):
    room = await rooms.create_room()

    async with seated(rooms, room) as (media, ears):
        feed = (await media.handle(Publish(kind="publish", sdp=OFFER)))["feed"]
        await rooms.mute(room, feed)
        assert (await ears.wait_for("moderated")).muted
        await media.handle(Configure(kind="configure", speak=True))

        assert (await ears.wait_for("moderated", lambda event: not event.muted)).feed == feed


async def test_a_person_put_out_hears_so_and_the_feed_is_dead(rooms, seated):
    room = await rooms.create_room()

    async with seated(rooms, room) as (media, ears):
        feed = (await media.handle(Publish(kind="publish", sdp=OFFER)))["feed"]
        await rooms.kick(room, feed)

        assert (await ears.wait_for("hangup")).reason == "kicked"
        await rooms.kick(room, feed)
