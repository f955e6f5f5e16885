"""Programs, tracks and enrolment through their pages."""

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Tie
from openiop.programs.models import Enrolment, Program, Track

pytestmark = pytest.mark.django_db


@pytest.fixture
def okafor(cast, client_for, clock):
    return client_for(cast["okafor"])


@pytest.fixture
def newcomer(cast, clock):
    """Somebody whose first episode of care has ended."""
    with acting(cast["okafor"]):
        enrolment = Enrolment.objects.get(patient=cast["sam"])
        enrolment.end(on=enrolment.during.lower, reason="completed", by=cast["lin"], at=world.NOW)
        return cast["sam"]


@pytest.fixture
def said(cast, newcomer):
    """An enrolment as the form would send it."""
    with acting(cast["okafor"]):
        track = Track.objects.get(audience="adult")
    return {
        "patient": newcomer.pk,
        "track": track.pk,
        "first_on": "2026-12-01",
        "modality": "hybrid",
        "goal_hours": "10.5",
        "level_clinical": "iop",
        "level_authorised": "outpatient",
        "therapist": cast["marcus"].pk,
        "diagnosis-TOTAL_FORMS": "2",
        "diagnosis-INITIAL_FORMS": "0",
        "diagnosis-0-code": "f33.1",
        "diagnosis-0-label": "Major depressive disorder, recurrent, moderate",
        "diagnosis-1-code": "",
        "diagnosis-1-label": "",
    }


def test_a_program_and_a_track_whose_hours_are_kept_as_minutes(cast, okafor):
    okafor.post("/programs/new", {"name": "Day program"})
    with acting(cast["okafor"]):
        program = Program.objects.get(name="Day program")
    okafor.post(
        "/tracks/new",
        {"program": program.pk, "name": "Mornings", "audience": "adult", "hours": "7.5", "minimum_source": "payer"},
    )

    with acting(cast["okafor"]):
        assert Track.objects.get(name="Mornings").weekly_minimum_minutes == 450
    assert "at least 7 h 30 min a week" in okafor.get("/programs").content.decode()


def test_two_tracks_of_one_name_are_refused_in_words(cast, okafor):
    with acting(cast["okafor"]):
        track = Track.objects.get(audience="adult")

    page = okafor.post(
        "/tracks/new", {"program": track.program_id, "name": track.name, "audience": "adult", "hours": "9"}
    )

    assert page.status_code == 422
    with acting(cast["okafor"]):
        assert Track.objects.filter(name=track.name).count() == 1


def test_a_tracks_audience_stays_what_it_was(cast, okafor):
    with acting(cast["okafor"]):
        track = Track.objects.get(audience="adult")

    okafor.post(
        f"/tracks/{track.pk}",
        {"program": track.program_id, "name": track.name, "audience": "adolescent", "hours": "10"},
    )

    with acting(cast["okafor"]):
        track.refresh_from_db()
        assert (track.audience, track.weekly_minimum_minutes) == ("adult", 600)


def test_an_enrolment_begins_with_its_levels_goal_diagnosis_and_therapist(cast, okafor, said, newcomer):
    assert okafor.post("/enrolments/new", said).status_code == 302

    with acting(cast["okafor"]):
        enrolment = Enrolment.objects.get(patient=newcomer, end_reason="")
        assert (enrolment.level_clinical, enrolment.level_authorised) == ("iop", "outpatient")
        assert enrolment.weekly_goal_minutes == 630
        assert [row.code for row in enrolment.diagnoses.all()] == ["F33.1"]
        assert Tie.objects.filter(staff=cast["marcus"], patient=newcomer, role="primary").exists()


def test_without_a_goal_the_tracks_least_hours_are_the_goal(cast, okafor, said, newcomer):
    okafor.post("/enrolments/new", said | {"goal_hours": ""})

    with acting(cast["okafor"]):
        assert Enrolment.objects.get(patient=newcomer, end_reason="").weekly_goal_minutes == 540


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"diagnosis-0-code": "depression"}, "An ICD-10-CM code looks like F33.1."),
        ({"diagnosis-0-label": ""}, "say in words what the code means"),
        ({"goal_hours": "-3"}, "greater than or equal to 0.25"),
        ({"therapist": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(cast, okafor, said, wrong, words):
    page = okafor.post("/enrolments/new", said | wrong)

    assert page.status_code == 422
    assert words in page.content.decode()
    assert 'value="2026-12-01"' in page.content.decode()


def test_overlapping_enrolments_are_refused_at_the_first_day(cast, okafor, said):
    page = okafor.post("/enrolments/new", said | {"patient": cast["maya"].pk})

    assert page.status_code == 422
    assert "This person is already enrolled in those days." in page.content.decode()
    assert 'href="#id_first_on"' in page.content.decode()


@pytest.mark.parametrize(("who", "track", "said_of_age"), [("sam", "adolescent", "47"), ("leo", "adult", "17")])
def test_an_age_that_does_not_fit_the_track_is_said(cast, okafor, said, who, track, said_of_age):
    with acting(cast["okafor"]):
        other = Track.objects.get(audience=track)

    page = okafor.post("/enrolments/new", said | {"patient": cast[who].pk, "track": other.pk})

    assert page.status_code == 422
    assert f"{cast[who].called} is {said_of_age} on that day" in page.content.decode()


@pytest.mark.parametrize(("who", "status"), [("lin", 200), ("bea", 403), ("hal", 403), ("rosa", 403), ("maya", 404)])
def test_who_may_enrol(cast, client_for, clock, who, status):
    client = client_for(cast[who])

    assert client.get("/enrolments").status_code == status
    assert client.get("/enrolments/new").status_code == status
    assert client.get("/tracks/new").status_code == status
