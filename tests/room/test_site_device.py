"""The camera of a room on site: which sessions it joins, who is in front of it, and who may know."""

from datetime import timedelta
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.db import IntegrityError, transaction
from django.http import Http404
from django.test import Client, override_settings

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Device, Person, Site, hashed
from openiop.room import admission, state
from openiop.schedule import presence
from openiop.schedule.models import Room
from tests.room.test_admission import at_the_door, come_in, tonight
from tests.room.test_consumers import Tab, media, tabs  # noqa: F401
from tests.room.test_consumers import tonight as tonight_of

pytestmark = pytest.mark.django_db


def camera(director, *, name="Room 2", token="of the camera"):
    """A paired room device that stands in the room of this name, or in none."""
    with acting(director):
        device = Device.objects.create(
            clinic_id=director.clinic_id,
            kind=Device.ROOM,
            name=name,
            site=Site.objects.first(),
            token_hash=hashed(token),
        )
        Room.objects.filter(name=name).update(device=device)
    return device


def room_as(seat, person):
    with acting(person):
        seat.refresh_from_db()
        return state.room_for(seat, at=world.NOW)


def tile_of(room):
    return next(seat for seat in room.seats if seat.role == "site")


@pytest.fixture
def bea(cast):
    return come_in(cast["bea"])


@pytest.fixture
def device(cast, bea):
    found = camera(cast["okafor"])
    with acting(found):
        seat = admission.ask(bea.session, found, at=world.NOW)
        seat.online, seat.seen_at = True, world.NOW
        seat.save()
    return found


def test_a_device_joins_the_sessions_of_the_room_it_stands_in_without_waiting(cast, bea, device):
    assert tile_of(room_as(bea, cast["bea"])).name == "Room 2"


@pytest.mark.parametrize("name", ["Room 3", "nowhere"])
def test_a_device_that_stands_in_another_room_of_the_same_site_or_in_none_has_no_door(cast, name):
    with acting(cast["okafor"]):
        Room.objects.create(clinic_id=cast["bea"].clinic_id, site=Site.objects.first(), name="Room 3", seats=8)
        session = tonight(cast["bea"])
    other = camera(cast["okafor"], name=name)
    with pytest.raises(Http404), acting(other):
        admission.ask(session, other, at=world.NOW)


def test_a_device_comes_no_earlier_than_patients_do(cast, bea):
    found = camera(cast["okafor"])
    with pytest.raises(admission.NotNow), acting(found):
        admission.ask(bea.session, found, at=bea.session.begins_at - timedelta(minutes=31))


def test_a_kiosk_of_the_same_site_has_no_door(cast, bea):
    kiosk = camera(cast["okafor"])
    with acting(cast["okafor"]):
        Device.objects.filter(pk=kiosk.pk).update(kind=Device.KIOSK)
    kiosk.kind = Device.KIOSK
    with pytest.raises(Http404), acting(kiosk):
        admission.ask(bea.session, kiosk, at=world.NOW)


def test_the_tile_names_those_who_arrived_on_site_and_not_those_who_left_or_are_at_home(cast, bea, device):
    with acting(cast["hal"]):
        for key in ("theo", "jonah", "ines"):
            presence.arrival(bea.session, cast[key], source="desk", by=cast["hal"], at=world.NOW)
        later = world.NOW + timedelta(seconds=1)
        presence.departure(bea.session, cast["ines"], source="desk", by=cast["hal"], at=later)

    assert tile_of(room_as(bea, cast["bea"])).people == ["Jonah", "Theo"]


def test_who_was_let_in_knows_who_is_in_front_of_it_and_who_waits_does_not(cast, bea, device):
    with acting(cast["hal"]):
        presence.arrival(bea.session, cast["theo"], source="desk", by=cast["hal"], at=world.NOW)
    maya, sam = at_the_door(cast["maya"]), at_the_door(cast["sam"])
    with acting(cast["bea"]):
        admission.admit(sam, by=cast["bea"], at=world.NOW)

    assert tile_of(room_as(sam, cast["sam"])).people == ["Theo"]
    assert "Theo" not in room_as(maya, cast["maya"]).model_dump_json()


