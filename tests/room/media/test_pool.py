"""Several media servers: which one a session gets, and what happens to a group whose media server dies."""

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, live
from openiop.room.media.janus import JanusAddress, JanusLink, MediaError
from openiop.room.media.pool import Instance, JanusPool, preferred
from openiop.room.media.rooms import JanusRooms, MediaRoom
from openiop.room.media.server import JanusServer
from openiop.room.models import LiveRoom, Place
from openiop.schedule.models import CareSession
from tests.room.test_consumers import Tab, tabs, tonight, wait_at_the_door

OFFER = (Path(__file__).parent / "offer.sdp").read_text()


def instance(name, *, draining=False):
    address = JanusAddress(ws=f"ws://{name}.invalid/", api_secret="s", admin_key="k")
    return Instance(address=address, draining=draining)


A, B, C = instance("a"), instance("b"), instance("c")
B_DRAINING = instance("b", draining=True)


@pytest.mark.parametrize(
    ("instances", "load", "without", "order"),
    [
        ([A, B], {}, "", [A, B]),
        ([A, B], {A.key: 5, B.key: 4}, "", [B, A]),
        ([A, B, C], {A.key: 9, C.key: 3}, "", [B, C, A]),
        ([A, B_DRAINING], {A.key: 500}, "", [A, B_DRAINING]),
        ([B_DRAINING], {}, "", [B_DRAINING]),
        ([A, B, C], {B.key: 1}, A.key, [C, B]),
        ([A], {}, A.key, []),
    ],
)
def test_a_session_is_offered_to_the_least_loaded_and_to_a_draining_one_last(instances, load, without, order):
    assert preferred(instances, load=load, without=without) == order


def test_an_instance_is_named_by_its_address_and_not_by_its_place_in_the_settings():
    assert len({A.key, B.key, C.key}) == 3
    assert A.key == instance("a", draining=True).key
    assert "a.invalid" not in A.key


def test_one_secret_serves_all_or_each_has_its_own(settings):
    settings.JANUS_WS, settings.JANUS_DRAINING = ["ws://a.invalid/", "ws://b.invalid/"], ["ws://b.invalid/"]
    settings.JANUS_API_SECRET, settings.JANUS_ADMIN_KEY = ["one"], ["first", "second"]
    live.pool.cache_clear()
    try:
        found = live.pool().instances
    finally:
        live.pool.cache_clear()

    assert [one.address.api_secret for one in found] == ["one", "one"]
    assert [one.address.admin_key for one in found] == ["first", "second"]
    assert [one.draining for one in found] == [False, True]

    settings.JANUS_ADMIN_KEY = ["first", "second", "third"]
    with pytest.raises(ImproperlyConfigured, match="OPENIOP_JANUS_ADMIN_KEY"):
        live.pool()


# --- with two real ones ---


@pytest.fixture
def two(tmp_path, settings):
    """Two Janus of this test's own, in the settings as a clinic would have them."""
    servers = [JanusServer(tmp_path / name) for name in ("first", "second")]
    try:
        for server in servers:
            server.start()
        envs = [server.env() for server in servers]
        settings.JANUS_WS = [env["OPENIOP_JANUS_WS"] for env in envs]
        settings.JANUS_API_SECRET = [env["OPENIOP_JANUS_API_SECRET"] for env in envs]
        settings.JANUS_ADMIN_KEY = [env["OPENIOP_JANUS_ADMIN_KEY"] for env in envs]
        settings.JANUS_DRAINING = []
        live.pool.cache_clear()
        yield servers
    finally:
        live.pool.cache_clear()
        for server in servers:
            server.stop()


@pytest.fixture
def people(committed, clock):
    return world.cast()


def keys():
    return [one.key for one in live.pool().instances]


def kill(server):
    os.kill(server.pid, signal.SIGKILL)
    server._process.wait()


def other_session(person):
    """A session of the same person's besides tonight's."""
    with acting(person):
        return CareSession.objects.visible_to(person).exclude(pk=tonight(person).pk).first()


def opened(person, session, place):
    with acting(person):
        return admission.open_room(session, place, at=world.NOW)


def pinned(person, session):
    with acting(person):
        return set(LiveRoom.objects.filter(session=session).values_list("instance", flat=True))


def test_all_rooms_of_a_session_are_on_one_instance_and_the_next_session_is_given_to_the_other(people, two):
    bea = people["bea"]
    first, second = tonight(bea), other_session(bea)

    group = opened(bea, first, Place.GROUP)
    contact = opened(bea, first, Place.CONTACT)
    other = opened(bea, second, Place.GROUP)

    assert group.instance == contact.instance
    assert {group.instance, other.instance} == set(keys())


