"""A patient on site with their own phone: the group's queues, never its sound or picture, and no minute."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import Http404
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import acting
from openiop.programs.models import Modality
from openiop.room import admission, aside, breakouts, care, companions, signals, state
from openiop.room.boards import rights
from openiop.room.boards.models import Board
from openiop.room.leading import asides, door
from openiop.room.models import BREAKOUT, Place, Seat, SeatState
from openiop.room.refused import Refused
from openiop.room.together import polls
from openiop.schedule import presence
from openiop.schedule.models import Evidence, NotTogether
from tests.room.test_admission import come_in, tonight
from tests.room.test_breakouts import Evening
from tests.room.test_consumers import Tab, media, people, tabs, wait_at_the_door  # noqa: F401 (fixtures)
from tests.room.test_signals import quiet
from tests.room.test_site_device import camera


def arrives(cast, key="theo", *, leaves=False):
    at = world.NOW + timedelta(seconds=leaves)
    with acting(cast["hal"]):
        say = presence.departure if leaves else presence.arrival
        say(tonight(cast["hal"]), cast[key], source="desk", by=cast["hal"], at=at)


@pytest.fixture
def phone(cast):
    """Bea leads; Theo is on site with his phone."""
    come_in(cast["bea"])
    arrives(cast)
    return come_in(cast["theo"])


def room_of(person, *, at=world.NOW):
    with acting(person):
        return state.room_for(admission.ask(tonight(person), person, at=at), at=at)


@pytest.mark.django_db
def test_whoever_was_seen_to_arrive_comes_straight_in_with_their_phone(cast, phone):
    mine = room_of(cast["theo"])

    assert (mine.me.state, mine.me.companion) == ("admitted", True)
    assert [(seat.name, seat.companion) for seat in room_of(cast["bea"]).seats] == [("Bea", False), ("Theo", True)]


@pytest.mark.django_db
def test_whoever_was_not_seen_to_arrive_waits_at_the_door_like_everybody_at_home(cast):
    come_in(cast["bea"])
    seat = come_in(cast["theo"])

    assert (seat.companion, seat.state) == (False, SeatState.WAITING)


@pytest.mark.django_db
def test_their_phone_proves_no_minute_neither_by_being_there_nor_by_leaving(cast, phone):
    with acting(cast["theo"]):
        Seat.objects.filter(pk=phone.pk).update(connection=uuid4())
        phone.refresh_from_db()
        admission.beat(phone, at=world.NOW, receiving=True)
        admission.leave(phone, by=cast["theo"], at=world.NOW)

    with acting(cast["bea"]):
        assert set(Evidence.objects.filter(patient=cast["theo"]).values_list("source", flat=True)) == {"desk"}


@pytest.mark.django_db
def test_whoever_leaves_the_site_is_out_and_begins_at_the_door(cast, phone):
    arrives(cast, leaves=True)
    with pytest.raises(Http404), acting(cast["theo"]):
        companions.check_still_here(Seat.objects.select_related("session", "person").get(pk=phone.pk))

    again = come_in(cast["theo"])

    assert (again.companion, again.state, again.ready, again.admitted_at) == (False, SeatState.WAITING, False, None)


@pytest.mark.django_db
def test_whoever_was_removed_does_not_come_back_by_phone(cast, phone):
    with acting(cast["bea"]):
        admission.remove(phone, by=cast["bea"], at=world.NOW)

    assert room_of(cast["theo"]).me.state == "removed"


@pytest.mark.django_db
def test_through_a_locked_door_they_wait_where_who_leads_sees_them_and_lets_them_in(cast):
    come_in(cast["bea"])
    with acting(cast["bea"]):
        door.lock(tonight(cast["bea"]), by=cast["bea"], at=world.NOW)
    arrives(cast)
    seat = come_in(cast["theo"])

    assert (seat.companion, seat.ready, seat.state, seat.admitted_at) == (True, True, SeatState.WAITING, None)
    assert [row.name for row in room_of(cast["bea"]).waiting] == ["Theo"]
    with acting(cast["bea"]):
        door.unlock(tonight(cast["bea"]), by=cast["bea"], at=world.NOW)
        let_in = admission.admit(seat, by=cast["bea"], at=world.NOW)
    assert (let_in.state, let_in.place) == (SeatState.ADMITTED, Place.GROUP)


@pytest.mark.django_db
def test_who_was_in_before_comes_back_by_phone_through_a_locked_door(cast, phone):
    with acting(cast["theo"]):
        admission.leave(phone, by=cast["theo"], at=world.NOW)
    with acting(cast["bea"]):
        door.lock(tonight(cast["bea"]), by=cast["bea"], at=world.NOW)

    assert room_of(cast["theo"]).me.state == "admitted"


@pytest.fixture
def with_camera(cast):
    """Maya and Sam are in from home, the site's camera is in the group; Theo and his phone are in front of it."""
    evening = Evening(cast, "maya", "sam")
    device = camera(cast["okafor"])
    with acting(device):
        seat = admission.ask(evening.session, device, at=world.NOW)
    arrives(cast)
    phone = come_in(cast["theo"])
    return evening, seat, phone


