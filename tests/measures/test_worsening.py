"""Somebody got worse and now stays away, or answers no more: told once for each evening, once for each silence."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

import pytest
from django.db import OperationalError, connection

from openiop.demo import world
from openiop.measures import jobs, worsening
from openiop.measures.models import Cadence, Response
from openiop.measures.worsening import Missed, Worse, findings
from openiop.people.access import acting
from openiop.programs.models import Enrolment
from openiop.safety import ladder
from openiop.safety.models import HARMED, Flag, raise_flag
from openiop.schedule.models import RosterEntry
from tests.conftest import connected_to

TODAY, ADMITTED = date(2026, 11, 24), date(2026, 11, 10)
PHQ9 = Worse("phq9", 12, 20)
EVENING, OTHER = UUID(int=1), UUID(int=2)


def day(number):
    return date(2026, 11, number)


@pytest.mark.parametrize(
    ("worse", "missed", "measured", "told"),
    [
        pytest.param([PHQ9], [(EVENING, 23)], [10, 22], [f"worse-missed-{EVENING}"], id="worse, and away yesterday"),
        pytest.param([PHQ9], [(EVENING, 18)], [10, 22], [f"worse-missed-{EVENING}"], id="away six days ago"),
        pytest.param([PHQ9], [(EVENING, 17)], [10, 22], [], id="away a week ago: no longer told"),
        pytest.param(
            [PHQ9],
            [(EVENING, 19), (OTHER, 23)],
            [10, 22],
            [f"worse-missed-{EVENING}", f"worse-missed-{OTHER}"],
            id="each evening by itself",
        ),
        pytest.param([], [(EVENING, 23)], [10, 22], [], id="away, and not worse"),
        pytest.param([PHQ9], [], [10, 22], [], id="worse, and there"),
        pytest.param([PHQ9], [], [10, 14], ["worse-silent-2026-11-14"], id="worse, and silent for ten days"),
        pytest.param([PHQ9], [], [10, 15], [], id="silent for nine"),
        pytest.param(
            [PHQ9], [(EVENING, 23)], [10, 12], [f"worse-missed-{EVENING}", "worse-silent-2026-11-12"], id="both"
        ),
    ],
)
def test_who_is_worse_and_missing_is_told_and_nobody_else(worse, missed, measured, told):
    found = findings(
        worse,
        missed=[Missed(entry, day(on)) for entry, on in missed],
        measured_on=[day(on) for on in measured],
        admitted_on=ADMITTED,
        on=TODAY,
        tells_silence=True,
    )

    assert [each.key for each in found] == told


def test_of_two_measures_the_one_that_rose_more_is_shown():
    found = findings(
        [PHQ9, Worse("gad7", 5, 18)],
        missed=[Missed(EVENING, day(23))],
        measured_on=[day(22)],
        admitted_on=ADMITTED,
        on=TODAY,
        tells_silence=False,
    )

    assert found[0].worst.instrument == "gad7"


def test_a_silence_waits_for_its_hour_and_a_missed_evening_does_not():
    found = findings(
        [PHQ9],
        missed=[Missed(EVENING, day(23))],
        measured_on=[day(12)],
        admitted_on=ADMITTED,
        on=TODAY,
        tells_silence=False,
    )

    assert [each.key for each in found] == [f"worse-missed-{EVENING}"]


# --- with rows, as the worker's database role ---


@pytest.fixture
def people(committed):
    return world.cast()


@pytest.fixture
def look(people, committed, databases):
    def run(moment):
        with connected_to(committed, databases, "worker"):
            return jobs.watch_the_worse_at(moment)

    return run


NOON = datetime.combine(TODAY, time(17), world.NOW.tzinfo)
PAST_MIDNIGHT = datetime.combine(TODAY, time(0, 23), world.ZONE)


def scores(person, *pairs):
    with acting(person):
        for on, total in pairs:
            at = datetime.combine(day(on), time(15), world.NOW.tzinfo)
            Response.objects.create(
                clinic_id=person.clinic_id,
                patient=person,
                instrument="phq9",
                version=1,
                for_day=day(on),
                started_at=at,
                completed_at=at,
                total=total,
            )


def missed(people, key, *, excused=None, status="absent"):
    with acting(people["okafor"]):
        rows = RosterEntry.objects.filter(patient=people[key], during__endswith__lte=NOON)
        entry = rows.order_by("-during__startswith").first()
        RosterEntry.objects.filter(pk=entry.pk).update(status=status, excused=excused)
        return entry


def flags(people, key):
    with acting(people["okafor"]):
        return list(Flag.objects.filter(patient=people[key], reason="worse_and_missing").order_by("raised_at"))


def test_an_evening_missed_by_somebody_who_got_worse_pages_once_with_its_evidence(people, look):
    scores(people["theo"], (10, 12), (22, 20))
    scores(people["maya"], (10, 12), (22, 17))
    entry = missed(people, "theo")
    missed(people, "maya")

    assert look(NOON) == 1
    assert look(NOON + timedelta(hours=1)) == 0

    (flag,) = flags(people, "theo")
    assert flag.tier == 2 and flag.key == f"worse-missed-{entry.pk}"
    assert "12 → 20" in flag.value and flag.url.endswith("/measures/trend/phq9")
    assert flags(people, "maya") == [], "five points are within the measure's own noise"


def asked_every(people, days, *, instrument="phq9"):
    with acting(people["okafor"]):
        Cadence.objects.all().delete()
        Cadence.agree(
            Enrolment.objects.get(patient=people["theo"]).track,
            instrument=instrument,
            every_days=days,
            source="",
            by=people["okafor"],
            at=world.NOW,
        )


def test_a_silence_wakes_nobody_at_midnight_and_is_told_once_staff_are_here(people, look):
    asked_every(people, 7)
    scores(people["theo"], (10, 12), (14, 20))

    assert look(PAST_MIDNIGHT) == 0
    assert look(NOON) == 1
    assert look(NOON + timedelta(hours=1)) == 0
    assert [flag.key for flag in flags(people, "theo")] == ["worse-silent-2026-11-14"]


def test_a_missed_evening_is_told_at_any_hour(people, look):
    scores(people["theo"], (10, 12), (22, 20))
    missed(people, "theo")

    assert look(PAST_MIDNIGHT) == 1


@pytest.mark.parametrize(
    ("days", "instrument"),
    [
        pytest.param(14, "phq9", id="everything that was asked is answered"),
        pytest.param(7, "dast10", id="the clinic has not loaded the words"),
    ],
)
def test_nobody_is_silent_who_was_asked_for_nothing(people, look, days, instrument):
    asked_every(people, days, instrument=instrument)
    scores(people["theo"], (10, 12), (14, 20))

    assert look(NOON) == 0


def test_each_flag_is_a_transaction_of_its_own_in_one_order_and_one_that_fails_stops_no_other(
    people, look, monkeypatch
):
    keys = ("theo", "maya", "sam")
    for key in keys:
        scores(people[key], (10, 12), (22, 20))
        missed(people, key)
    seen = []

    def second_fails(person, **how):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text")
            seen.append((person.pk, cursor.fetchone()[0]))
        if len(seen) == 2:
            raise OperationalError("deadlock detected")
        return raise_flag(person, **how)

    monkeypatch.setattr(worsening, "raise_flag", second_fails)

    assert look(NOON) == 2
    assert [pk for pk, _transaction in seen] == sorted(people[key].pk for key in keys)
    assert len({transaction for _pk, transaction in seen}) == 3, "a case is held for its own flag alone"
    assert look(NOON + timedelta(hours=1)) == 1, "who failed is told at the next look"


def test_a_cancelled_evening_counts_without_an_excuse_only(people, look):
    scores(people["theo"], (10, 12), (22, 20))
    scores(people["maya"], (10, 12), (22, 20))
    missed(people, "theo", status="cancelled_late", excused=True)
    missed(people, "maya", status="cancelled_late", excused=False)

    assert look(NOON) == 1
    assert flags(people, "theo") == [] and len(flags(people, "maya")) == 1


def test_nobody_who_has_left_care_is_told_of(people, look):
    scores(people["theo"], (10, 12), (22, 20))
    missed(people, "theo")
    with acting(people["okafor"]):
        enrolment = Enrolment.objects.get(patient=people["theo"])
        enrolment.end(on=day(23), reason="completed", by=people["okafor"], at=world.NOW)

    assert look(NOON) == 0


def test_beside_a_private_case_it_is_private_too(people, look):
    scores(people["theo"], (10, 12), (22, 20))
    missed(people, "theo")
    with acting(people["okafor"]):
        raise_flag(
            people["theo"],
            key="theirs",
            evidence=ladder.Evidence("harmed_at_home", "yes"),
            label="Near",
            value="yes",
            kind=HARMED,
            at=NOON - timedelta(hours=1),
        )

    look(NOON)

    assert flags(people, "theo")[0].is_private
