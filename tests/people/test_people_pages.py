"""Staff, patients, devices, agreements and the trail, through their pages."""

import csv
import re

import pytest
from django.test import Client

from openiop.audit.models import AuditEvent
from openiop.people.access import acting
from openiop.people.models import Agreement, Device, Document, Licence, Person, Site

pytestmark = pytest.mark.django_db

NEW = {
    "given_name": "Zoë",
    "family_name": "Núñez-Ōsaka",
    "called": "Zoë",
    "phone": "",
    "language": "es",
    "zone": "America/Los_Angeles",
    "born_on": "1990-02-28",
    "home_address": "",
    "home_state": "CA",
    "email": "",
}


@pytest.fixture
def director(cast, client_for, clock):
    return client_for(cast["okafor"])


def found(client, words):
    return re.findall(r"<strong>([^<]+)</strong>", client.post("/patients", {"q": words}).content.decode())


def test_a_patient_is_found_without_accents_and_in_any_order(director):
    director.post("/patients/new", NEW)
    director.post("/patients/new", NEW | {"given_name": "明", "family_name": "李", "called": "明"})

    assert found(director, "nunez zoe") == ["Zoë Núñez-Ōsaka"]
    assert found(director, "ZOË OSAKA") == ["Zoë Núñez-Ōsaka"]
    assert found(director, "李") == ["明 李"]
    assert found(director, "nobody") == []


def test_staff_find_only_whose_record_they_may_open(cast, client_for, clock):
    assert found(client_for(cast["bea"]), "rivera") == ["Maya Rivera"]
    assert found(client_for(cast["bea"]), "castellan") == []
    assert found(client_for(cast["hal"]), "rivera") == []


def test_a_patient_without_an_address_has_no_login_and_can_get_one_later(director, cast):
    director.post("/patients/new", NEW)
    with acting(cast["okafor"]):
        zoe = Person.objects.get(given_name="Zoë")
    assert zoe.login_id is None

    director.post(f"/patients/{zoe.pk}/edit", NEW | {"email": "zoe@example.com"})

    with acting(cast["okafor"]):
        assert Person.objects.get(pk=zoe.pk).login.email == "zoe@example.com"


def test_intake_changes_contact_and_the_front_desk_may_not(cast, client_for, clock):
    path = f"/patients/{cast['maya'].pk}/edit"
    change = NEW | {"given_name": "Maya", "family_name": "Rivera", "called": "May", "born_on": "1991-03-09"}

    assert client_for(cast["lin"]).post(path, change).status_code == 302
    assert client_for(cast["hal"]).post(path, change).status_code == 403
    with acting(cast["maya"]):
        assert Person.objects.get(pk=cast["maya"].pk).called == "May"


def test_a_licence_is_added_and_one_that_ends_before_it_begins_is_refused(director, cast):
    path = f"/staff/{cast['bea'].pk}/licences"
    good = {"state": "CT", "number": "CT-1", "valid_from": "2026-01-01", "valid_until": ""}

    assert director.post(path, good | {"valid_until": "2025-01-01"}).status_code == 422
    assert director.post(path, good).status_code == 302
    with acting(cast["okafor"]):
        assert Licence.objects.filter(person=cast["bea"], state="CT").count() == 1


# --- devices ---


def kiosk_code(director, cast):
    with acting(cast["okafor"]):
        site = Site.objects.get()
    shown = director.post("/devices", {"kind": "kiosk", "name": "Front door", "site": site.pk}).content.decode()
    return re.search(r'id="code">([\d ]+)<', shown).group(1)


