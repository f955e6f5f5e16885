"""A patient's own pages."""

from datetime import timedelta

import pytest
from django.test import Client

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Person
from openiop.safety.models import Case, Flag

pytestmark = pytest.mark.django_db


@pytest.fixture
def maya(cast, client_for, clock):
    return client_for(cast["maya"])


@pytest.fixture
def theo(cast, client_for, clock):
    return client_for(cast["theo"])


def text(client, path):
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_everybody_begins_where_their_day_begins(cast, client_for, clock):
    begins = {"maya": "/today", "bea": "/desk", "hal": "/front-desk", "rosa": "/charges", "vera": "/trail"}

    assert {key: client_for(cast[key]).get("/").headers["Location"] for key in begins} == begins


def test_from_home_one_button_leads_to_the_door(maya):
    page = text(maya, "/today")

    assert "Get ready to join" in page
    assert "/door" in page
    assert "with Bea and Marcus" in page
    assert "Headphones, your diary card" in page


def test_on_site_the_page_says_where_and_shows_the_code_as_a_picture_and_in_figures(theo, cast):
    page = text(theo, "/today")

    assert "Come to Room 2" in page
    assert 'src="data:image/svg+xml' in page
    assert "Get ready to join" not in page


def test_the_door_is_not_offered_long_before(maya, clock):
    clock.move_to(world.NOW - timedelta(hours=3))

    assert "Get ready to join" not in text(maya, "/today")


def test_no_page_of_a_patients_names_an_illness_or_a_person_in_its_title(maya):
    for path in ("/today", "/week", "/me", "/help"):
        title = text(maya, path).split("<title>")[1].split("</title>")[0]
        assert title.strip() in {"Today", "Week", "Me", "Help"}


def test_times_are_the_readers_with_the_clinics_beside_them_when_they_differ(maya, cast):
    with acting(cast["okafor"]):
        Person.objects.filter(pk=cast["maya"].pk).update(zone="America/Los_Angeles")
    page = text(maya, "/week")

    assert "3 p.m." in page
    assert "6 p.m. at the clinic" in page


def test_the_week_is_said_without_blame(maya):
    page = text(maya, "/today")

    assert "still to come" in page
    assert "behind" not in page


def test_the_language_is_kept_on_every_device(maya, cast, client_for):
    maya.post("/language/setlang/", {"language": "es", "next": "/me"})

    assert '<html lang="es"' in text(maya, "/me")
    assert '<html lang="es"' in text(client_for(cast["maya"]), "/me")
    maya.post("/language/setlang/", {"language": "xx"})
    assert '<html lang="es"' in text(maya, "/me")


def test_what_is_not_agreed_to_yet_is_offered(cast, client_for, clock):
    assert "/me/agreements/group_agreement" in text(client_for(cast["priya"]), "/me")


# --- I need help now ---


def test_help_needs_no_sign_in(db):
    page = text(Client(headers={"host": "localhost"}), "/help")

    for number in ("tel:988", "sms:988", "988lifeline.org/chat", "tel:911"):
        assert number in page
    assert "Tell the team" not in page


def test_help_names_the_clinics_numbers_to_its_patients(maya):
    assert "(555) 010-0100" in text(maya, "/help")


def test_telling_the_team_raises_one_flag_and_says_what_happens(maya, cast):
    maya.post("/help")
    maya.post("/help")

    with acting(cast["bea"]):
        assert Case.objects.filter(patient=cast["maya"]).count() == 1
        assert Flag.objects.filter(patient=cast["maya"]).count() == 1
    assert 'class="help-now"' in text(maya, "/help")
    assert text(maya, "/help").count("988") > 2


def test_a_locked_screen_still_lets_one_tell_the_team(maya, cast):
    maya.post("/lock", {"next": "/today"})
    maya.post("/help")

    with acting(cast["bea"]):
        assert Case.objects.filter(patient=cast["maya"]).exists()


def test_pages_of_one_patient_are_not_there_for_staff_or_devices(cast, client_for, clock):
    for path in ("/today", "/week", "/me"):
        assert client_for(cast["bea"]).get(path).status_code == 404
        assert Client(headers={"host": "localhost"}).get(path).status_code == 302


def test_one_more_session_costs_no_more_queries(maya, cast, django_assert_max_num_queries):
    text(maya, "/today")
    with django_assert_max_num_queries(45):
        text(maya, "/today")
    with django_assert_max_num_queries(40):
        text(maya, "/week")


def test_looking_at_ones_own_day_is_nobodys_business_in_the_trail(maya, cast):
    text(maya, "/today")
    with acting(cast["vera"]):
        assert not AuditEvent.objects.filter(person_id=cast["maya"].pk, verb="patient.open").exists()


def test_spanish_pages_say_the_hours_as_american_spanish_does(cast, client_for, clock):
    ruth = text(client_for(cast["ruth"]), "/week")

    assert "6 p.m." in ruth
    assert "18:00" not in ruth
