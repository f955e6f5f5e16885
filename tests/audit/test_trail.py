"""The trail: written with the act, chained, and nobody's to change."""

import json
import threading
from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.http import Http404
from django.utils import timezone

from openiop.audit import trail
from openiop.audit.models import AuditEvent, append, broken_links
from openiop.demo import world
from openiop.lib.ids import uuid7
from openiop.people.access import acting
from tests.conftest import connected_to


@pytest.fixture
def people(committed):
    """The cast, whose trail goes on for five more links."""
    cast = world.cast()
    for _turn in range(5):
        with acting(cast["lin"]):
            trail.record("thing.look")
            trail.record("thing.touch")
    return cast


@pytest.fixture
def owner(committed, databases):
    with psycopg.connect(databases.server.url("owner", committed), autocommit=True) as direct:
        yield direct


def verbs_of(person):
    with acting(person):
        return list(AuditEvent.objects.filter(person_id=person.pk).order_by("link").values_list("verb", flat=True))


def broken(person):
    with acting(person):
        return broken_links(person.clinic_id)


def test_what_the_fictional_clinic_did_is_one_sound_chain(people):
    assert broken(people["vera"]) == []
    with acting(people["vera"]):
        assert AuditEvent.objects.exclude(verb__startswith="thing.").exists()


def test_an_act_that_is_rolled_back_leaves_no_line(people):
    with pytest.raises(ValueError), acting(people["bea"]):
        trail.record("thing.do")
        raise ValueError

    assert verbs_of(people["bea"]) == []


@pytest.mark.parametrize("refusal", [Http404, PermissionDenied])
def test_a_refusal_leaves_its_line_and_nothing_else(people, refusal):
    with pytest.raises(refusal), acting(people["bea"]):
        trail.record("thing.do")
        raise refusal

    assert verbs_of(people["bea"]) == ["refused"]


def test_a_refused_page_leaves_its_line(people):
    from tests.conftest import browser_of

    browser_of(people["bea"]).get("/trail")

    assert "refused" in verbs_of(people["bea"])


def test_a_line_outside_of_anybody_acting_is_a_fault():
    with pytest.raises(trail.NobodyActing):
        trail.record("thing.do")


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_event SET reason = 'another' WHERE link = 3 AND n = 1",
        "UPDATE audit_event SET person_id = NULL WHERE link = 3",
        "DELETE FROM audit_event WHERE link = 3",
        "INSERT INTO audit_event SELECT gen_random_uuid(), clinic_id, link, 999, at, person_id, person_kind, verb, "
        "patient_id, thing, thing_id, reason, origin, outcome, detail FROM audit_event WHERE link = 3 LIMIT 1",
    ],
)
def test_a_changed_line_is_found_even_when_the_owner_of_the_database_did_it(people, owner, tampering):
    owner.execute(tampering)

    assert broken(people["vera"]) == [3]


def test_a_link_taken_out_whole_is_found(people, owner):
    owner.execute("DELETE FROM audit_event WHERE link = 3")
    owner.execute("DELETE FROM audit_link WHERE link = 3")

    assert broken(people["vera"]) == [4]


def test_an_end_cut_off_is_found(people, owner):
    (last,) = owner.execute("SELECT max(link) FROM audit_link").fetchone()
    owner.execute("DELETE FROM audit_event WHERE link = %s", [last])
    owner.execute("DELETE FROM audit_link WHERE link = %s", [last])

    assert broken(people["vera"]) == [last]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET reason = 'another'",
        "DELETE FROM audit_event",
        "INSERT INTO audit_link VALUES (gen_random_uuid(), 1, now(), 0, '')",
        "UPDATE audit_head SET link = 0",
        "TRUNCATE audit_event",
        "SELECT audit_open_month(current_date)",
        "SELECT audit_digest(gen_random_uuid(), 1, '')",
        "SELECT * FROM audit_clinics()",
        "SELECT * FROM audit_broken_anywhere(gen_random_uuid())",
    ],
)
def test_the_web_role_changes_nothing_and_makes_no_links_by_hand(people, statement):
    with acting(people["vera"]), connection.cursor() as cursor:
        with pytest.raises(Exception, match="permission denied"):
            cursor.execute(statement)
        connection.set_rollback(True)


def test_nobody_writes_or_checks_the_trail_of_another_clinic(people):
    for call in (lambda: append(uuid7(), "[]"), lambda: broken_links(uuid7())):
        with acting(people["vera"]):
            with pytest.raises(Exception, match="another clinic"):
                call()
            connection.set_rollback(True)


def test_patients_do_not_read_the_trail(people):
    with acting(people["maya"]):
        assert not AuditEvent.objects.exists()


def test_two_at_once_make_one_chain_without_gaps(people):
    """Each holds the chain from its last statement to its commit; the other waits there and nowhere else."""
    both = threading.Barrier(2)

    def act(person):
        try:
            for _turn in range(20):
                with acting(person):
                    trail.record("thing.do")
                    if _turn == 0:
                        both.wait(10)
        finally:
            connections.close_all()

    before = max_link(people["vera"])
    threads = [threading.Thread(target=act, args=[people[key]]) for key in ("bea", "marcus")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert max_link(people["vera"]) == before + 40
    assert broken(people["vera"]) == []


def max_link(person):
    with acting(person):
        return AuditEvent.objects.order_by("-link").values_list("link", flat=True).first()


def test_the_command_says_that_the_trail_is_sound_and_when_it_is_not(people, owner, committed, databases):
    with connected_to(committed, databases, role="worker"):
        said = StringIO()
        call_command("audit_verify", stdout=said)
        assert "sound" in said.getvalue()

        owner.execute("UPDATE audit_event SET verb = 'other' WHERE link = 2")
        with pytest.raises(CommandError, match="do not hold"):
            call_command("audit_verify", stdout=StringIO())


def test_a_month_is_opened_by_the_first_line_that_needs_it(people, owner):
    at = timezone.now() + timedelta(days=400)
    with acting(people["bea"]):
        append(people["bea"].clinic_id, json.dumps([line(people["bea"], at)]))

    assert owner.execute(f"SELECT count(*) FROM audit_event_{at:%Y%m}").fetchone() == (1,)
    assert broken(people["vera"]) == []


def line(person, at):
    return {
        "id": str(uuid7()),
        "at": at.isoformat(),
        "person_id": str(person.pk),
        "person_kind": "staff",
        "verb": "late.one",
        "patient_id": None,
        "thing": "",
        "thing_id": "",
        "reason": "",
        "origin": "",
        "outcome": "done",
        "detail": {},
    }