def test_a_tablet_becomes_a_kiosk_with_a_code_once(director, cast):
    code = kiosk_code(director, cast)
    tablet, other = Client(headers={"host": "localhost"}), Client(headers={"host": "localhost"})

    paired = tablet.post("/pair", {"code": code})
    again = other.post("/pair", {"code": code})

    assert paired.status_code == 302
    cookie = tablet.cookies["openiop_device"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert again.status_code == 422
    with acting(cast["okafor"]):
        assert cookie.value not in Device.objects.get(name="Front door").token_hash


def test_a_code_is_over_after_ten_minutes(director, cast, clock):
    code = kiosk_code(director, cast)
    clock.shift(601)

    assert Client(headers={"host": "localhost"}).post("/pair", {"code": code}).status_code == 422


def test_a_kiosk_reaches_no_page_of_people_and_a_revoked_one_is_nobody(director, cast):
    tablet = Client(headers={"host": "localhost"})
    tablet.post("/pair", {"code": kiosk_code(director, cast)})
    assert tablet.get("/patients").status_code == 404
    with acting(cast["okafor"]):
        device = Device.objects.get(name="Front door")

    director.post(f"/devices/{device.pk}/revocation")

    assert tablet.get("/patients").headers["Location"].startswith("/account/login/")


def test_pairing_signs_out_whoever_was_signed_in(director, cast, client_for):
    code = kiosk_code(director, cast)
    browser = client_for(cast["hal"])
    browser.post("/pair", {"code": code})

    assert browser.get("/staff").status_code == 404


# --- agreements ---


def test_a_patient_agrees_to_the_newest_wording_in_their_language(director, cast, client_for):
    wording = {"kind": "group_agreement", "english": "New words", "spanish": "Palabras nuevas"}
    director.post("/documents/new", wording | {"in_force_from": "2026-11-24"})
    ruth = client_for(cast["ruth"])
    with acting(cast["ruth"]):
        assert Agreement.objects.missing(cast["ruth"], kinds=["group_agreement"]) == ["group_agreement"]

    assert "Palabras nuevas" in ruth.get("/me/agreements/group_agreement").content.decode()
    assert ruth.post("/me/agreements/group_agreement", {}).status_code == 422
    ruth.post("/me/agreements/group_agreement", {"agreed": "yes"})

    with acting(cast["ruth"]):
        assert Agreement.objects.missing(cast["ruth"], kinds=["group_agreement"]) == []
        assert Document.objects.filter(kind="group_agreement").count() == 4


def test_staff_note_that_a_patient_agreed_in_words(cast, client_for, clock):
    path = f"/patients/{cast['priya'].pk}/agreements/group_agreement"
    assert client_for(cast["hal"]).post(path, {"agreed": "yes"}).status_code == 403

    client_for(cast["bea"]).post(path, {"agreed": "yes"})

    with acting(cast["bea"]):
        given = Agreement.objects.get(patient=cast["priya"], document__kind="group_agreement")
        assert (given.how, given.obtained_by_id) == ("spoken", cast["bea"].pk)


# --- the trail ---


@pytest.fixture
def vera(cast, client_for, clock):
    return client_for(cast["vera"])


def test_the_privacy_officer_sees_who_opened_whose_record(cast, client_for, vera):
    client_for(cast["lin"]).get(f"/patients/{cast['maya'].pk}/edit")

    shown = vera.post("/trail", {"patient": "rivera", "person": "park"}).content.decode()

    assert "patient.open" in shown
    assert "Lin Park" in shown
    assert "patient.open" not in vera.post("/trail", {"patient": "brandt", "person": "park"}).content.decode()


def test_others_do_not_see_the_trail_and_their_try_is_in_it(cast, client_for, vera):
    assert client_for(cast["bea"]).get("/trail").status_code == 403

    assert "refused" in vera.post("/trail", {"person": "bea"}).content.decode()


def test_the_export_is_itself_noted_and_runs_no_formula(cast, director, vera):
    director.post("/patients/new", NEW | {"given_name": "=HYPERLINK(1)", "family_name": "X", "called": "X"})

    rows = list(csv.reader(vera.get("/trail/export.csv").content.decode().splitlines()))

    assert rows[0][0] == "at"
    assert not [cell for row in rows for cell in row if cell.startswith("=")]
    with acting(cast["vera"]):
        assert AuditEvent.objects.filter(verb="trail.export").exists()


def test_the_trail_says_whether_it_holds(cast, vera):
    vera.post("/trail/verification")

    assert "Every line is as it was written" in vera.get("/trail").content.decode()


# --- what a browser needs ---


def test_a_token_says_whose_it_is(cast, client_for):
    assert client_for(cast["maya"]).get("/csrf").json()["person"] == str(cast["maya"].pk)
    assert Client(headers={"host": "localhost"}).get("/csrf").json()["person"] is None


def test_pages_for_no_line_and_for_leaving_name_no_clinic(cast, client_for):
    for path in ("/offline", "/away"):
        assert "Harbor Street" not in client_for(cast["maya"]).get(path).content.decode()


@pytest.mark.parametrize("path", ["/patients", "/trail"])
def test_a_name_that_is_looked_for_stands_in_no_url(director, path):
    page = director.get(path).content.decode().split("<main")[1].split("</main")[0]

    assert 'method="post"' in page
    assert 'method="get"' not in page and "hx-get" not in page


def test_a_stranger_comes_back_to_where_they_wanted_to_go():
    stranger = Client(headers={"host": "localhost"})

    assert stranger.get("/patients?q=x").headers["Location"] == "/account/login/?next=/patients%3Fq%3Dx"
    assert stranger.get("/patients", headers={"HX-Request": "true"}).status_code == 401
