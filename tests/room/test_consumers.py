"""The room's socket, with a media server in memory and a real database in which transactions commit."""

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.test import override_settings

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, live, messages, protocol
from openiop.room.consumers import RoomConsumer
from openiop.room.media.fake import FakeRooms
from openiop.room.models import Seat, Signal
from openiop.room.urls import websocket_urlpatterns
from openiop.schedule.models import CareSession

AT_HOME = {"address": "14 Orchard Lane", "state": "NY", "callback": "(555) 010-1007", "company": "alone"}


@pytest.fixture
def media(monkeypatch):
    rooms = FakeRooms()
    monkeypatch.setattr(live, "media_rooms", lambda: rooms)
    return rooms


@pytest.fixture
def people(committed, clock):
    return world.cast()


class Tab:
    """One person's tab at the room's socket."""

    def __init__(self, person, session_id, connection=None):
        self.person = person
        self.connection = str(connection or uuid4())
        self.socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/room/{session_id}")
        self.socket.scope["person"] = person
        self.heard = []

    async def open(self, **of_page):
        await self.socket.connect(timeout=20)  # its own second is too short on a crowded machine
        await self.say(type="hello", connection=self.connection, protocol=1, **of_page)
        return self

    async def say(self, **message):
        await self.socket.send_to(text_data=json.dumps(message))

    async def until(self, found, seconds=20):
        """Return the first message for which `found` holds, of those not looked at yet."""

        async def wait():
            while True:
                message = json.loads(await self.socket.receive_from(timeout=seconds))
                self.heard.append(message)
                if found(message):
                    return message

        return await asyncio.wait_for(wait(), seconds)

    async def room(self, found=lambda room: True):
        return await self.until(lambda message: message["type"] == "room" and found(message))

    async def close(self):
        await self.socket.disconnect(timeout=20)  # what it said last is done first


def tonight(person):
    with acting(person):
        return CareSession.objects.visible_to(person).between(world.NOW, world.NOW + timedelta(hours=1)).get()


def wait_at_the_door(person, session):
    with acting(person):
        return admission.tell_place(session, person, answers={**AT_HOME, "headphones": True}, at=world.NOW)[0]


def signals_seen_by(person):
    with acting(person):
        return Signal.objects.count()


@asynccontextmanager
async def tabs(*opened):
    try:
        yield opened
    finally:
        for tab in opened:
            await tab.close()


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_somebody_waits_is_let_in_and_both_publish(people, media):
    session = await database_sync_to_async(tonight)(people["bea"])
    await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    bea = await Tab(people["bea"], session.pk).open()
    sam = await Tab(people["sam"], session.pk).open()
    async with tabs(bea, sam):
        waiting = await sam.room()
        assert waiting["me"]["state"] == "waiting" and waiting["seats"] == []

        knocked = await bea.room(lambda room: room["waiting"])
        await bea.say(type="admit", seat=knocked["waiting"][0]["seat"])
        inside = await sam.room(lambda room: room["me"]["state"] == "admitted")
        assert {seat["name"] for seat in inside["seats"]} == {"Bea", "Sam"}

        await sam.until(lambda message: message.get("kind") == "feeds")
        await sam.say(type="media", id=1, request={"kind": "publish", "sdp": "v=0"})
        await sam.until(lambda message: message["type"] == "media" and message["reply"]["sdp"])
        seen = await bea.room(lambda room: any(seat["feed"] for seat in room["seats"]))
        assert [seat["name"] for seat in seen["seats"] if seat["feed"]] == ["Sam"]