@pytest.mark.django_db
def test_let_in_again_a_phone_sits_in_the_breakout_where_the_sites_device_is(cast, with_camera):
    evening, site, phone = with_camera
    with acting(cast["bea"]):
        admission.send_back(phone, by=cast["bea"], at=world.NOW)
        evening.prepare()
        breakouts.place(evening.session, site.pk, evening.room(1).pk, by=cast["bea"], at=world.NOW)
        breakouts.open_rooms(evening.session, by=cast["bea"], at=world.NOW)

        again = admission.admit(phone, by=cast["bea"], at=world.NOW)

        assert again.place == evening.room(1).place


@pytest.mark.django_db
def test_who_was_planned_from_home_and_came_by_phone_stands_in_front_of_the_sites_device(cast, with_camera):
    evening, site, _phone = with_camera
    with acting(cast["okafor"]):
        evening.session.roster.filter(patient=cast["theo"]).update(modality=Modality.VIRTUAL)
        NotTogether.objects.create(clinic_id=evening.bea.clinic_id, first=cast["theo"], second=cast["maya"])
    with acting(cast["bea"]):
        evening.prepare()
        evening.place("maya", 1)

        scene = breakouts.Scene.of(evening.session, at=world.NOW)
        assert cast["theo"].pk in scene.parties[site.pk].people
        with pytest.raises(Refused, match="apart"):
            breakouts.place(evening.session, site.pk, evening.room(1).pk, by=cast["bea"], at=world.NOW)


@pytest.mark.django_db
def test_nobody_is_called_to_a_private_place_for_a_phone_that_hears_nothing(cast, phone):
    with pytest.raises(Refused, match="not_inside"), acting(cast["bea"]):
        asides.ask(phone, whom=cast["marcus"].pk, by=cast["bea"], at=world.NOW)


@pytest.mark.django_db
def test_a_private_signal_from_the_phone_stands_in_the_same_queue(cast, phone):
    with acting(cast["theo"]):
        signals.tap(phone, key=uuid4(), kind="urges", by=cast["theo"], at=world.NOW)

    assert [seen.name for seen in room_of(cast["bea"]).lead.signals] == ["Theo"]


@pytest.mark.django_db
def test_the_phone_answers_a_poll_and_is_counted_with_everybody(cast, phone):
    with acting(cast["bea"]):
        asked = {"kind": "feelings", "question": "", "options": [], "named": False, "kept": False}
        poll = polls.ask(tonight(cast["bea"]), **asked, by=cast["bea"], at=world.NOW)
    with acting(cast["theo"]):
        polls.answer(phone, poll.pk, value=4, by=cast["theo"], at=world.NOW)

    assert room_of(cast["theo"]).together.poll.mine == 4
    assert room_of(cast["bea"]).lead.together.poll.answered == 1


@pytest.mark.django_db
def test_the_phone_draws_on_the_groups_board_and_no_longer_once_it_is_out(cast, phone):
    with acting(cast["bea"]):
        board = Board.lay_out(tonight(cast["bea"]), place=Place.GROUP, at=world.NOW)
    with acting(cast["theo"]):
        assert rights.level(board, cast["theo"], at=world.NOW) == "writer"
        with pytest.raises(PermissionDenied):
            rights.lead(board, cast["theo"], at=world.NOW)
    with acting(cast["bea"]):
        admission.send_back(phone, by=cast["bea"], at=world.NOW)

    with acting(cast["theo"]), pytest.raises(Http404):
        rights.level(board, cast["theo"], at=world.NOW)


@pytest.mark.django_db
def test_nobody_is_brought_to_a_private_place_by_a_phone_that_hears_nothing(cast, phone):
    with pytest.raises(Refused), acting(cast["bea"]):
        aside.call(phone, by=cast["bea"], at=world.NOW)


@pytest.mark.django_db
def test_a_phone_that_falls_silent_is_no_lost_line(cast, phone):
    with acting(cast["bea"]):
        assert [row for row in care._silent(cast["bea"].clinic, at=world.NOW) if row.pk == phone.pk] == []
    assert all(person.lost_since is None for person in room_of(cast["bea"]).lead.care)


