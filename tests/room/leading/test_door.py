"""The door while somebody leads: locked, and a few words to those who wait."""

import json
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import Http404
from django.test import override_settings

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, signals, state
from openiop.room.leading import door, forgetting
from openiop.room.leading.models import DoorMessage
from openiop.room.models import Seat, SeatState
from openiop.room.refused import Refused
from openiop.schedule.models import CareSession
from tests.room.test_admission import at_the_door, come_in, tonight
from tests.room.test_consumers import Tab, media, people, tabs, wait_at_the_door  # noqa: F401 (fixtures)
from tests.room.test_consumers import tonight as tonight_committed
from tests.room.test_signals import IN_MEMORY

LATER = world.NOW + timedelta(minutes=3)


@pytest.fixture
def waiting(cast):
    """Bea leads; Sam and Maya are at the door."""
    come_in(cast["bea"])
    return {key: at_the_door(cast[key]) for key in ("sam", "maya")}


def room_of(person, *, at=world.NOW):
    with acting(person):
        return state.room_for(admission.ask(tonight(person), person, at=at), at=at)


def by_bea(cast, verb, *args, **kwargs):
    """What Bea does; with nothing named, to tonight's session."""
    with acting(cast["bea"]):
        return verb(*(args or [tonight(cast["bea"])]), by=cast["bea"], **kwargs)


def lock(cast):
    return by_bea(cast, door.lock, at=world.NOW)


def say(cast, seat=None, **what):
    return by_bea(cast, door.say, seat_id=seat and seat.pk, at=world.NOW, **what)


# --- the lock ---


@pytest.mark.django_db
def test_nobody_new_is_let_in_through_a_locked_door(cast, waiting):
    lock(cast)

    with pytest.raises(Refused) as refusal:
        by_bea(cast, admission.admit, waiting["sam"], at=world.NOW)
    assert refusal.value.code == "door_locked"
    assert by_bea(cast, admission.admit_all, at=world.NOW) == []


@pytest.mark.django_db
def test_the_database_itself_lets_nobody_new_through_a_locked_door(cast, waiting):
    lock(cast)

    with acting(cast["bea"]), pytest.raises(DatabaseError), transaction.atomic():
        Seat.objects.filter(pk=waiting["sam"].pk).update(state=SeatState.ADMITTED, admitted_at=world.NOW)


@pytest.mark.django_db
def test_who_was_inside_before_comes_back_through_a_locked_door(cast, waiting):
    for key in ("sam", "maya"):
        by_bea(cast, admission.admit, waiting[key], at=world.NOW)
    with acting(cast["sam"]):
        admission.leave(Seat.objects.get(pk=waiting["sam"].pk), by=cast["sam"], at=world.NOW)
    by_bea(cast, admission.send_back, waiting["maya"], at=world.NOW)
    lock(cast)

    assert room_of(cast["sam"], at=LATER).me.state == "admitted"
    assert not room_of(cast["maya"], at=LATER).door.locked, "for her it is not locked: she may come back"
    by_bea(cast, admission.admit_all, at=LATER)
    assert room_of(cast["maya"], at=LATER).me.state == "admitted"


@pytest.mark.django_db
def test_whoever_leads_is_never_locked_out_of_their_own_group(cast, waiting):
    lock(cast)
    with acting(cast["bea"]):
        Seat.objects.filter(person=cast["bea"]).update(online=True, seen_at=world.NOW)
    assert come_in(cast["marcus"]).state == SeatState.ADMITTED, "who leads as well, and was not inside before"

    with acting(cast["bea"]):
        admission.leave(Seat.objects.get(person=cast["bea"]), by=cast["bea"], at=world.NOW)
    assert room_of(cast["bea"], at=LATER).me.state == "admitted"


@pytest.mark.django_db
def test_opened_again_it_lets_people_in_as_before(cast, waiting):
    lock(cast)
    by_bea(cast, door.unlock, at=LATER)

    by_bea(cast, admission.admit, waiting["sam"], at=LATER)

    assert room_of(cast["sam"], at=LATER).me.state == "admitted"