async def test_somebody_sent_to_the_door_and_let_in_again_begins_with_new_media(people, media):
    session = await database_sync_to_async(tonight)(people["bea"])
    waiting = await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    bea = await Tab(people["bea"], session.pk).open()
    sam = await Tab(people["sam"], session.pk).open()
    async with tabs(bea, sam):
        feeds = []
        for number in (1, 2):
            await bea.say(type="admit", seat=str(waiting.pk))
            await sam.room(lambda room: room["me"]["state"] == "admitted")
            await sam.say(type="media", id=number, request={"kind": "publish", "sdp": "v=0"})
            said = await sam.until(lambda message: message["type"] == "media")
            feeds.append(said["reply"]["feed"])
            await bea.say(type="send_back", seat=str(waiting.pk))
            await sam.room(lambda room: room["me"]["state"] == "sent_back")

        await sam.say(type="media", id=3, request={"kind": "publish", "sdp": "v=0"})
        refused = await sam.until(lambda message: message["type"] == "media")

    assert refused["error"] == "not_in_room"
    assert feeds[0] != feeds[1]
    assert not [message for message in sam.heard if message.get("kind") == "gone"], "nothing of theirs was lost"


async def test_unknown_large_and_foreign_messages_are_answered_and_change_nothing(people, media):
    session = await database_sync_to_async(tonight)(people["bea"])
    bea = await Tab(people["bea"], session.pk).open()
    async with tabs(bea):
        await bea.room()
        for text, code in [
            ('{"type": "record"}', "unknown"),
            ("not json", "not_json"),
            ('{"type": "beat", "for": "maya"}', "invalid"),
            ('{"type": "hand", "raised": ' + " " * 70_000 + "true}", "too_large"),
            (json.dumps({"type": "remove", "seat": str(uuid4())}), "not_allowed"),
        ]:
            await bea.socket.send_to(text_data=text)
            said = await bea.until(lambda message: message["type"] == "error")
            assert said["code"] == code
        await bea.say(type="beat")
        await bea.until(lambda message: message["type"] == "beat")


async def test_nothing_is_done_before_hello(people, media):
    session = await database_sync_to_async(tonight)(people["bea"])
    tab = Tab(people["bea"], session.pk)
    await tab.socket.connect()
    async with tabs(tab):
        await tab.say(type="end")
        assert (await tab.until(lambda m: True))["code"] == "hello_first"


async def test_a_stranger_and_somebody_of_another_group_are_sent_away(people, media):
    session = await database_sync_to_async(tonight)(people["bea"])
    stranger, leo = Tab(None, session.pk), Tab(people["leo"], session.pk)
    await stranger.socket.connect()
    await leo.open()
    async with tabs(stranger, leo):
        for tab in (stranger, leo):
            assert (await tab.until(lambda message: message["type"] == "bye"))["reason"] == "refused"


async def test_a_page_of_another_who_was_signed_in_before_says_nothing_in_the_name_of_whoever_is_now(people, media):
    session = await database_sync_to_async(tonight)(people["sam"])
    waiting = await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    bea = await Tab(people["bea"], session.pk).open(person=str(people["bea"].pk))
    mayas_page = Tab(people["sam"], session.pk)
    async with tabs(bea, mayas_page):
        await bea.room(lambda room: room["waiting"])
        await bea.say(type="admit", seat=str(waiting.pk))
        await bea.room(lambda room: {"Bea", "Sam"} == {seat["name"] for seat in room["seats"]})
        await mayas_page.open(person=str(people["maya"].pk))
        await mayas_page.say(type="signal", id=str(uuid4()), kind="not_safe")

        assert (await mayas_page.until(lambda message: True)) == {"type": "bye", "reason": "refused"}

    assert await database_sync_to_async(signals_seen_by)(people["bea"]) == 0


async def test_a_patient_cannot_do_what_facilitators_do(people, media):
    session = await database_sync_to_async(tonight)(people["sam"])
    mayas = await database_sync_to_async(wait_at_the_door)(people["maya"], session)
    await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    sam = await Tab(people["sam"], session.pk).open()
    async with tabs(sam):
        await sam.room()
        for message in (
            {"type": "admit", "seat": "all"},
            {"type": "admit", "seat": str(mayas.pk)},
            {"type": "mute", "seat": str(mayas.pk)},
            {"type": "end"},
        ):
            await sam.say(**message)
            assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"


