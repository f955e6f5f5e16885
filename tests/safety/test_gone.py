"""At risk and gone: who leaves the site with a high case open, and who at risk does not come, is told by the worker."""

from datetime import timedelta

import psycopg
import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety import jobs, ladder
from openiop.safety.assessing import HIGH, LOW, MODERATE
from openiop.safety.models import Case, Flag, Whereabouts, assess, log_contact, raise_flag
from openiop.schedule import jobs as schedule_jobs
from openiop.schedule import missed, outreach, presence
from openiop.schedule.models import CareSession

NOW = world.NOW
BEGINS = NOW + timedelta(minutes=12)


def minutes(count):
    return timedelta(minutes=count)


@pytest.fixture
def people(committed):
    return world.cast()


def concern(people, key, tier, *, at=NOW):
    with acting(people["bea"]):
        return raise_flag(
            people[key],
            key=f"concern {key} {tier}",
            evidence=ladder.Evidence("staff_concern", tier),
            label="Concern",
            value="seen",
            at=at,
        )


def flags(people, reason):
    with acting(people["okafor"]):
        return list(Flag.objects.filter(reason=reason).select_related("case").order_by("raised_at"))


def tonight(people):
    with acting(people["okafor"]):
        return CareSession.objects.between(BEGINS, BEGINS + minutes(60)).select_related("room__site", "clinic").get()


# --- leaving the site ---


def came_and_left(people, key, *, left_at):
    session = tonight(people)
    with acting(people["hal"]):
        presence.arrival(session, people[key], source="desk", by=people["hal"], at=NOW)
        presence.departure(session, people[key], source="desk", by=people["hal"], at=left_at)


def test_leaving_the_site_with_a_high_case_open_is_told_once_and_starts_the_clocks_of_who_was_reached(people, worker):
    concern(people, "theo", 3)
    with acting(people["marcus"]):
        case = Case.objects.get(patient=people["theo"])
        log_contact(case, how="person", reached=True, note="", by=people["marcus"], at=NOW + minutes(5))
    came_and_left(people, "theo", left_at=NOW + minutes(20))
    with worker():
        assert jobs.watch_departures(NOW + minutes(20)) == 1
        assert jobs.watch_departures(NOW + minutes(21)) == 0

    (flag,) = flags(people, "left_site")
    assert flag.tier == 3
    assert flag.case.since == NOW + minutes(20)
    assert not flag.case.reached


@pytest.mark.parametrize("tier", [1, 2])
def test_leaving_with_a_lesser_case_is_no_evidence(people, worker, tier):
    concern(people, "theo", tier)
    came_and_left(people, "theo", left_at=NOW + minutes(20))
    with worker():
        assert jobs.watch_departures(NOW + minutes(21)) == 0


def test_who_left_before_the_case_or_is_still_there_has_not_left_with_it(people, worker):
    came_and_left(people, "theo", left_at=NOW + minutes(5))
    concern(people, "theo", 4, at=NOW + minutes(10))
    session = tonight(people)
    concern(people, "maya", 4)
    with acting(people["hal"]):
        presence.arrival(session, people["maya"], source="desk", by=people["hal"], at=NOW + minutes(1))
    with worker():
        assert jobs.watch_departures(NOW + minutes(21)) == 0


def test_a_worker_that_comes_back_after_days_pages_nobody_for_what_is_over(people, worker):
    concern(people, "theo", 4)
    came_and_left(people, "theo", left_at=NOW + minutes(20))
    with worker():
        assert jobs.watch_departures(NOW + timedelta(days=2)) == 0