@pytest.mark.django_db
def test_who_waits_is_told_the_truth_and_those_who_lead_still_see_them(cast, waiting):
    lock(cast)

    mine = room_of(cast["sam"])
    assert mine.door.locked and mine.host.here, "the screen may say that Bea sees them"
    leads = room_of(cast["bea"])
    assert [row.name for row in leads.waiting] == ["Sam", "Maya"]
    assert (leads.lead.door.locked_by, leads.lead.door.locked_at) == ("Bea", world.NOW)


@pytest.mark.django_db
def test_an_open_case_at_the_door_stands_beside_the_name(cast, waiting):
    with acting(cast["sam"]):
        signals.tap(waiting["sam"], key=waiting["sam"].pk, kind="not_safe", by=cast["sam"], at=world.NOW)

    assert {row.name: row.at_risk for row in room_of(cast["bea"]).waiting} == {"Sam": True, "Maya": False}
    assert "at_risk" not in room_of(cast["maya"]).model_dump_json()


@pytest.mark.django_db
def test_other_staff_do_not_walk_in_by_accident_but_come_where_nobody_leads(cast, waiting):
    lock(cast)
    with acting(cast["bea"]):
        Seat.objects.filter(person=cast["bea"]).update(online=True, seen_at=world.NOW)

    with acting(cast["okafor"]):
        session = CareSession.objects.get(pk=waiting["sam"].session_id)
        assert admission.role_in(session, cast["okafor"]) == "staff"
        with pytest.raises(admission.NotNow) as closed:
            admission.ask(session, cast["okafor"], at=world.NOW)
        assert closed.value.why == "locked"

        long_after = world.NOW + timedelta(minutes=5)
        assert admission.ask(session, cast["okafor"], at=long_after).state == SeatState.ADMITTED, "Bea's line is lost"


# --- words to those who wait ---


@pytest.mark.django_db
def test_words_to_all_are_read_by_who_waits_and_by_who_comes_later(cast, waiting):
    say(cast, text="We begin at ten past.")
    say(cast, preset="late")

    for key in ("sam", "maya"):
        assert [(said.preset, said.text, said.by) for said in room_of(cast[key]).door.said] == [("late", "", "Bea")]
    at_the_door(cast["jonah"])
    assert [said.preset for said in room_of(cast["jonah"]).door.said] == ["late"]


@pytest.mark.django_db
def test_words_to_one_are_read_by_nobody_else_who_waits(cast, waiting):
    say(cast, preset="soon")
    say(cast, waiting["sam"], text="I will call you first.")

    assert [said.text for said in room_of(cast["sam"]).door.said] == ["I will call you first.", ""]
    assert "call you" not in room_of(cast["maya"]).model_dump_json()
    assert {row.name: row.told and row.told.text for row in room_of(cast["bea"]).waiting} == {
        "Sam": "I will call you first.",
        "Maya": None,
    }
    with acting(cast["maya"]):
        assert [row.preset for row in DoorMessage.objects.all()] == ["soon"], "the database itself hides the rest"


@pytest.mark.django_db
def test_words_can_be_taken_back_and_are_not_for_those_inside(cast, waiting):
    say(cast, text="Welcome.")
    by_bea(cast, admission.admit, waiting["maya"], at=world.NOW)
    assert room_of(cast["maya"]).door is None

    by_bea(cast, door.take_back, seat_id=None)

    assert room_of(cast["sam"]).door.said == []
    with pytest.raises(Refused) as refusal:
        say(cast, waiting["maya"], text="Too late.")
    assert refusal.value.code == "not_waiting"


@pytest.mark.django_db
def test_who_does_not_lead_locks_nothing_and_writes_nothing(cast, waiting):
    for key in ("sam", "okafor"):
        with acting(cast[key]):
            session = waiting["sam"].session
            for call in (
                lambda who, session: door.lock(session, by=who, at=world.NOW),
                lambda who, session: door.unlock(session, by=who, at=world.NOW),
                lambda who, session: door.say(session, seat_id=None, preset="soon", by=who, at=world.NOW),
                lambda who, session: door.take_back(session, seat_id=None, by=who),
            ):
                with pytest.raises(PermissionDenied):
                    call(cast[key], session)