def test_a_draining_instance_gets_no_new_session_and_keeps_those_it_has(people, two, settings):
    bea = people["bea"]
    first, second = tonight(bea), other_session(bea)
    kept = opened(bea, first, Place.GROUP).instance
    settings.JANUS_DRAINING = [one.address.ws for one in live.pool().instances if one.key == kept]
    live.pool.cache_clear()

    assert opened(bea, second, Place.GROUP).instance != kept
    assert opened(bea, first, Place.CONTACT).instance == kept


def test_a_dead_instance_gets_no_session(people, two):
    bea = people["bea"]
    kill(two[0])

    assert opened(bea, tonight(bea), Place.GROUP).instance == keys()[1]


def test_a_session_stays_where_it_is_while_its_instance_answers(people, two):
    bea = people["bea"]
    session = tonight(bea)
    here = opened(bea, session, Place.GROUP).instance

    with acting(bea):
        assert not live.move(session, away_from=here, at=world.NOW)
    assert pinned(bea, session) == {here}


def test_with_nowhere_to_go_a_session_waits_for_its_instance(people, two):
    bea = people["bea"]
    session = tonight(bea)
    here = opened(bea, session, Place.GROUP).instance
    for server in two:
        kill(server)

    with acting(bea):
        assert not live.move(session, away_from=here, at=world.NOW)
    assert pinned(bea, session) == {here}


@asynccontextmanager
async def a_group(people):
    """Bea and Sam in the group, both publishing; yields session, tabs."""
    session = await database_sync_to_async(tonight)(people["bea"])
    waiting = await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    bea = await Tab(people["bea"], session.pk).open()
    sam = await Tab(people["sam"], session.pk).open()
    async with tabs(bea, sam):
        await bea.say(type="admit", seat=str(waiting.pk))
        await sam.room(lambda room: room["me"]["state"] == "admitted")
        for tab in (bea, sam):
            await publishes(tab, 1)
        yield session, bea, sam


async def publishes(tab, number):
    await tab.say(type="media", id=number, request={"kind": "publish", "sdp": OFFER})
    said = await tab.until(lambda message: message["type"] == "media" and message["id"] == number)
    return said["reply"]["feed"]


async def participants(address, room):
    link = await JanusLink.opened(address)
    try:
        found, _ = await link.message(await link.attach(), {"request": "listparticipants", "room": room.media_room})
        return {person["id"] for person in found["participants"]}
    finally:
        await link.destroy()


async def test_when_its_media_server_is_killed_a_group_is_on_the_other_one_without_a_click(people, two):
    async with a_group(people) as (session, bea, sam):
        (before,) = await database_sync_to_async(pinned)(people["bea"], session)
        dead = keys().index(before)

        await asyncio.to_thread(kill, two[dead])

        feeds = set()
        for tab in (bea, sam):
            await tab.until(lambda message: message.get("kind") == "hangup" and message["target"] == "both", 10)
            await tab.until(lambda message: message.get("kind") == "gone", 10)
            feeds.add(await publishes(tab, 2))
        after = await database_sync_to_async(pinned)(people["bea"], session)
        room = await database_sync_to_async(opened)(people["bea"], session, Place.GROUP)
        there = live.pool().instances[1 - dead]

        assert after == {there.key}
        assert await participants(there.address, room) == feeds


async def test_whoever_comes_to_a_room_whose_media_server_is_dead_moves_it(people, two):
    session = await database_sync_to_async(tonight)(people["bea"])
    room = await database_sync_to_async(opened)(people["bea"], session, Place.GROUP)
    await asyncio.to_thread(kill, two[keys().index(room.instance)])

    bea = await Tab(people["bea"], session.pk).open()
    async with tabs(bea):
        await bea.until(lambda message: message.get("kind") == "feeds", 10)
        assert await publishes(bea, 1)

    assert await database_sync_to_async(pinned)(people["bea"], session) == set(keys()) - {room.instance}


async def test_a_room_on_an_instance_that_is_no_longer_in_the_settings_is_out_of_reach(address):
    pool = JanusPool([Instance(address=address)])
    room = await pool.create_room()
    await JanusRooms(address).create_room(room)

    with pytest.raises(MediaError) as refusal:
        await pool.kick(MediaRoom(room=room.room, secret=room.secret, pin=room.pin, instance=A.key), "nobody")

    assert refusal.value.code == "unreachable"


def test_whoever_runs_the_servers_can_see_which_answer_and_what_they_carry(people, two, settings, capsys):
    bea = people["bea"]
    here = opened(bea, tonight(bea), Place.GROUP).instance
    dead = keys().index(here)
    settings.JANUS_DRAINING = [live.pool().instances[dead].address.ws]
    live.pool.cache_clear()
    kill(two[dead])

    call_command("media_servers")

    lines = capsys.readouterr().out.splitlines()
    assert lines[dead].endswith("is silent, draining: 1 sessions, 0 people")
    assert lines[1 - dead].endswith("answers: 0 sessions, 0 people")
