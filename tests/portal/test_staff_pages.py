"""The desk, a patient's record, and running the clinic."""

import re

import pytest
from django.urls import reverse

from openiop.audit.models import AuditEvent
from openiop.people.access import acting
from openiop.people.models import Clinic
from openiop.schedule.models import CareSession, RosterEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def bea(cast, client_for, clock):
    return client_for(cast["bea"])


@pytest.fixture
def director(cast, client_for, clock):
    return client_for(cast["okafor"])


def text(client, path, **headers):
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_the_desk_shows_the_facilitators_evening_with_everybody_on_its_roster(bea, cast):
    page = text(bea, "/desk")

    for name in ("Maya R.", "Theo B.", "Priya N.", "Sam K."):
        assert name in page
    assert "Open the room" in page
    assert "Write the note" in page


def test_the_rail_is_on_every_staff_page(bea):
    for path in ("/desk", "/staff", "/patients"):
        assert 'data-live="desk"' in text(bea, path)


def test_the_front_desk_sees_who_comes_and_nothing_of_how_they_are(cast, client_for, clock):
    page = text(client_for(cast["hal"]), "/desk")

    assert "Maya R." in page
    assert "Check-in" not in page
    assert "Since last time" not in page
    assert f"/patients/{cast['maya'].pk}" not in page


def test_opening_the_desk_is_noted_once_and_its_own_refreshing_is_not(bea, cast):
    text(bea, "/desk")
    for _time in range(3):
        text(bea, "/desk", **{"HX-Request": "true"})

    with acting(cast["vera"]):
        assert AuditEvent.objects.filter(verb="desk.open", patient_id=cast["maya"].pk).count() == 1


def test_a_record_opens_for_who_is_tied_to_the_patient_and_leaves_a_line(bea, cast):
    assert "Maya Rivera" in text(bea, f"/patients/{cast['maya'].pk}")
    assert bea.get(f"/patients/{cast['leo'].pk}").status_code == 404

    with acting(cast["vera"]):
        assert AuditEvent.objects.filter(verb="patient.open", patient_id=cast["maya"].pk).count() == 1
        assert AuditEvent.objects.filter(verb="refused", person_id=cast["bea"].pk).count() == 1


def test_what_is_missing_can_be_obtained_from_the_record(bea, cast):
    assert f"/patients/{cast['priya'].pk}/agreements/group_agreement" in text(bea, f"/patients/{cast['priya'].pk}")


@pytest.mark.parametrize("path", ["/desk", "/patients", "/operations"])
def test_twice_the_patients_cost_no_more_queries(director, cast, path, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    text(director, path)
    with CaptureQueriesContext(
        connection,
    ) as before:
        text(director, path)
    with acting(cast["okafor"]):
        evening = CareSession.objects.filter(name="Evening group", roster__patient=cast["maya"]).in_order().first()
        assert RosterEntry.objects.filter(session=evening).count() > 3
        _more_patients(cast)
    with CaptureQueriesContext(connection) as after:
        text(director, path)

    assert len(after) <= len(before)


def _more_patients(cast):
    from openiop.people import roster
    from openiop.people.models import Person

    for n in range(10):
        person = Person(given_name=f"N{n}", family_name="New", called=f"N{n}", born_on="1990-01-01")
        roster.add_patient(person, email="", by=cast["okafor"])


# --- the clinic ---


def settings_form(page):
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page))
    fields |= {"zone": "America/New_York", "week_starts": "sunday", "still_after_minutes": "30"}
    fields.pop("still_counts", None)  # a box that nobody ticked
    fields.pop("csrfmiddlewaretoken", None)
    fields.pop("language", None)
    return {name: value for name, value in fields.items() if name != "next"}


def test_how_long_a_danger_may_wait_is_set_with_its_ladder_and_nowhere_else(director, cast):
    page = text(director, "/clinic")
    assert "tier_" not in page
    assert f'href="{reverse("ladders")}"' in page
    with acting(cast["okafor"]):
        Clinic.objects.filter(pk=cast["okafor"].clinic_id).update(deadlines={"3": {"contact_minutes": 45}})

    director.post("/clinic", settings_form(page) | {"tier_3_contact_minutes": "20"})

    with acting(cast["okafor"]):
        own = Clinic.objects.get(pk=cast["okafor"].clinic_id).deadlines
    assert own == {"3": {"contact_minutes": 45}}  # what a clinic set before it had a ladder holds until it sets one
    assert 'value="45"' in text(director, reverse("ladder", args=[3, "virtual", "in-hours"]))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("logoff_minutes", "0"),
        ("logoff_minutes", "61"),
        ("closes", "07:00"),
        ("still_after_minutes", "5"),
        ("still_grace_minutes", "0"),
    ],
)
def test_settings_that_cannot_be_are_refused(director, cast, field, value):
    page = text(director, "/clinic")

    assert director.post("/clinic", settings_form(page) | {field: value}).status_code == 422


def test_a_clinic_chooses_when_screens_ask_and_that_unanswered_takes_minutes_only_where_it_says_so(director, cast):
    def choice():
        with acting(cast["okafor"]):
            own = Clinic.objects.get(pk=cast["okafor"].clinic_id)
        return own.still_after_minutes, own.still_grace_minutes, own.still_counts

    assert choice() == (30, 2, False)
    page = text(director, "/clinic")
    for said, kept in [
        ({"still_after_minutes": "15", "still_grace_minutes": "3", "still_counts": "on"}, (15, 3, True)),
        ({"still_after_minutes": "0", "still_grace_minutes": "3"}, (0, 3, False)),
    ]:
        assert director.post("/clinic", settings_form(page) | said).status_code == 302
        assert choice() == kept


def test_only_a_director_changes_the_settings(bea, cast, client_for):
    assert bea.get("/clinic").status_code == 403
    assert client_for(cast["lin"]).get("/clinic").status_code == 403


def test_an_empty_clinic_shows_its_director_what_to_do_in_order(director):
    page = text(director, "/operations")
    places = ["/clinic", "/sites", "/staff", "/documents", "/programs", "/patients", "/series", "/on-call", "/payers"]

    found = [page.index(f'class="list-link" href="{place}"') for place in places]
    assert found == sorted(found)


def test_the_styleguide_shows(bea):
    assert "Tuesday evening" in text(bea, "/styleguide")
