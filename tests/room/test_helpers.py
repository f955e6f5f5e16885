"""Interpreters and captioners: booked for one session, seen by everybody in it, and shut out of everything else."""

from datetime import timedelta
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.http import Http404
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Login, Person
from openiop.room import admission, aside, breakouts, helping, staffing, state
from openiop.room.leading import door
from openiop.room.models import Neighbour, Seat, SeatState
from openiop.safety import ladder
from openiop.safety.models import raise_flag
from openiop.schedule.helping import NoSuchHelp, SessionHelper, book, cancel
from openiop.schedule.models import CareSession, Evidence
from tests.room.reach import rows, what_is_seen
from tests.room.test_admission import AT_HOME
from tests.room.test_consumers import Tab, media, tabs, tonight  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

IN_MEMORY = override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})


def somebody(cast, called="Iris"):
    """A helper of the clinic who signs in."""
    with acting(cast["okafor"]):
        return Person.objects.create(
            clinic_id=cast["bea"].clinic_id,
            kind=Person.HELPER,
            login=Login.objects.create(email=f"{called.lower()}@interpreters.example"),
            given_name=called,
            family_name="Castro",
            called=called,
        )


def booked(cast, session, *, helper=None, kind="interpreter", language="es", patient=None):
    helper = helper or somebody(cast)
    with acting(cast["bea"]):
        book(
            session,
            helper,
            kind=kind,
            language=language,
            patient=cast[patient] if patient else None,
            by=cast["bea"],
            at=world.NOW,
        )
    return helper


def come_in(session, who):
    with acting(who):
        return admission.ask(session, who, at=timezone.now())


def let_in(cast, session, who):
    """A patient at home, through the door and into the group."""
    with acting(cast[who]):
        seat, _place = admission.tell_place(session, cast[who], answers={**AT_HOME, "headphones": True}, at=world.NOW)
    with acting(cast["bea"]):
        admission.ask(session, cast["bea"], at=world.NOW)
        admission.admit(seat, by=cast["bea"], at=world.NOW)
        Seat.objects.filter(session=session).update(online=True, seen_at=world.NOW)
        return Seat.objects.select_related("session", "person").get(pk=seat.pk)


def place_of(seat):
    return Seat.objects.values_list("place", flat=True).get(pk=seat.pk)


def state_of(cast, seat):
    with acting(cast["bea"]):
        return Seat.objects.values_list("state", flat=True).get(pk=seat.pk)


@pytest.fixture
def evening(cast, clock):
    return tonight(cast["bea"])


# --- booking ---


def test_a_helper_is_no_staff_leads_nothing_and_is_paged_by_nobody(cast, evening):
    iris = booked(cast, evening)

    assert not iris.is_clinician and not iris.has_role("facilitator")
    with acting(cast["bea"]):
        assert iris not in Person.objects.staff()
        assert not evening.staff.filter(staff=iris).exists()