def test_an_unpaired_device_may_not_stay(cast, bea, device):
    with acting(cast["okafor"]):
        device.revoke(by=cast["okafor"], at=world.NOW)
    with pytest.raises(Http404), acting(device):
        admission.check_still_comes(bea.session, device)


def test_a_device_that_was_paired_anew_elsewhere_may_not_stay_where_it_was(cast, bea, device):
    with acting(cast["okafor"]):
        Device.objects.filter(pk=device.pk).update(token_hash=hashed("of another tablet"))
    with pytest.raises(Http404), acting(device):
        admission.check_still_comes(bea.session, device)


def test_the_database_refuses_a_device_of_another_site(cast):
    with acting(cast["okafor"]):
        elsewhere = Site.objects.create(clinic_id=cast["bea"].clinic_id, name="Uptown", address="2 Hill", state="NY")
        device = Device.objects.create(clinic_id=cast["bea"].clinic_id, kind="room", name="Far", site=elsewhere)
        with pytest.raises(IntegrityError), transaction.atomic():
            Room.objects.update(device=device)


def test_on_the_rooms_page_a_device_of_that_site_is_chosen_and_another_ones_is_refused(cast, client_for):
    director = client_for(cast["okafor"])
    device = camera(cast["okafor"], name="Spare")
    with acting(cast["okafor"]):
        room = Room.objects.get(name="Room 2")
        elsewhere = Site.objects.create(clinic_id=room.clinic_id, name="Uptown", address="2 Hill", state="NY")
        far = Device.objects.create(clinic_id=room.clinic_id, kind="room", name="Far", site=elsewhere)
    said = {"site": room.site_id, "name": "Room 2", "seats": 12}

    assert director.post(f"/rooms/{room.pk}", {**said, "device": far.pk}).status_code == 422
    assert director.post(f"/rooms/{room.pk}", {**said, "device": device.pk}).status_code == 302
    with acting(cast["okafor"]):
        assert Room.objects.get(name="Room 2").device_id == device.pk


def test_the_quiet_page_says_where_the_device_stands_and_leads_to_the_room_when_the_group_is_near(
    cast, clock, settings
):
    settings.JANUS_WS = "ws://127.0.0.1:1"
    browser = Client(headers={"host": "localhost"})
    browser.cookies["openiop_device"] = "of the camera"
    device = camera(cast["okafor"], name="nowhere")
    assert "stands in no room yet" in browser.get("/site-room").content.decode()
    assert "HX-Redirect" not in browser.get("/site-room", headers={"hx-request": "true"}).headers

    with acting(cast["okafor"]):
        Room.objects.filter(name="Room 2").update(device=device)

    assert browser.get("/site-room", headers={"hx-request": "true"}).headers["HX-Redirect"] == "/site-room"
    assert 'id="room-config"' in browser.get("/site-room").content.decode()


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_unpairing_closes_the_open_room_at_once(committed, clock, media):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    device = await database_sync_to_async(camera)(people["okafor"])
    session = await database_sync_to_async(tonight_of)(people["bea"])
    tab = await Tab(device, session.pk, uuid4()).open()
    async with tabs(tab):
        await tab.room()

        def unpair():
            with acting(people["okafor"]):
                Device.objects.get(pk=device.pk).revoke(by=people["okafor"], at=world.NOW)

        await database_sync_to_async(unpair)()

        assert (await tab.until(lambda message: message["type"] == "bye"))["reason"] == "refused"


def test_staff_and_patients_keep_their_right_without_being_asked_again(cast, bea):
    assert isinstance(cast["bea"], Person)
    with acting(cast["bea"]):
        admission.check_still_comes(bea.session, cast["bea"])
