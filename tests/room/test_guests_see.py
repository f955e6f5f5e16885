"""What a supporter can reach: in the database, and by what they say in the room."""

from datetime import timedelta
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.test import override_settings

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.support import SupporterConsent
from openiop.room import admission, state
from openiop.room.leading import door, floor
from openiop.room.models import LiveRoom, Seat
from openiop.schedule.models import CareSession
from tests.room.family import ana_by_link, at_the_door, family_meeting, let_in, link_to, used
from tests.room.reach import rows, what_is_seen
from tests.room.test_consumers import Tab, media, tabs  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


# --- the lower lock ---


def test_in_the_room_raw_queries_reach_this_meeting_and_their_own_seat_alone(cast, meeting):
    other = family_meeting(cast, begins_at=meeting.ends_at + timedelta(minutes=5))
    ana = ana_by_link(meeting, cast)
    let_in(at_the_door(ana, meeting), cast)

    assert what_is_seen(ana) == {
        "people_clinic": 1,
        "people_person": 1,
        "room_liveroom": 1,
        "room_seat": 1,
        "schedule_block": 1,
        "schedule_caresession": 1,
    }
    with acting(ana):
        assert rows("SELECT id FROM schedule_caresession") == [(meeting.pk,)] != [(other.pk,)]
        assert rows("SELECT called FROM people_person") == [("Ana",)]


def test_after_the_end_raw_queries_reach_their_own_name_and_seat_alone(cast, meeting):
    ana = ana_by_link(meeting, cast)
    seat = let_in(at_the_door(ana, meeting), cast)
    with acting(ana):
        assert len(rows("SELECT called FROM room_seats(%s)", meeting.pk)) == 2
    with acting(cast["leo"]):
        SupporterConsent.objects.get().withdraw(by=cast["leo"], at=world.NOW)

    assert what_is_seen(ana) == {"people_clinic": 1, "people_person": 1, "room_seat": 1}
    with acting(ana):
        assert rows("SELECT id FROM room_seat") == [(seat.pk,)]
        assert rows("SELECT called FROM room_seats(%s)", meeting.pk) == []
        assert rows("SELECT called FROM room_on_site(%s)", meeting.pk) == []
        assert rows("SELECT name FROM my_breakout(%s)", meeting.pk) == []
        assert rows("SELECT question FROM my_poll(%s)", meeting.pk) == []


def test_a_link_to_a_later_meeting_does_not_show_the_earlier_room_again(cast, meeting):
    ana = ana_by_link(meeting, cast)
    let_in(at_the_door(ana, meeting), cast)
    later = family_meeting(cast, begins_at=meeting.ends_at + timedelta(minutes=5))
    with acting(cast["okafor"]):
        consent = SupporterConsent.objects.get()
    again = used(link_to(later, consent, cast), cookie="the next one")
    assert again.pk == ana.pk
    with acting(again):
        assert rows("SELECT id FROM schedule_caresession") == [(later.pk,)]
        assert rows("SELECT called FROM room_seats(%s)", meeting.pk) == []
        assert not Seat.objects.exists()


def test_at_the_door_a_supporter_reads_that_it_is_locked_and_what_is_said_to_them(cast, meeting):
    seat = at_the_door(ana_by_link(meeting, cast), meeting)
    with acting(cast["okafor"]):
        admission.ask(meeting, cast["okafor"], at=world.NOW)
        door.lock(meeting, by=cast["okafor"], at=world.NOW)
        door.say(meeting, seat_id=seat.pk, preset="talk", text="", by=cast["okafor"], at=world.NOW)
        door.say(meeting, seat_id=None, preset="soon", text="", by=cast["okafor"], at=world.NOW)
    with acting(seat.person):
        told = state.room_for(seat, at=world.NOW).door

    assert told.locked and [said.preset for said in told.said] == ["talk", "soon"]


def test_a_supporter_is_asked_to_speak_and_the_question_goes_when_they_would_rather_not(cast, meeting):
    ana = ana_by_link(meeting, cast)
    seat = let_in(at_the_door(ana, meeting), cast)
    with acting(cast["okafor"]):
        floor.ask_to_speak(seat, by=cast["okafor"], at=world.NOW)
    with acting(ana):
        assert floor.asked(seat, at=world.NOW)
        floor.answered(seat)
        assert floor.asked(seat, at=world.NOW) is None