@pytest.mark.django_db
def test_a_phone_is_nobody_to_place_in_a_breakout_and_asks_for_help_by_its_hand(cast, phone):
    with acting(cast["bea"]):
        scene = breakouts.Scene.of(tonight(cast["bea"]), at=world.NOW)
        assert phone.pk not in scene.everybody
        phone.place = f"{BREAKOUT}{uuid4()}"
    with pytest.raises(PermissionDenied), acting(cast["theo"]):
        breakouts.ask_help(phone, asks=True, at=world.NOW)


@pytest.mark.django_db
def test_the_database_refuses_a_companion_with_sound_picture_or_media(cast, phone):
    for wrong in ({"audio": True}, {"video": True}, {"media": {"feed": "1-a"}}, {"role": "facilitator"}):
        with pytest.raises(DatabaseError), acting(cast["bea"]), transaction.atomic():
            Seat.objects.filter(pk=phone.pk).update(**wrong)


@pytest.mark.django_db
def test_the_door_sends_whoever_is_on_site_to_the_room_and_whoever_left_to_the_door(client_for, cast, phone, clock):
    client = client_for(cast["theo"])
    with acting(cast["theo"]):
        pk = tonight(cast["theo"]).pk
    for name in ("door", "door-form"):
        assert client.get(reverse(name, args=[pk])).url == reverse("room", args=[pk])
    assert client.get(reverse("room", args=[pk])).status_code == 200

    arrives(cast, leaves=True)

    assert client.get(reverse("room", args=[pk])).url == reverse("door", args=[pk])
    assert client.get(reverse("door", args=[pk])).status_code == 200


# --- through the socket ---


async def test_the_server_refuses_every_media_and_key_request_of_a_phone(people, media):  # noqa: F811
    await database_sync_to_async(arrives)(people)
    session = await database_sync_to_async(lambda: inside(people))()
    bea = await Tab(people["bea"], session.pk).open()
    theo = await Tab(people["theo"], session.pk).open()
    async with tabs(bea, theo):
        seen = await theo.room(lambda room: room["me"]["state"] == "admitted")
        await theo.say(type="media", id=1, request={"kind": "publish", "sdp": "v=0"})
        assert (await theo.until(lambda m: m["type"] == "media" and m["id"] == 1))["error"] == "not_in_room"
        await theo.say(type="media", id=2, request={"kind": "subscribe", "feeds": "all"})
        assert (await theo.until(lambda m: m["type"] == "media" and m["id"] == 2))["error"] == "not_in_room"
        request = {"kind": "package", "room": seen["room"] or str(uuid4()), "key": "BAEC", "package": "AAEC"}
        await theo.say(type="keys", id=3, request=request)
        assert (await theo.until(lambda m: m["type"] == "keys_reply"))["error"]

        await theo.say(type="self", audio=True, video=True)
        await theo.say(type="hand", raised=True)
        raised = await bea.room(lambda room: any(seat["hand_at"] for seat in room["seats"]))
        mine = next(seat for seat in raised["seats"] if seat["name"] == "Theo")
        assert (mine["companion"], mine["audio"], mine["video"], mine["feed"]) == (True, False, False, None)

        await database_sync_to_async(arrives)(people, leaves=True)
        await theo.say(type="beat")
        assert (await theo.until(lambda m: m["type"] == "bye"))["reason"] == "refused"


async def test_another_patient_hears_nothing_of_a_signal_from_the_phone(people, media):  # noqa: F811
    await database_sync_to_async(arrives)(people)
    session = await database_sync_to_async(lambda: inside(people))()
    await database_sync_to_async(wait_at_the_door)(people["maya"], session)
    bea, theo, maya = [await Tab(people[key], session.pk).open() for key in ("bea", "theo", "maya")]
    async with tabs(bea, theo, maya):
        await bea.room(lambda room: room["waiting"])
        await bea.say(type="admit", seat="all")
        await maya.room(lambda room: room["me"]["state"] == "admitted")
        await quiet(maya)

        await theo.say(type="signal", id=str(uuid4()), kind="not_safe")
        await bea.room(lambda room: room["lead"]["signals"])
        await theo.room(lambda room: room["my_signal"])

        assert await maya.socket.receive_nothing(timeout=1)
        # Proof that Maya's tab was listening all the while: what is everybody's does arrive.
        await theo.say(type="hand", raised=True)
        await maya.room(lambda room: any(seat["hand_at"] for seat in room["seats"]))
        assert "not_safe" not in json.dumps(maya.heard)


def inside(cast):
    with acting(cast["bea"]):
        return tonight(cast["bea"])


@pytest.mark.django_db
def test_today_offers_the_phone_to_whoever_has_arrived_and_to_nobody_else(client_for, cast, clock):
    before = client_for(cast["theo"]).get(reverse("today")).content.decode()
    arrives(cast)
    after = client_for(cast["theo"]).get(reverse("today")).content.decode()

    assert "Join with this phone" not in before
    assert "Join with this phone" in after