@pytest.mark.django_db
def test_a_seat_of_another_session_does_not_exist_here(cast, waiting):
    with acting(cast["bea"]):
        other = CareSession.objects.filter(staff__staff=cast["bea"]).exclude(pk=waiting["sam"].session_id).first()
        with pytest.raises(Http404):
            door.say(other, seat_id=waiting["sam"].pk, preset="soon", by=cast["bea"], at=world.NOW)


@pytest.mark.django_db
def test_the_trail_says_that_something_was_written_and_never_what(cast, waiting):
    say(cast, waiting["sam"], text="About the blue sheet.")

    with acting(cast["vera"]):
        events = list(AuditEvent.objects.filter(verb="door.say").values())
    assert len(events) == 1 and "blue" not in str(events)


@pytest.mark.django_db
def test_words_are_gone_when_nobody_ended_the_session(cast, waiting):
    say(cast, text="We begin at ten past.")
    ends_at = waiting["sam"].session.ends_at

    with acting(cast["bea"]):
        assert forgetting.forget_over(at=ends_at) == 0, "people may still be there"
        assert forgetting.forget_over(at=ends_at + timedelta(hours=2)) == 1
        assert DoorMessage.objects.count() == 0


@pytest.mark.django_db
def test_the_line_that_somebody_tried_at_home_stands_beside_their_name(cast, waiting):
    with acting(cast["sam"]):
        door.tell_network(Seat.objects.get(pk=waiting["sam"].pk), word="weak")

    assert {row.name: row.network for row in room_of(cast["bea"]).waiting} == {"Sam": "weak", "Maya": None}


# --- through the socket ---


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_words_to_one_person_reach_no_other_socket(people, media):  # noqa: F811
    session = await database_sync_to_async(tonight_committed)(people["bea"])
    for key in ("sam", "maya"):
        await database_sync_to_async(wait_at_the_door)(people[key], session)
    bea, sam, maya = [await Tab(people[key], session.pk).open() for key in ("bea", "sam", "maya")]
    async with tabs(bea, sam, maya):
        seats = {row["name"]: row["seat"] for row in (await bea.room(lambda r: len(r["waiting"]) == 2))["waiting"]}
        await bea.say(type="door_say", seat=seats["Sam"], text="I will call you first.")
        await sam.room(lambda room: room["door"]["said"])
        await sam.say(type="network", word="weak")
        await bea.room(lambda room: any(row["network"] for row in room["waiting"]))
        # What is everybody's does arrive, and nothing else did before it.
        await bea.say(type="door_lock", locked=True)
        locked = await maya.room(lambda room: room["door"]["locked"])
        assert {json.dumps(room["door"]) for room in maya.heard if room["type"] == "room"} == {
            json.dumps({"locked": False, "said": []}),
            json.dumps(locked["door"]),
        }
        assert "call you" not in str(maya.heard)


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_a_patient_who_commands_the_door_is_refused_and_the_room_goes_on(people, media, caplog):  # noqa: F811
    session = await database_sync_to_async(tonight_committed)(people["bea"])
    await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    sam = await Tab(people["sam"], session.pk).open()
    async with tabs(sam):
        for message in (
            {"type": "door_lock", "locked": True},
            {"type": "door_lock", "locked": False},
            {"type": "door_say", "seat": None, "text": "my secret"},
            {"type": "door_unsay", "seat": None},
        ):
            await sam.say(**message)
            assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await sam.say(type="beat")
        await sam.until(lambda message: message["type"] == "beat")
    assert "Refused in a room: door_say." in caplog.messages and "my secret" not in caplog.text


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_when_the_group_is_ended_the_words_at_its_door_are_gone(people, media):  # noqa: F811
    session = await database_sync_to_async(tonight_committed)(people["bea"])
    bea = await Tab(people["bea"], session.pk).open()
    async with tabs(bea):
        await bea.say(type="door_say", seat=None, preset="soon")
        await bea.room(lambda room: room["lead"]["door"]["said"])
        await bea.say(type="end")
        await bea.room(lambda room: room["session"]["phase"] == "ended")

    def left():
        with acting(people["bea"]):
            return DoorMessage.objects.count()

    assert await database_sync_to_async(left)() == 0
