"""The hour ledger: scheduled and attended, against the least hours, and what would help in mid-week."""

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openiop.people.access import acting
from openiop.people.models import Person
from openiop.programs.models import Enrolment, Track
from openiop.schedule import ledger, planning, presence
from openiop.schedule.models import CareSession, Series
from tests.schedule.conftest import BEGINS, ENDS

pytestmark = pytest.mark.django_db

NEW_YORK = ZoneInfo("America/New_York")
COUNTS = Path(__file__).parent.parent / "query_counts.json"


def week_of(person, at=BEGINS):
    return ledger.week_of_patient(person, at)


@pytest.fixture
def nine_fifties(cast, tonight):
    """Nine groups of fifty minutes in one week in December, with Maya in all of them."""
    with acting(cast["okafor"]):
        series = Series.objects.create(
            clinic_id=tonight.clinic_id,
            track=tonight.track,
            name="Fifty minutes",
            rrule="FREQ=DAILY",
            first_on=date(2027, 1, 3),
            starts=time(9),
            zone="America/New_York",
            blocks=[
                {"kind": "group", "title": "One", "minutes": 50},
                {"kind": "break", "title": "Break", "minutes": 10},
                {"kind": "group", "title": "Two", "minutes": 50},
                {"kind": "break", "title": "Break", "minutes": 10},
                {"kind": "group", "title": "Three", "minutes": 50},
            ],
        )
        planning.join(series, cast["maya"], modality="virtual", by=cast["okafor"], at=BEGINS)
        return planning.unfold(series, until=date(2027, 1, 5), by=cast["okafor"], at=BEGINS)


def test_nine_groups_of_fifty_minutes_are_seven_and_a_half_hours(cast, nine_fifties):
    sessions = nine_fifties
    with acting(cast["bea"]):
        for session in sessions:
            presence.arrival(session, cast["maya"], source="desk", by=cast["hal"], at=session.begins_at)
            presence.close(session, by=cast["bea"], at=session.ends_at)
        week = week_of(cast["maya"], at=sessions[-1].ends_at)

    assert (week.ledger.scheduled, week.ledger.attended) == (450, 450)
    assert week.ledger.shortfall_scheduled == 90
    assert "The plan itself is too small." in week.short_by


def test_three_full_evenings_are_nine_hours(cast, tonight):
    with acting(cast["maya"]):
        week = week_of(cast["maya"])

    assert week.ledger.scheduled == week.minimum_minutes == 540
    assert week.ledger.by_kind["skills"].scheduled == 180
    assert not week.warning.reasons


def test_an_evening_that_runs_counts_so_far_and_is_not_closed_for_it(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 60)
        week = week_of(cast["maya"], at=BEGINS + timedelta(minutes=70))

    tonights = [line for line in week.lines if line.session == tonight]
    assert [line.delivered.minutes_attended for line in tonights] == [60, 0, 0]
    assert {line.source for line in tonights} == {"evidence"}


def test_seconds_of_the_blocks_are_added_up_before_they_become_minutes(cast, tonight):
    with acting(cast["bea"]):
        for first, last in ((0, 59.5), (65, 124.5)):
            said = {"source": "hand", "connection": f"{first}", "place": "on_site", "by": cast["bea"]}
            for kind, minute in (("in", first), ("out", last)):
                presence.note(tonight, cast["theo"], kind=kind, at=BEGINS + timedelta(minutes=minute), **said)
        presence.close(tonight, by=cast["bea"], at=ENDS)
        week = week_of(cast["theo"], at=ENDS)

    assert sum(line.delivered.minutes_attended for line in week.lines if line.session == tonight) == 119


def test_contact_without_treatment_is_no_hour(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 190, treatment=False)
        presence.close(tonight, by=cast["bea"], at=ENDS)

        assert week_of(cast["maya"], at=ENDS).ledger.attended == 0


def test_a_place_that_was_cancelled_is_no_longer_scheduled(cast, tonight, entry_of):
    entry = entry_of("maya")
    with acting(cast["okafor"]):
        entry.cancel(excused=True, by=cast["okafor"], at=BEGINS)
        week = week_of(cast["maya"])

    assert week.ledger.scheduled == 360
    assert week.ledger.shortfall_scheduled == 180