async def test_a_second_window_takes_the_seat_over(people, media):
    session = await database_sync_to_async(tonight)(people["bea"])
    first = await Tab(people["bea"], session.pk).open()
    await first.room()
    second = await Tab(people["bea"], session.pk).open()
    async with tabs(first, second):
        await second.room()
        assert (await first.until(lambda message: message["type"] == "bye"))["reason"] == "taken"
        assert await database_sync_to_async(seats_of)(people["bea"], session) == 1


async def test_a_line_that_a_tab_gave_up_for_a_newer_one_says_nothing_about_its_person(people, media):
    session = await database_sync_to_async(tonight)(people["bea"])
    first = await Tab(people["bea"], session.pk).open()
    await first.room()
    second = await Tab(people["bea"], session.pk, connection=first.connection).open()
    async with tabs(second):
        await second.room()
        closed = await first.socket.receive_output(timeout=5)
        while closed["type"] != "websocket.close":
            assert "bye" not in closed.get("text", ""), "the tab itself is still here"
            closed = await first.socket.receive_output(timeout=5)
        await first.close()
        assert await database_sync_to_async(is_online)(people["bea"], session)
    assert not await database_sync_to_async(is_online)(people["bea"], session)


async def test_others_in_the_room_read_that_somebody_saves_data_and_whoever_waits_does_not(people, media):
    session = await database_sync_to_async(tonight)(people["bea"])
    await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    bea = await Tab(people["bea"], session.pk).open()
    sam = await Tab(people["sam"], session.pk).open()
    async with tabs(bea, sam):
        await bea.say(type="self", audio=True, video=False, saving=True)
        await bea.room(lambda room: any(seat["saving"] for seat in room["seats"]))
        knocked = await bea.room(lambda room: room["waiting"]) if not bea.heard[-1].get("waiting") else bea.heard[-1]
        assert not any(message.get("seats") for message in sam.heard)

        await bea.say(type="admit", seat=knocked["waiting"][0]["seat"])
        inside = await sam.room(lambda room: room["me"]["state"] == "admitted")
        assert [seat["name"] for seat in inside["seats"] if seat["saving"]] == ["Bea"]


def is_online(person, session):
    with acting(person):
        return Seat.objects.get(session=session, person=person).online


def seats_of(person, session):
    with acting(person):
        return Seat.objects.filter(session=session, person=person).count()