def test_a_supporter_reads_no_lock_and_no_words_of_another_meeting(cast, meeting):
    other = family_meeting(cast, begins_at=meeting.ends_at + timedelta(minutes=5))
    ana = ana_by_link(meeting, cast)
    at_the_door(ana, meeting)
    with acting(cast["okafor"]):
        for session in (meeting, other):
            admission.ask(session, cast["okafor"], at=world.NOW)
            door.lock(session, by=cast["okafor"], at=world.NOW)
            door.say(session, seat_id=None, preset="soon", text="", by=cast["okafor"], at=world.NOW)
    with acting(ana):
        for table in ("room_doorlock", "room_doormessage"):
            assert rows(f"SELECT session_id FROM {table}") == [(meeting.pk,)]
            assert rows(f"WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone") == [(0,)]


def test_a_supporter_changes_nothing_of_the_room_in_the_database(cast, meeting):
    ana = ana_by_link(meeting, cast)
    let_in(at_the_door(ana, meeting), cast)
    with acting(ana):
        assert LiveRoom.objects.update(ended_at=world.NOW) == 0
        assert CareSession.objects.update(name="x") == 0
        assert rows("WITH gone AS (DELETE FROM room_seat RETURNING 1) SELECT count(*) FROM gone") == [(0,)]


def test_every_table_that_the_web_reads_is_closed_to_supporters_by_name(cast):
    open_tables = rows(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' "
        "AND c.relrowsecurity AND has_table_privilege('openiop_web', c.oid, 'SELECT') AND NOT EXISTS (SELECT 1 FROM "
        "pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'guests' AND NOT p.polpermissive)"
    )
    assert open_tables == []


# --- the socket ---


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_taking_the_consent_back_closes_the_open_room_at_once(committed, clock, media):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    session = await database_sync_to_async(family_meeting)(people)
    ana = await database_sync_to_async(ana_by_link)(session, people)
    led = await Tab(people["okafor"], session.pk).open()
    tab = await Tab(ana, session.pk, uuid4()).open()
    async with tabs(led):
        knocked = await led.room(lambda room: room["waiting"])
        await led.say(type="admit", seat=knocked["waiting"][0]["seat"])
        await tab.room(lambda room: room["me"]["state"] == "admitted")

        def take_back():
            with acting(people["leo"]):
                SupporterConsent.objects.get().withdraw(by=people["leo"], at=world.NOW)

        await database_sync_to_async(take_back)()

        assert (await tab.until(lambda message: message["type"] == "bye"))["reason"] == "refused"
        await tab.close()
        await led.room(lambda room: not any(seat["here"] for seat in room["seats"] if seat["role"] == "supporter"))


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_at_the_end_of_the_link_the_next_sign_of_life_closes_the_room(committed, clock, media):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    session = await database_sync_to_async(family_meeting)(people)
    ana = await database_sync_to_async(ana_by_link)(session, people)
    tab = await Tab(ana, session.pk, uuid4()).open()
    async with tabs(tab):
        await tab.room()
        clock.move_to(session.ends_at + admission.CLOSES_AFTER)
        await tab.say(type="beat")

        assert (await tab.until(lambda message: message["type"] == "bye"))["reason"] == "refused"


@pytest.mark.parametrize(
    "command",
    [
        {"type": "admit", "seat": "all"},
        {"type": "end"},
        {"type": "signal", "id": str(uuid4()), "kind": "word"},
        {"type": "encryption", "word": "transport"},
    ],
    ids=lambda command: command["type"],
)
@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_a_supporter_gives_no_facilitators_command_and_the_room_goes_on(committed, clock, media, command):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    session = await database_sync_to_async(family_meeting)(people)
    ana = await database_sync_to_async(ana_by_link)(session, people)
    tab = await Tab(ana, session.pk, uuid4()).open()
    async with tabs(tab):
        await tab.room()
        await tab.say(**command)

        assert (await tab.until(lambda message: message["type"] == "error"))["code"] == "not_allowed"
        await tab.say(type="beat")
        await tab.until(lambda message: message["type"] == "beat")
