"""The door's pages, as a patient and as staff meet them."""

import re
from datetime import timedelta

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Agreement
from openiop.room.models import DoorEvent, Seat
from openiop.safety.models import Flag, Whereabouts
from openiop.schedule.models import CareSession

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

AT_HOME = {
    "address": "14 Orchard Lane, Ashford",
    "state": "NY",
    "callback": "(555) 010-1007",
    "company": "alone",
    "headphones": "yes",
}


@pytest.fixture
def tonight(cast):
    with acting(cast["maya"]):
        return CareSession.objects.visible_to(cast["maya"]).between(world.NOW, world.NOW + timedelta(hours=1)).get()


def test_half_a_minute_at_the_door_is_kept_and_leads_to_the_waiting_room(cast, client_for, tonight):
    maya = client_for(cast["maya"])

    reply = maya.post(f"/sessions/{tonight.pk}/door/place", AT_HOME)

    assert reply.headers["Location"] == f"/sessions/{tonight.pk}/room"
    with acting(cast["maya"]):
        told = Whereabouts.objects.get(patient=cast["maya"], source="door", told_at__gte=world.NOW)
        assert (told.address, told.state, told.private, told.headphones) == (AT_HOME["address"], "NY", True, True)
        assert Seat.objects.get(person=cast["maya"], session=tonight).ready


def test_a_mistake_keeps_what_was_typed_and_says_what_to_mend(cast, client_for, tonight):
    maya = client_for(cast["maya"])

    reply = maya.post(f"/sessions/{tonight.pk}/door/place", {**AT_HOME, "callback": "my phone"})

    assert reply.status_code == 422
    assert "14 Orchard Lane" in reply.content.decode() and "telephone number, such as" in reply.content.decode()
    with acting(cast["maya"]):
        assert not Whereabouts.objects.filter(patient=cast["maya"], told_at__gte=world.NOW).exists()


def test_what_is_not_agreed_to_yet_is_read_and_agreed_to_there(cast, client_for, tonight):
    priya = client_for(cast["priya"])
    path = f"/sessions/{tonight.pk}/door/place"

    assert priya.post(path, AT_HOME).status_code == 422
    assert priya.post(path, {**AT_HOME, "group_agreement-agreed": "on"}).status_code == 302
    with acting(cast["priya"]):
        assert Agreement.objects.filter(patient=cast["priya"], document__kind="group_agreement").exists()


def test_every_cry_at_the_door_is_heard_and_a_double_tap_is_one(cast, client_for, tonight, clock):
    maya = client_for(cast["maya"])
    path = f"/sessions/{tonight.pk}/door/3"

    assert maya.post(path).headers["Location"] == "/help"
    maya.post(path)
    clock.move_to(world.NOW + timedelta(minutes=30))
    maya.post(path)

    with acting(cast["maya"]):
        assert Flag.objects.filter(patient=cast["maya"], raised_at__gte=world.NOW).count() == 2


def test_a_driver_is_asked_to_stop_and_the_team_is_told(cast, client_for, tonight):
    maya = client_for(cast["maya"])
    path = f"/sessions/{tonight.pk}/door/1"

    assert "stop somewhere safe" in maya.get(path).content.decode()
    maya.post(path)

    with acting(cast["bea"]):
        assert DoorEvent.objects.filter(patient=cast["maya"], what="said driving").exists()


def test_nobody_goes_past_the_door_without_saying_where_they_are(cast, client_for, tonight):
    maya = client_for(cast["maya"])

    assert maya.get(f"/sessions/{tonight.pk}/room").headers["Location"] == f"/sessions/{tonight.pk}/door"


def test_staff_obtain_what_is_missing_and_others_may_not(cast, client_for, tonight):
    client_for(cast["priya"]).post(f"/sessions/{tonight.pk}/door/1")
    with acting(cast["bea"]):
        seat = Seat.objects.get(person=cast["priya"], session=tonight)
    path = f"/sessions/{tonight.pk}/door/{seat.pk}"
    bea = client_for(cast["bea"])

    assert "group agreement" in bea.get(path).content.decode()
    assert bea.post(path, {"group_agreement-agreed": "on"}).status_code == 302
    assert bea.post(path, AT_HOME).status_code == 302

    assert "Nothing is missing" in bea.get(path).content.decode()
    with acting(cast["bea"]):
        given = Agreement.objects.get(patient=cast["priya"], document__kind="group_agreement")
        assert (given.how, given.obtained_by) == ("spoken", cast["bea"])
    for stranger in ("hal", "rosa", "maya"):
        assert client_for(cast[stranger]).get(path).status_code in (403, 404)


def test_the_door_may_ask_for_a_sample_of_the_line_and_for_no_more_than_it_needs(cast, client_for):
    client = client_for(cast["maya"])

    assert len(client.get("/door/ping?bytes=1000").content) == 1000
    assert len(client.get("/door/ping?bytes=999999").content) == 250_000
    for nonsense in ("-1", "many", "99999999999"):
        assert client.get(f"/door/ping?bytes={nonsense}").json() == {"ok": True}


def test_the_devices_history_does_not_tell_who_did_not_feel_safe_from_who_was_driving(cast, client_for, tonight):
    maya = client_for(cast["maya"])
    pages = [maya.get(f"/sessions/{tonight.pk}/door/{way}") for way in (1, 2, 3)]

    titles = {re.search("<title>(.*?)</title>", page.content.decode())[1] for page in pages}
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert titles == {"At the door"}
    assert maya.get(f"/sessions/{tonight.pk}/door/not-safe").status_code == 404


def test_where_the_room_does_not_open_stands_what_helps_and_the_telephone_of_that_place(cast, client_for, tonight):
    with acting(cast["okafor"]):
        site = tonight.room.site
        site.phone = "(555) 010-0177"
        site.save()

    page = client_for(cast["bea"]).get(f"/sessions/{tonight.pk}/room").content.decode()

    assert '<a href="tel:(555) 010-0177" data-call>' in page
    assert "Take another network" in page and "Chrome, Edge, Firefox or Safari" in page


def test_without_a_media_server_patients_read_plain_words_and_a_number_and_nothing_technical(
    cast, client_for, tonight, settings
):
    settings.JANUS_WS = []
    maya = client_for(cast["maya"])
    maya.post(f"/sessions/{tonight.pk}/door/place", AT_HOME)

    page = maya.get(f"/sessions/{tonight.pk}/room").content.decode()

    assert "The room cannot open" in page and "data-call" in page and 'href="/help"' in page
    assert "settings.md" not in page and "room.js" not in page


def test_the_line_is_tried_with_a_number_beside_it(cast, client_for, tonight):
    page = client_for(cast["maya"]).get(f"/sessions/{tonight.pk}/door").content.decode()

    assert "data-call" in page
