"""The media server through our own door, with a real Janus."""

import asyncio
import dataclasses
import json
import os
import signal
from pathlib import Path
from uuid import uuid4

import pytest

from openiop.room.media import server as media_server
from openiop.room.media.janus import JanusAddress, JanusLink, MediaError
from openiop.room.media.rooms import JanusRooms, MediaRoom
from openiop.room.media.server import JanusServer, NoMediaInterface, media_interface
from openiop.room.protocol import Configure, Publish, Restart, Start, Subscribe, Trickle, parse

OFFER = (Path(__file__).parent / "offer.sdp").read_text()


async def test_two_rooms_share_nothing_that_could_be_guessed(rooms):
    first, second = await rooms.create_room(), await rooms.create_room()

    assert not {first.room, first.secret, first.pin} & {second.room, second.secret, second.pin}
    assert first.secret not in repr(first) and first.pin not in repr(first)


async def test_nobody_makes_rooms_without_the_servers_key(address):
    stranger = JanusRooms(dataclasses.replace(address, admin_key="guessed"))

    with pytest.raises(MediaError):
        await stranger.create_room()


async def test_nobody_speaks_to_the_media_server_without_the_shared_secret(address):
    with pytest.raises(MediaError) as refusal:
        await JanusLink.opened(dataclasses.replace(address, api_secret="guessed"))

    assert refusal.value.code == 403


async def test_publishing_is_answered_and_the_feed_carries_no_name(rooms, seated):
    room, seat = await rooms.create_room(), uuid4()

    async with seated(rooms, room, seat=seat) as (media, _):
        reply = await media.handle(Publish(kind="publish", sdp=OFFER))

        assert reply["sdp"].startswith("v=0")
        assert reply["feed"].startswith(f"{seat}-")
        assert "a=simulcast:recv" in reply["sdp"]


def opus_of(sdp):
    """What a description says of Opus: the parameters of its format."""
    lines = sdp.splitlines()
    (number,) = {
        line.split(":")[1].split()[0] for line in lines if line.startswith("a=rtpmap:") and "opus/48000" in line
    }
    (said,) = [line for line in lines if line.startswith(f"a=fmtp:{number} ")]
    return set(said.split(" ", 1)[1].replace(" ", "").split(";"))


async def test_speech_is_sent_with_its_own_repair_for_what_a_weak_line_loses(rooms, seated):
    room = await rooms.create_room()

    async with seated(rooms, room) as (media, _):
        reply = await media.handle(Publish(kind="publish", sdp=OFFER))

    assert "useinbandfec=1" in opus_of(reply["sdp"])


async def test_requests_out_of_turn_are_refused_and_harm_nothing(rooms, seated):
    room = await rooms.create_room()

    async with seated(rooms, room) as (media, _):
        with pytest.raises(MediaError):
            await media.handle(Start(kind="start", leg=1, sdp="v=0"))
        with pytest.raises(MediaError):
            await media.handle(Restart(kind="restart", target="publisher", sdp=OFFER))
        with pytest.raises(MediaError):
            await media.handle(Publish(kind="publish", sdp="this is no description"))
        assert await media.handle(Restart(kind="restart", target="subscriber")) == {}
        assert await media.handle(Configure(kind="configure", layer=0)) == {}
        assert await media.handle(Trickle(kind="trickle", target="subscriber", candidate=None)) == {}
        assert (await media.handle(Publish(kind="publish", sdp=OFFER)))["sdp"]


async def test_asking_for_feeds_of_another_room_brings_nothing(rooms, seated):
    here, there = await rooms.create_room(), await rooms.create_room()

    async with seated(rooms, there) as (other, _), seated(rooms, here) as (media, ears):
        await other.handle(Publish(kind="publish", sdp=OFFER))
        await media.handle(Subscribe(kind="subscribe", feeds=[other.feed]))
        await asyncio.sleep(0.5)

        assert "offer" not in ears.kinds()
        assert (await ears.wait_for("feeds")).feeds == []


async def test_the_state_of_a_seat_holds_no_secret(rooms, seated, address):
    room = await rooms.create_room()

    async with seated(rooms, room) as (media, _):
        text = json.dumps(media.state())

    assert not [word for word in (room.pin, room.secret, address.api_secret, address.admin_key) if word in text]


async def test_a_killed_media_server_is_waited_for_and_everybody_comes_in_again(tmp_path, seated):
    server = JanusServer(tmp_path)
    server.start()
    try:
        before = server.env()
        rooms = JanusRooms(JanusAddress.from_env(before))
        room = await rooms.create_room()
        async with seated(rooms, room) as (media, ears):
            feed = (await media.handle(Publish(kind="publish", sdp=OFFER)))["feed"]

            os.kill(server.pid, signal.SIGKILL)
            assert (await ears.wait_for("hangup")).target == "both"
            with pytest.raises(MediaError) as refusal:
                await media.handle(Publish(kind="publish", sdp=OFFER))
            assert refusal.value.code == "unreachable"

            await asyncio.to_thread(server.start)
            assert server.env() == before
            await ears.wait_for("gone")
            again = await media.handle(Publish(kind="publish", sdp=OFFER))

            assert again["feed"] != feed
            assert ears.states[-1]["feed"] == again["feed"]
    finally:
        server.stop()


async def test_a_line_to_the_media_server_that_breaks_is_mended_without_the_browser_publishing_again(rooms, seated):
    room = await rooms.create_room()

    async with seated(rooms, room) as (media, ears):
        feed = (await media.handle(Publish(kind="publish", sdp=OFFER)))["feed"]
        media.link._socket.transport.abort()
        await ears.wait_for("hangup", lambda event: event.target == "both")
        await ears.wait_for("feeds")
        await asyncio.sleep(0.5)

        assert (await media.handle(Restart(kind="restart", target="publisher", sdp=OFFER)))["feed"] == feed
        assert "gone" not in ears.kinds()


async def test_nothing_listens_outside_this_machine(janus):
    ports = json.loads((janus.folder / "ports.json").read_text()).values()
    listening = [
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"
    ]

    ours = {place for place in listening if int(place.split(":")[1], 16) in ports}
    assert len(ours) == 2
    assert {place.split(":")[0] for place in ours} == {"0100007F"}


async def test_only_its_owner_reads_the_secrets(janus):
    assert (janus.folder.stat().st_mode & 0o077) == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in janus.folder.glob("*.j*"))


def test_a_machine_without_a_network_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(media_server, "_real_interfaces", lambda: iter(()))

    with pytest.raises(NoMediaInterface, match="Connect it to a network"):
        media_interface()


def test_a_server_left_behind_by_a_crash_is_ended_and_its_ports_are_used_again(tmp_path):
    left_behind = JanusServer(tmp_path)
    left_behind.start()
    before = left_behind.env()

    again = JanusServer(tmp_path)
    again.start()
    try:
        assert left_behind._process.wait(5) is not None
        assert again.env() == before
    finally:
        again.stop()


def test_without_an_address_there_is_no_media_server():
    assert JanusAddress.from_env({}) is None


def test_a_room_is_named_by_chance():
    assert len({MediaRoom.unguessable().room for _ in range(100)}) == 100


@pytest.mark.parametrize("kind", ["create", "destroy", "kick", "moderate", "rtp_forward", "edit", "listparticipants"])
def test_the_media_servers_own_verbs_are_not_the_browsers(kind):
    from openiop.room.protocol import ProtocolError

    with pytest.raises(ProtocolError):
        parse(json.dumps({"type": "media", "id": 1, "request": {"kind": kind, "room": "x"}}))