def test_nobody_is_booked_for_two_sessions_at_once(cast, evening):
    iris = booked(cast, evening)
    with acting(cast["okafor"]):
        other = CareSession.plan(
            track=evening.track,
            name="Beside it",
            begins_at=evening.begins_at,
            blocks=[{"kind": "group", "title": "", "minutes": 50}],
            modality="virtual",
            room=None,
            capacity=4,
            staff=[],
            zone="America/New_York",
        )
    with pytest.raises(IntegrityError, match="helper_booked_once"), transaction.atomic():
        booked(cast, other, helper=iris)
        rows("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("who", ["bea", "maya"])
def test_only_somebody_who_helps_is_booked(cast, evening, who):
    with acting(cast["bea"]), pytest.raises(NoSuchHelp):
        book(evening, cast[who], kind="captioner", by=cast["bea"], at=world.NOW)


def test_a_helper_is_with_nobody_who_is_not_expected(cast, evening):
    with pytest.raises(NoSuchHelp):
        booked(cast, evening, patient="leo")


def test_a_booking_moves_with_the_session_and_ends_with_it(cast, evening):
    booked(cast, evening)
    with acting(cast["okafor"]):
        evening.move(to=evening.begins_at + timedelta(hours=1), by=cast["okafor"], at=world.NOW)
        assert SessionHelper.objects.get().during == evening.during
        evening.cancel(by=cast["okafor"], at=world.NOW)
        assert not SessionHelper.objects.get().stands


# --- coming in ---


def test_a_helper_comes_straight_in_and_everybody_sees_what_they_do(cast, evening):
    iris = booked(cast, evening)
    maya = let_in(cast, evening, "maya")
    seat = come_in(evening, iris)

    assert (seat.role, seat.state) == ("helper", SeatState.ADMITTED)
    with acting(cast["maya"]):
        room = state.room_for(maya, at=world.NOW)
    (shown,) = [row for row in room.seats if row.role == "helper"]
    assert (shown.name, shown.helps.kind, shown.helps.language) == ("Iris", "interpreter", "es")


def test_without_a_booking_there_is_no_door(cast, evening):
    with pytest.raises(Http404):
        come_in(evening, somebody(cast))


def test_through_a_locked_door_no_helper_comes_who_was_not_inside(cast, evening):
    iris = booked(cast, evening)
    let_in(cast, evening, "maya")
    with acting(cast["bea"]):
        door.lock(evening, by=cast["bea"], at=world.NOW)
    with pytest.raises(admission.NotNow, match="locked"):
        come_in(evening, iris)


def test_whoever_is_booked_no_longer_is_out_at_once(cast, evening):
    iris = booked(cast, evening)
    come_in(evening, iris)
    with acting(cast["bea"]):
        cancel(SessionHelper.objects.get(), by=cast["bea"], at=world.NOW)
    with acting(iris), pytest.raises(Http404):
        admission.check_still_comes(evening, iris)


def test_a_helper_who_was_put_out_is_let_in_again_by_a_facilitator_alone(cast, evening):
    iris = booked(cast, evening)
    let_in(cast, evening, "maya")
    seat = come_in(evening, iris)
    with acting(cast["bea"]):
        admission.remove(seat, by=cast["bea"], at=world.NOW)
    assert come_in(evening, iris).state == SeatState.REMOVED
    with acting(iris):
        Seat.objects.filter(pk=seat.pk).update(online=True, seen_at=world.NOW)
    with acting(cast["bea"]):
        bea = Seat.objects.select_related("session", "person").get(session=evening, person=cast["bea"])
        assert [row.name for row in state.room_for(bea, at=world.NOW).waiting] == ["Iris"]
        admission.admit(seat, by=cast["bea"], at=world.NOW)
    assert come_in(evening, iris).state == SeatState.ADMITTED


def test_a_helper_leads_no_group_and_proves_nobodys_presence(cast, evening):
    iris = booked(cast, evening)
    seat = come_in(evening, iris)
    with acting(iris):
        admission.beat(Seat.objects.select_related("session", "person").get(pk=seat.pk), at=world.NOW, receiving=True)
    with acting(cast["bea"]):
        assert not Evidence.objects.filter(session=evening).exists()
        assert not staffing.led_now(Neighbour.of(evening.pk), at=world.NOW)
        assert breakouts.Scene.of(evening, at=world.NOW).everybody == {}


# --- beside their person ---


def in_breakouts(cast, session, seat):
    """Open two breakouts, with this seat in the first; return the place."""
    with acting(cast["bea"]):
        made = breakouts.prepare(session, rooms=2, how="hand", minutes=None, late="ask", by=cast["bea"], at=world.NOW)
        first = made.rooms.get(n=1)
        breakouts.place(session, seat.pk, first.pk, by=cast["bea"], at=world.NOW)
        breakouts.open_rooms(session, by=cast["bea"], at=world.NOW)
        return first.place


def test_a_helper_goes_with_their_person_into_a_breakout_and_back(cast, evening):
    iris = booked(cast, evening, patient="maya")
    maya = let_in(cast, evening, "maya")
    seat = come_in(evening, iris)
    place = in_breakouts(cast, evening, maya)
    with acting(cast["bea"]):
        assert place_of(seat) == place_of(maya) == place
        breakouts.close(evening, seconds=0, by=cast["bea"], at=world.NOW)
        assert place_of(seat) == place_of(maya) == "group"


def test_a_helper_of_one_person_is_inside_only_while_that_person_is(cast, evening):
    iris = booked(cast, evening, patient="maya")
    seat = come_in(evening, iris)
    states = [state_of(cast, seat)]
    maya = let_in(cast, evening, "maya")
    states.append(state_of(cast, seat))
    with acting(cast["bea"]):
        admission.remove(maya, by=cast["bea"], at=world.NOW)
    states.append(state_of(cast, seat))

    assert states == ["waiting", "admitted", "waiting"]


def test_a_helper_of_the_whole_group_stays_with_it(cast, evening):
    iris = booked(cast, evening)
    maya = let_in(cast, evening, "maya")
    seat = come_in(evening, iris)
    in_breakouts(cast, evening, maya)
    with acting(cast["bea"]):
        assert place_of(seat) == "group"


def test_a_helper_goes_with_their_person_to_a_private_place_and_stays_with_nobody_elses(cast, evening):
    iris = booked(cast, evening, patient="maya")
    maya, sam = let_in(cast, evening, "maya"), let_in(cast, evening, "sam")
    seat = come_in(evening, iris)
    with acting(cast["bea"]):
        bea = aside.call(sam, by=cast["bea"], at=world.NOW)
        aside.arrive(bea, at=world.NOW)
        assert place_of(seat) == "group"
        aside.back(evening, by=cast["bea"], at=world.NOW)
        bea = aside.call(maya, by=cast["bea"], at=world.NOW)
        assert place_of(seat) == "group"
        aside.arrive(bea, at=world.NOW)
        assert place_of(seat) == place_of(maya) == f"aside:{maya.pk}"


def test_whoever_comes_after_their_person_went_to_a_breakout_goes_there(cast, evening):
    iris = booked(cast, evening, patient="maya")
    maya = let_in(cast, evening, "maya")
    place = in_breakouts(cast, evening, maya)

    assert come_in(evening, iris).place == place


def test_booked_for_somebody_else_a_helper_goes_over_at_once(cast, evening):
    iris = booked(cast, evening, patient="sam")
    maya, _sam = let_in(cast, evening, "maya"), let_in(cast, evening, "sam")
    seat = come_in(evening, iris)
    place = in_breakouts(cast, evening, maya)
    booked(cast, evening, helper=iris, patient="maya")
    with acting(cast["bea"]):
        assert place_of(seat) == place


def test_no_helper_takes_a_seat_in_another_place_even_in_the_database(cast, evening):
    iris = booked(cast, evening)
    maya = let_in(cast, evening, "maya")
    seat = come_in(evening, iris)
    place = in_breakouts(cast, evening, maya)
    with acting(iris):
        Seat.objects.filter(pk=seat.pk).update(place=place)
        assert place_of(seat) == "group"
        with pytest.raises(DatabaseError), transaction.atomic():
            Seat.objects.filter(pk=seat.pk).update(role="facilitator")


# --- the lower lock ---


def test_raw_queries_reach_the_booked_session_and_the_own_seat_alone(cast, evening):
    iris = booked(cast, evening, patient="maya")
    let_in(cast, evening, "maya")
    with acting(cast["okafor"]):
        raise_flag(
            cast["maya"],
            key="x",
            evidence=ladder.Evidence("staff_concern", 3),
            label="Asked for",
            value="by the test",
            at=world.NOW,
        )
    come_in(evening, iris)

    assert what_is_seen(iris) == {
        "people_clinic": 1,
        "people_person": 1,
        "room_liveroom": 1,
        "room_seat": 1,
        "schedule_block": 5,
        "schedule_caresession": 1,
        "schedule_sessionhelper": 1,
    }
    with acting(iris):
        assert rows("SELECT called FROM people_person") == [("Iris",)]
        assert rows("SELECT person_id FROM room_seat") == [(iris.pk,)]
        assert {name for (name,) in rows("SELECT called FROM room_seats(%s)", evening.pk)} == {"Bea", "Iris", "Maya"}


def test_raw_queries_of_somebody_without_a_booking_reach_their_own_name_alone(cast, evening):
    let_in(cast, evening, "maya")
    iris = somebody(cast)

    assert what_is_seen(iris) == {"people_clinic": 1, "people_person": 1}
    with acting(iris):
        for function in ("room_seats", "room_on_site", "my_breakout", "my_poll", "room_helpers"):
            assert rows(f"SELECT * FROM {function}(%s)", evening.pk) == []


def test_an_hour_after_the_end_the_session_is_gone_for_them(cast, evening, clock):
    iris = booked(cast, evening)
    come_in(evening, iris)
    clock.move_to(evening.ends_at + admission.CLOSES_AFTER)

    assert what_is_seen(iris) == {"people_clinic": 1, "people_person": 1, "room_seat": 1}
    with acting(iris):
        assert rows("SELECT called FROM room_seats(%s)", evening.pk) == []


def test_every_table_that_the_web_reads_is_closed_to_helpers_by_name(cast):
    open_tables = rows(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' "
        "AND c.relrowsecurity AND has_table_privilege('openiop_web', c.oid, 'SELECT') AND NOT EXISTS (SELECT 1 FROM "
        "pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'helpers' AND NOT p.polpermissive)"
    )
    assert open_tables == []


# --- what they are told and may say ---


def test_a_helper_is_told_of_no_signal_no_case_and_nobody_who_waits(cast, evening):
    iris = booked(cast, evening)
    let_in(cast, evening, "maya")
    with acting(cast["sam"]):
        admission.tell_place(evening, cast["sam"], answers={**AT_HOME, "headphones": True}, at=world.NOW)
    seat = come_in(evening, iris)
    with acting(iris):
        room = state.room_for(Seat.objects.select_related("session", "person").get(pk=seat.pk), at=world.NOW)

    assert {row.name for row in room.seats} == {"Bea", "Maya", "Iris"}
    assert (room.lead, room.breakouts, room.my_signal, room.waiting, room.chat) == (None, None, None, [], "off")


@pytest.mark.parametrize(
    "command",
    [
        {"type": "admit", "seat": "all"},
        {"type": "end"},
        {"type": "signal", "id": str(uuid4()), "kind": "word"},
        {"type": "ask_help", "asks": True},
        {"type": "react", "reaction": "thanks"},
        {"type": "chat_write", "id": str(uuid4()), "text": "psst"},
        {"type": "hop", "room": None},
        {"type": "pin", "seat": str(uuid4()), "pinned": True},
        {"type": "caption", "text": "not my work"},
    ],
    ids=lambda command: command["type"],
)
@IN_MEMORY
async def test_an_interpreter_gives_no_command_and_the_room_goes_on(committed, clock, media, command):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    session = await database_sync_to_async(tonight)(people["bea"])
    iris = await database_sync_to_async(booked)(people, session)
    tab = await Tab(iris, session.pk).open()
    async with tabs(tab):
        await tab.room()
        await tab.say(**command)

        assert (await tab.until(lambda message: message["type"] == "error"))["code"] == "not_allowed"
        await tab.say(type="beat")
        await tab.until(lambda message: message["type"] == "beat")


@IN_MEMORY
async def test_lines_of_captions_reach_those_in_the_same_place_and_nobody_elsewhere(committed, clock, media):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    session = await database_sync_to_async(tonight)(people["bea"])
    cleo = await database_sync_to_async(somebody)(people, "Cleo")
    await database_sync_to_async(booked)(people, session, helper=cleo, kind="captioner", language="")
    await database_sync_to_async(let_in)(people, session, "maya")
    with_sam = await database_sync_to_async(let_in)(people, session, "sam")
    await database_sync_to_async(in_breakouts)(people, session, with_sam)
    maya, sam = await Tab(people["maya"], session.pk).open(), await Tab(people["sam"], session.pk).open()
    tab = await Tab(cleo, session.pk).open()
    async with tabs(maya, sam, tab):
        await maya.room(lambda room: any(seat["helps"] for seat in room["seats"]))
        await sam.room()
        await tab.room()
        await tab.say(type="caption", text="Maya says that the week was long.")

        heard = await maya.until(lambda message: message["type"] == "caption")
        assert heard["text"] == "Maya says that the week was long."
        await sam.say(type="beat")
        await sam.until(lambda message: message["type"] == "beat")
        assert not any(message["type"] == "caption" for message in sam.heard)


@IN_MEMORY
async def test_a_cancelled_booking_closes_the_open_room(committed, clock, media):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    session = await database_sync_to_async(tonight)(people["bea"])
    iris = await database_sync_to_async(booked)(people, session)
    tab = await Tab(iris, session.pk).open()
    async with tabs(tab):
        await tab.room()

        def no_longer():
            with acting(people["bea"]):
                cancel(SessionHelper.objects.get(), by=people["bea"], at=world.NOW)

        await database_sync_to_async(no_longer)()
        assert (await tab.until(lambda message: message["type"] == "bye"))["reason"] == "refused"


def test_a_line_travels_sealed_between_our_processes(cast, evening):
    cleo = booked(cast, evening, helper=somebody(cast, "Cleo"), kind="captioner", language="")
    seat = come_in(evening, cleo)
    sealed = helping._seal().encrypt(b"long week").decode()

    assert "long week" not in sealed
    passing = {"caption": sealed, "seat": str(seat.pk), "place": "group"}
    assert helping.line_of(passing, place="group").text == "long week"
    assert helping.line_of(passing, place="breakout:x") is None


# --- the pinned tile ---


def test_a_facilitator_pins_a_helper_for_everybody_and_a_patient_does_not(cast, evening):
    iris = booked(cast, evening, kind="sign", language="")
    maya = let_in(cast, evening, "maya")
    seat = come_in(evening, iris)
    with acting(cast["bea"]):
        seat = Seat.objects.select_related("session", "person").get(pk=seat.pk)
        helping.pin(seat, pinned=True, by=cast["bea"], at=world.NOW)
        with pytest.raises(Http404):
            helping.pin(maya, pinned=True, by=cast["bea"], at=world.NOW)
    with acting(cast["maya"]):
        assert [row.pinned for row in Neighbour.of(evening.pk) if row.role == "helper"] == [True]
        with pytest.raises(PermissionDenied):
            helping.pin(seat, pinned=False, by=cast["maya"], at=world.NOW)


# --- the pages ---


def test_staff_book_somebody_and_the_helper_finds_the_way_in(cast, evening, client_for, settings):
    settings.JANUS_WS = ["ws://127.0.0.1:1"]
    iris = somebody(cast)
    bea, page = client_for(cast["bea"]), f"/sessions/{evening.pk}/helpers"
    said = {"helper": iris.pk, "kind": "interpreter", "language": "", "patient": cast["ruth"].pk}
    assert bea.post(page, said).status_code == 422
    assert bea.post(page, {**said, "language": "es"}).status_code == 302
    assert "Iris Castro" in bea.get(page).content.decode()

    hers = client_for(iris)
    assert hers.get("/").headers["Location"] == reverse("helping")
    assert evening.name in hers.get("/helping").content.decode()
    room = hers.get(f"/sessions/{evening.pk}/room")
    assert room.status_code == 200 and '"boardUrl": ""' in room.content.decode()
    for path in ("/desk", f"/patients/{cast['ruth'].pk}", f"/sessions/{evening.pk}", "/patients", page):
        assert hers.get(path).status_code == 404, path


def test_whoever_neither_leads_nor_plans_books_nobody(cast, evening, client_for):
    iris = somebody(cast)
    said = {"helper": iris.pk, "kind": "captioner"}
    for who, status in (("hal", 403), ("maya", 404)):
        assert client_for(cast[who]).post(f"/sessions/{evening.pk}/helpers", said).status_code == status
    with acting(cast["bea"]):
        assert not SessionHelper.objects.exists()


def test_a_director_adds_an_interpreter_who_is_invited(cast, client_for):
    said = {
        "given_name": "Iris",
        "family_name": "Castro",
        "called": "Iris",
        "phone": "",
        "language": "es",
        "zone": "America/New_York",
        "email": "iris@interpreters.example",
    }
    okafor = client_for(cast["okafor"])
    assert okafor.post("/helpers", {**said, "email": ""}).status_code == 422
    shown = okafor.post("/helpers", said).content.decode()

    assert "/welcome/" in shown
    with acting(cast["okafor"]):
        assert Person.objects.helpers().get().called == "Iris"
    assert client_for(cast["bea"]).post("/helpers", said).status_code == 403


def test_a_line_that_cannot_be_opened_is_dropped_and_closes_nobodys_room():
    late = {"caption": "gAAAAABnothing", "place": "group", "seat": "0191b7a0-0000-7000-8000-000000000002"}

    assert helping.line_of(late, place="group") is None
