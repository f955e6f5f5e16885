"""The page's unattended minutes come out of the trail alone, and whoever changes a row or a line is found."""

from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command

from openiop.demo import world
from openiop.people.access import acting
from openiop.programs.models import Enrolment
from openiop.safety import ladder
from openiop.safety.models import Case, acknowledge, assess, close, log_contact, raise_flag

NOW = world.NOW


def after(minutes):
    return NOW + timedelta(minutes=minutes)


def flag(patient, tier, *, key, at):
    with acting(patient):
        return raise_flag(
            patient, key=key, evidence=ladder.Evidence("staff_concern", tier), label="Worry", value="x", at=at
        ).case


@pytest.fixture
def month(committed, clock):
    """Maya: 5 minutes, then 3 for something new. Theo: nobody in 90. Sam: Marcus has him for an hour, then 20 alone."""
    people = world.cast()
    marcus = people["marcus"]
    maya = flag(people["maya"], 3, key="1", at=NOW)
    theo = flag(people["theo"], 2, key="2", at=after(30))
    with acting(marcus):
        acknowledge(maya, by=marcus, at=after(5))
        log_contact(maya, how="phone", reached=False, note="", by=marcus, at=after(8))
        log_contact(maya, how="phone", reached=True, note="At home.", by=marcus, at=after(20))
        assess(people["sam"], level=3, plan="Stays with him.", by=marcus, at=after(40))
    flag(people["maya"], 1, key="3", at=after(50))
    with acting(marcus):
        log_contact(Case.objects.get(pk=maya.pk), how="phone", reached=True, note="", by=marcus, at=after(53))
        close(Case.objects.get(pk=maya.pk), disposition="", note="", by=marcus, at=after(60))
    clock.move_to(after(120))
    return {**people, "case of maya": maya, "case of theo": theo}


@pytest.fixture
def owner(committed, databases):
    """Somebody who owns the database and gets past every trigger."""
    with psycopg.connect(databases.server.url("owner", committed), autocommit=True) as direct:
        for table in ("case", "flag", "page", "acknowledgement"):
            direct.execute(f"ALTER TABLE safety_{table} DISABLE TRIGGER USER")
        yield direct


@pytest.fixture
def reckon(worker):
    """Run the command as it is run in the clinic: with the worker's rights."""

    def run(into=None):
        said = into or StringIO()
        with worker():
            call_command("unattended_minutes", "--from-audit", "2026-11", stdout=said)
        return said.getvalue()

    return run


def test_the_trail_alone_gives_the_minutes_by_how_each_person_takes_part(month, reckon):
    said = reckon()

    assert "all: 3 cases, 118.0 min unattended, median 20.0" in said
    with acting(month["okafor"]):
        how = {key: Enrolment.objects.get(patient=month[key]).modality for key in ("maya", "theo", "sam")}
    for modality in set(how.values()):
        minutes = sum({"maya": 8, "theo": 90, "sam": 20}[key] for key in how if how[key] == modality)
        assert f"{modality}: {list(how.values()).count(modality)} cases, {minutes:.1f} min" in said
    assert "differ" not in said
    assert "from before" not in said


@pytest.mark.parametrize(
    ("tampering", "who", "trail", "rows"),
    [
        ("UPDATE safety_acknowledgement SET at = at - interval '4 minutes' WHERE case_id = %s", "maya", "8.0", "4.0"),
        ("UPDATE safety_flag SET raised_at = raised_at + interval '1 hour' WHERE case_id = %s", "theo", "90.0", "30.0"),
        ("UPDATE safety_flag SET tier = 1, contact_minutes = 900 WHERE case_id = %s AND key = '1'", "maya", None, None),
        (
            "INSERT INTO safety_acknowledgement (id, clinic_id, case_id, patient_id, by_id, at) "
            "SELECT gen_random_uuid(), c.clinic_id, c.id, c.patient_id, p.id, c.since "
            "FROM safety_case c, people_person p WHERE c.id = %s AND p.called = 'Bea'",
            "theo",
            "90.0",
            "0.0",
        ),
    ],
)
def test_whoever_makes_a_wait_look_shorter_in_the_rows_is_told_by_the_trail(
    month, owner, reckon, tampering, who, trail, rows
):
    case = month[f"case of {who}"].pk
    owner.execute(tampering, [case])

    if trail is None:
        assert "all: 3 cases, 118.0" in reckon()  # a change that changes no minute is none
        return
    said = StringIO()
    with pytest.raises(CommandError, match="1 cases differ"):
        reckon(said)
    assert f"case {case}: the trail says {trail} min, the rows say {rows} min" in said.getvalue()


def test_a_case_taken_out_of_the_rows_is_named(month, owner, reckon):
    case = month["case of theo"].pk
    for table in ("flag", "page", "case"):
        owner.execute(f"DELETE FROM safety_{table} WHERE {'id' if table == 'case' else 'case_id'} = %s", [case])

    said = StringIO()
    with pytest.raises(CommandError, match="1 cases differ"):
        reckon(said)
    assert f"case {case}: the trail says 90.0 min, the rows say no such case" in said.getvalue()


def test_nothing_is_reckoned_from_a_trail_that_was_changed(month, owner, reckon):
    owner.execute(
        "UPDATE audit_event SET detail = jsonb_set(detail, '{at}', to_jsonb(%s::text)) WHERE verb = 'case.acknowledge'",
        [after(1).isoformat()],
    )

    with pytest.raises(CommandError, match="the trail is broken at .* Nothing is reckoned"):
        reckon()