def refuse_flags_of(databases, name, patient):
    """From now on the database itself refuses every flag about this patient."""
    with psycopg.connect(databases.server.url("owner", name), autocommit=True) as owner:
        owner.execute(
            f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN IF NEW.patient_id = '{patient.pk}' THEN RAISE EXCEPTION '%', NEW.value; END IF;
                RETURN NEW; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON safety_flag FOR EACH ROW EXECUTE FUNCTION refuse();"""
        )


def test_one_record_that_fails_hides_nobody_elses_leaving(people, worker, databases, committed, caplog):
    for key in ("maya", "theo", "sam"):
        concern(people, key, 3)
        came_and_left(people, key, left_at=NOW + minutes(20))
    refuse_flags_of(databases, committed, people["theo"])

    with worker():
        assert jobs.watch_departures(NOW + minutes(21)) == 2

    assert told_of(people, told(flags(people, "left_site"))) == {"maya", "sam"}
    assert "with_open_case" not in caplog.text


# --- missing from a session ---


def told(rows):
    return {(flag.patient_id, flag.value, flag.tier) for flag in rows}


def who_is_missing(people, worker, *, at):
    with worker():
        schedule_jobs.watch_the_missed(at)
    return told(flags(people, "missed_session"))


def told_of(people, found):
    return {key for key, person in people.items() for patient, _value, _tier in found if person.pk == patient}


LATE = BEGINS + minutes(11)


@pytest.mark.parametrize(("risk", "value"), [(0, None), (LOW, None), (MODERATE, "moderate_risk"), (HIGH, "high_risk")])
def test_what_a_missed_session_means_at_each_risk(risk, value):
    assert missed.value_of(risk) == value


def test_who_is_at_risk_and_does_not_come_is_told_once_by_the_time_the_clinic_calls_the_absent(people, worker):
    concern(people, "maya", 3)
    concern(people, "theo", 1)
    assert not who_is_missing(people, worker, at=BEGINS + minutes(9))

    assert told_of(people, who_is_missing(people, worker, at=LATE)) == {"maya"}
    who_is_missing(people, worker, at=LATE + minutes(5))
    assert [flag.tier for flag in flags(people, "missed_session")] == [3]


def test_a_moderate_risk_found_at_the_last_assessment_counts_though_no_case_is_open(people, worker):
    said = {
        "found": "",
        "risk_factors": [],
        "protective_factors": [],
        "lowered_because": "",
        "plan": "",
        "screen": None,
    }
    with acting(people["okafor"]):
        assess(people["theo"], level=MODERATE, **{**said, "plan": "See daily"}, by=people["okafor"], at=NOW)

    found = who_is_missing(people, worker, at=LATE)

    assert told_of(people, found) == {"theo"}
    assert {tier for _patient, _value, tier in found} == {2}


def test_who_is_there_at_the_door_or_on_the_way_is_not_missing(people, worker):
    session = tonight(people)
    for key in ("maya", "theo", "priya"):
        concern(people, key, 3)
    with acting(people["hal"]):
        presence.arrival(session, people["theo"], source="desk", by=people["hal"], at=BEGINS)
    with acting(people["priya"]):
        Whereabouts.objects.create(
            clinic_id=session.clinic_id,
            patient=people["priya"],
            told_at=BEGINS,
            place="virtual",
            address="9 Elm St",
            source="door",
        )
    with acting(people["bea"]):
        entry = session.roster.select_related("session__clinic", "patient").get(patient=people["maya"])
        outreach.log_call(entry, outcome="coming", note="", by=people["bea"], at=BEGINS + minutes(5))

    assert not told_of(people, who_is_missing(people, worker, at=LATE)) & {"maya", "theo", "priya"}


def test_who_said_that_they_are_coming_and_does_not_come_is_missing_after_all(people, worker):
    session = tonight(people)
    concern(people, "maya", 3)
    with acting(people["bea"]):
        entry = session.roster.select_related("session__clinic", "patient").get(patient=people["maya"])
        outreach.log_call(entry, outcome="coming", note="", by=people["bea"], at=BEGINS + minutes(5))

    assert told_of(people, who_is_missing(people, worker, at=BEGINS + minutes(16))) == {"maya"}


def test_one_record_that_fails_hides_nobody_elses_absence(people, worker, databases, committed, caplog):
    for key in ("maya", "theo", "sam"):
        concern(people, key, 3)
    refuse_flags_of(databases, committed, people["theo"])

    assert told_of(people, who_is_missing(people, worker, at=LATE)) == {"maya", "sam"}
    assert "high_risk" not in caplog.text
