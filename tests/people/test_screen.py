"""The automatic log-off."""

from datetime import timedelta

import pytest
from django.test import Client

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Device, Site, hashed
from openiop.room import admission
from openiop.schedule.models import CareSession

pytestmark = pytest.mark.django_db

QUARTER = timedelta(minutes=15, seconds=1)


@pytest.fixture
def bea(cast, client_for, clock):
    client = client_for(cast["bea"])
    client.get("/staff")
    return client


def test_a_screen_untouched_for_fifteen_minutes_opens_no_page(bea, clock):
    clock.move_to(world.NOW + QUARTER)

    assert bea.get("/staff").headers["Location"] == "/lock"
    assert bea.get("/rail", headers={"HX-Request": "true"}).status_code in (401, 404)


def test_who_touched_the_page_meanwhile_stays(bea, clock):
    clock.move_to(world.NOW + timedelta(minutes=10))
    bea.post("/still-here")
    clock.move_to(world.NOW + timedelta(minutes=20))

    assert bea.get("/staff").status_code == 200


def test_what_a_page_asks_by_itself_does_not_keep_it_open(bea, clock):
    for minute in range(1, 16):
        clock.move_to(world.NOW + timedelta(minutes=minute))
        bea.get("/patients", headers={"HX-Request": "true"})
        bea.get("/csrf", headers={"Accept": "application/json"})
    clock.move_to(world.NOW + QUARTER)

    assert bea.get("/staff").headers["Location"] == "/lock"


def test_a_touch_after_the_lock_fell_due_does_not_undo_it(bea, clock):
    clock.move_to(world.NOW + QUARTER)

    assert bea.post("/still-here").status_code == 302
    assert bea.get("/staff").headers["Location"] == "/lock"


def test_the_password_opens_it_where_one_was(bea, clock):
    clock.move_to(world.NOW + QUARTER)
    bea.get("/staff")

    wrong = bea.post("/unlock", {"password": "guess"})
    right = bea.post("/unlock", {"password": world.PASSWORD})

    assert wrong.status_code == 422
    assert right.headers["Location"] == "/staff"
    assert bea.get("/staff").status_code == 200


def test_five_wrong_passwords_end_the_session(bea):
    bea.post("/lock", {"next": "/staff"})
    for _try in range(5):
        bea.post("/unlock", {"password": "guess"})

    assert bea.get("/lock").headers["Location"].startswith("/account/login/")
    assert bea.get("/staff").headers["Location"].startswith("/account/login/")


def test_a_locked_screen_still_helps_leaves_and_sounds(bea):
    bea.post("/lock", {"next": "/staff"})

    assert bea.get("/lock").status_code == 200
    assert b'data-socket="/ws/alarm"' in bea.get("/lock").content
    assert bea.get("/away").status_code == 200


def test_the_lock_goes_back_to_our_own_pages_only(bea):
    bea.post("/lock", {"next": "https://elsewhere.example/"})

    assert bea.post("/unlock", {"password": world.PASSWORD}).headers["Location"] == "/"


def test_a_patient_has_an_hour(cast, client_for, clock):
    maya = client_for(cast["maya"])
    maya.get("/me/agreements/group_agreement")
    clock.move_to(world.NOW + timedelta(minutes=59))
    assert maya.get("/me/agreements/group_agreement").status_code == 200
    clock.move_to(world.NOW + timedelta(minutes=120, seconds=1))

    assert maya.get("/me/agreements/group_agreement").headers["Location"] == "/lock"


def evening_of(person):
    with acting(person):
        return CareSession.objects.led_by(person).filter(during__startswith__gt=world.NOW).in_order().first()


def test_no_call_begins_at_a_locked_screen(bea, cast):
    evening = evening_of(cast["bea"])
    bea.post("/lock", {"next": "/desk"})

    assert bea.get(f"/sessions/{evening.pk}/room").headers["Location"] == "/lock"


def test_a_call_can_be_loaded_again_while_the_record_is_locked(bea, cast):
    evening = evening_of(cast["bea"])
    with acting(cast["bea"]):
        seat = admission.ask(evening, cast["bea"], at=world.NOW)
        admission.beat(seat, at=world.NOW, receiving=True)
    bea.post("/lock", {"next": "/desk"})

    assert bea.get(f"/sessions/{evening.pk}/room").headers.get("Location") != "/lock"
    assert bea.get(f"/sessions/{evening.pk}").headers["Location"] == "/lock"
    assert bea.get("/desk").headers["Location"] == "/lock"


def test_a_kiosk_clears_itself_after_five_minutes_and_begins_again(cast, clock):
    with acting(cast["okafor"]):
        Device.objects.create(
            clinic_id=cast["okafor"].clinic_id,
            kind=Device.KIOSK,
            name="Front door",
            site=Site.objects.get(),
            token_hash=hashed("a token"),
        )
    kiosk = Client(headers={"host": "localhost"})
    kiosk.cookies["openiop_device"] = "a token"

    assert b'data-idle-minutes="5"' in kiosk.get("/kiosk").content
    assert kiosk.post("/lock", {"next": "/kiosk"}).headers["Location"] == "/"
    assert kiosk.get("/").headers["Location"] == "/kiosk"