def test_an_early_warning_names_who_what_is_missing_and_what_would_help(cast, tonight, entry_of, client_for):
    entry = entry_of("maya")
    with acting(cast["okafor"]):
        entry.cancel(excused=True, by=cast["okafor"], at=BEGINS)
        CareSession.plan(
            track=tonight.track,
            name="Make-up group",
            begins_at=datetime(2026, 11, 27, 10, tzinfo=NEW_YORK),
            blocks=[{"kind": "group", "title": "Group", "minutes": 180}],
            modality="virtual",
            room=None,
            capacity=5,
            staff=[],
            zone="America/New_York",
        )

    page = client_for(cast["okafor"]).get("/hours?week=2026-11-24").content.decode()

    assert "people will end the week under their hours" in page
    mayas = page.split("Maya R.")[1].split("</li>")[0]
    # Sunday is over without her, tonight is cancelled; Thursday is still to come.
    assert "can reach 3 h of 9 h; 6 h are missing." in mayas
    assert mayas.split("A place is free in: ")[1].startswith("Make-up group on Fri, 10 a.m.<")


def test_an_adolescents_week_is_held_against_six_hours(cast, tonight):
    with acting(cast["okafor"]):
        week = week_of(cast["leo"])

    assert week.minimum_minutes == 360
    assert week.ledger.scheduled == 0


def test_the_week_begins_when_the_clinic_says(cast, tonight):
    with acting(cast["okafor"]):
        clinic = cast["okafor"].clinic
        sunday = datetime(2026, 11, 22, 12, tzinfo=NEW_YORK)
        assert ledger.week_of(clinic, sunday).begins_at == datetime(2026, 11, 22, tzinfo=NEW_YORK)
        clinic.week_starts = "monday"
        assert ledger.week_of(clinic, sunday).begins_at == datetime(2026, 11, 16, tzinfo=NEW_YORK)


def test_the_order_stands_in_the_address(cast, tonight, client_for, entry_of):
    entry = entry_of("theo")
    with acting(cast["okafor"]):
        entry.cancel(excused=True, by=cast["okafor"], at=BEGINS)
    page = client_for(cast["okafor"]).get("/hours?sort=scheduled&order=falling").content.decode()
    table = page.split("<tbody>")[1]

    assert table.index("Sam K.") < table.index("Theo B.") < table.index("Leo C.")
    assert 'aria-sort="descending"' in page


def test_a_persons_page_says_where_each_number_comes_from(cast, tonight, client_for, is_here, clock):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 60)
        presence.close(tonight, by=cast["bea"], at=ENDS)
    clock.move_to(ENDS)

    page = client_for(cast["okafor"]).get(f"/hours/{cast['maya'].pk}").content.decode()

    assert "counted when the session was closed" in page
    assert "still to come" in page
    assert "60 min" in page


@pytest.mark.parametrize("address", ["/hours?week=nonsense", "/hours?week=2026-02-31", "/hours?sort=nonsense"])
def test_an_address_that_makes_no_sense_shows_this_week(cast, tonight, client_for, address):
    assert client_for(cast["okafor"]).get(address).status_code == 200


@pytest.mark.parametrize(("who", "status"), [("bea", 200), ("rosa", 200), ("hal", 403), ("vera", 403), ("maya", 404)])
def test_who_may_see_hours(cast, tonight, client_for, who, status):
    client = client_for(cast[who])

    assert client.get("/hours").status_code == status
    assert client.get(f"/hours/{cast['theo'].pk}").status_code == status


def add_patients(cast, tonight, how_many):
    track = Track.objects.get(audience="adult")
    tonight.series.sessions.update(capacity=30)
    for n in range(how_many):
        patient = Person.objects.create(
            clinic_id=tonight.clinic_id,
            kind="patient",
            given_name=f"N{n}",
            family_name="N",
            called=f"N{n}",
            born_on=date(1980, 1, 1),
        )
        Enrolment.begin(
            patient,
            track,
            modality="virtual",
            therapist=cast["marcus"],
            first_on=date(2026, 11, 1),
            by=cast["lin"],
            at=BEGINS,
        )
        planning.join(tonight.series, patient, modality="virtual", by=cast["lin"], at=BEGINS)


@pytest.mark.parametrize(
    ("page", "who"), [("/hours", "okafor"), ("/front-desk", "hal"), ("/outreach", "okafor"), ("session", "bea")]
)
def test_the_number_of_queries_does_not_grow_with_the_patients(cast, tonight, client_for, page, who, clock):
    clock.move_to(BEGINS + timedelta(minutes=12))
    client = client_for(cast[who])
    path = f"/sessions/{tonight.pk}" if page == "session" else page
    client.get(path)

    with CaptureQueriesContext(connection) as few:
        assert client.get(path).status_code == 200
    with acting(cast["okafor"]):
        add_patients(cast, tonight, 6)
    with CaptureQueriesContext(connection) as many:
        assert client.get(path).status_code == 200

    assert len(many) == len(few)
    assert len(few) == json.loads(COUNTS.read_text())[page.lstrip("/")]