async def test_removal_ends_the_media_and_the_ended_room_tells_everybody(people, media):
    session = await database_sync_to_async(tonight)(people["bea"])
    for key in ("sam", "maya"):
        await database_sync_to_async(wait_at_the_door)(people[key], session)
    bea = await Tab(people["bea"], session.pk).open()
    sam = await Tab(people["sam"], session.pk).open()
    maya = await Tab(people["maya"], session.pk).open()
    async with tabs(bea, sam, maya):
        await bea.room(lambda room: len(room["waiting"]) == 2)
        await bea.say(type="admit", seat="all")
        await maya.room(lambda room: room["me"]["state"] == "admitted")
        inside = await sam.room(lambda room: room["me"]["state"] == "admitted")
        await bea.say(type="remove", seat=inside["me"]["seat"])
        removed = await sam.room(lambda room: room["me"]["state"] == "removed")
        assert removed["seats"] == []
        await sam.say(type="media", id=2, request={"kind": "publish", "sdp": "v=0"})
        assert (await sam.until(lambda m: m["type"] == "media"))["error"] == "not_in_room"

        await bea.say(type="end")
        assert (await maya.room(lambda room: room["me"]["state"] == "ended"))["session"]["phase"] == "ended"


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_sound_and_picture_are_answered_while_a_word_waits_for_the_database_and_the_word_is_not_lost(
    people, media, monkeypatch
):
    session, free, done = await database_sync_to_async(tonight)(people["bea"]), threading.Event(), []

    def slow(seat, person, at, **said):
        free.wait(20)
        done.append(said)

    monkeypatch.setattr(messages, "hand", slow)
    bea = await Tab(people["bea"], session.pk).open()
    await bea.until(lambda message: message.get("kind") == "feeds")
    await bea.say(type="hand", raised=True)
    await bea.say(type="media", id=1, request={"kind": "publish", "sdp": "v=0"})
    reply = await bea.until(lambda message: message["type"] == "media")
    assert reply["id"] == 1 and reply["error"] is None and done == []

    threading.Timer(0.2, free.set).start()  # and the tab goes meanwhile
    await bea.close()
    assert done == [{"raised": True}]


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_a_word_that_fails_on_a_line_that_is_gone_takes_no_later_word_with_it(people, media, monkeypatch):
    session, done = await database_sync_to_async(tonight)(people["bea"]), []

    def fails(seat, person, at, **said):
        raise RuntimeError

    def works(seat, person, at, **said):
        done.append(said)

    async def closed(self, code=None, reason=None):
        raise RuntimeError  # as the server does where the line was closed already

    bea = await Tab(people["bea"], session.pk).open()
    await bea.room()
    monkeypatch.setattr(messages, "hand", fails)
    monkeypatch.setattr(messages, "own_media", works)
    monkeypatch.setattr(RoomConsumer, "close", closed)
    await bea.say(type="hand", raised=True)
    await bea.say(type="self", audio=True, video=False, saving=False)
    await bea.close()
    assert done == [{"audio": True, "video": False, "saving": False}]


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_what_waits_on_a_line_that_was_overtaken_undoes_nothing_but_a_call_for_help_still_comes(
    people, media, monkeypatch
):
    session = await database_sync_to_async(tonight)(people["bea"])
    waiting = await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    goes_on, heed = asyncio.Event(), RoomConsumer._heed

    async def slow_beats(self, message):
        if isinstance(message, protocol.Beat):
            await goes_on.wait()
        else:
            await heed(self, message)

    monkeypatch.setattr(RoomConsumer, "_heed", slow_beats)
    bea = await Tab(people["bea"], session.pk).open()
    before = await Tab(people["sam"], session.pk).open()
    await bea.say(type="admit", seat=str(waiting.pk))
    await before.room(lambda room: room["me"]["state"] == "admitted")
    await before.say(type="beat")
    await before.say(type="hand", raised=False)
    await before.say(type="signal", id=str(uuid4()), kind="word")

    since = await Tab(people["sam"], session.pk, before.connection).open()
    await since.say(type="hand", raised=True)
    await since.room(lambda room: any(seat["hand_at"] for seat in room["seats"]))
    goes_on.set()
    await before.close()

    told = await bea.room(lambda room: room["lead"]["signals"])
    assert [signal["kind"] for signal in told["lead"]["signals"]] == ["word"]
    assert any(seat["hand_at"] for seat in told["seats"])
    for tab in (bea, since):
        await tab.close()


async def test_a_locked_screen_keeps_its_call_and_begins_none(people, media):
    session = await database_sync_to_async(tonight)(people["bea"])
    at_a_locked_desk = Tab(people["bea"], session.pk)
    at_a_locked_desk.socket.scope["session"] = {"locked": True}
    await at_a_locked_desk.open()
    async with tabs(at_a_locked_desk):
        assert (await at_a_locked_desk.until(lambda m: m["type"] == "bye"))["reason"] == "refused"

    bea = await Tab(people["bea"], session.pk).open()
    await bea.room()
    await bea.close()
    again = Tab(people["bea"], session.pk)
    again.socket.scope["session"] = {"locked": True}
    await again.open()
    async with tabs(again):
        assert (await again.room())["me"]["state"] == "admitted"
