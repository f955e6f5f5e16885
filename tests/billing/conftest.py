"""Signed evenings as billing's job finds them, and the job's own database role."""

import threading
from contextlib import contextmanager
from datetime import date, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.db import connections

from openiop.billing import signed_days
from openiop.billing.models import Coverage, Payer, Rule
from openiop.chart import signing, writing
from openiop.chart.models import Plan
from openiop.demo import world
from openiop.people.access import acting
from openiop.schedule import presence
from openiop.schedule.models import CareSession, RosterEntry

TUESDAY = date(2026, 11, 24)
BEGINS = world.NOW + timedelta(minutes=12)
ENDS = BEGINS + timedelta(minutes=190)
WHOLE = 190  # minutes from first to last; two breaks of five do not count


@pytest.fixture
def people(committed, clock):
    """The cast, before anybody has written down who pays for whom."""
    found = world.cast()
    with acting(found["rosa"]):
        Coverage.objects.all().delete()
    return found


@pytest.fixture
def worker(committed, databases):
    """Return a context manager: inside it, every connection of this process has the worker's role."""

    @contextmanager
    def as_worker():
        settings = connections["default"].settings_dict
        before = settings["USER"]
        connections["default"].close()
        settings["USER"] = urlsplit(databases.server.url("worker", committed)).username
        try:
            yield
        finally:
            connections["default"].close()
            settings["USER"] = before

    return as_worker


@pytest.fixture
def priced(people, worker):
    """Let the job run once, at this many minutes after the evening."""

    def run(minutes=5):
        with worker():
            return signed_days.price_signed_days(ENDS + timedelta(minutes=minutes))

    return run


def covered(patient, *, by, kind="commercial", name="Harbor Plan", **said):
    """Write a payer with a rule, and that it covers `patient`."""
    told = {
        "code": "S9480",
        "revenue_code": "0905",
        "amount_cents": 41250,
        "virtual": "covered",
        "in_force": (date(2026, 1, 1), None),
        "source": "Contract of Harbor Plan, 2026",
    }
    with acting(by):
        payer, _new = Payer.objects.get_or_create(clinic_id=by.clinic_id, name=name, defaults={"kind": kind})
        if not payer.rules.exists():
            Rule.objects.create(clinic_id=by.clinic_id, payer=payer, **(told | said))
        cover(patient, payer)
    return payer


def cover(patient, payer):
    return Coverage.objects.create(
        clinic_id=patient.clinic_id, patient=patient, payer=payer, during=(date(2026, 1, 1), None)
    )


def evening(by):
    with acting(by):
        return CareSession.objects.visible_to(by).select_related("room__site", "clinic").get(during__contains=BEGINS)


def attend(session, patient, *, by, place="on_site", minutes=WHOLE, treatment=True):
    """Somebody saw them come at the beginning and, after `minutes`, go."""
    said = {"source": "hand", "connection": "site", "place": place, "by": by, "treatment": treatment}
    with acting(by):
        presence.note(session, patient, kind="in", at=session.begins_at, **said)
        if minutes < session.minutes:
            presence.note(session, patient, kind="out", at=session.begins_at + timedelta(minutes=minutes), **said)


def sign(session, *patients, by):
    """Write and sign the parts of these patients."""
    at = session.ends_at + timedelta(minutes=1)
    with acting(by):
        sent = {
            writing.GROUP: writing.Sent(
                {"topic": "Skills", "intervention": "Pairs", "present": "6", "place": "Room 2", "name_override": ""},
                writing.digest(dict.fromkeys(writing.GROUP_FIELDS, "")),
                "",
            )
        }
        for patient in patients:
            if not writing.goals_by_patient([patient.pk]):
                Plan.draft(patient, goals=["Sleep"], by=by, at=at).sign(by=by, at=at)
            entry = RosterEntry.objects.get(session=session, patient=patient)
            sent[str(entry.pk)] = writing.Sent(
                words(patient), writing.digest(dict.fromkeys(writing.PART_FIELDS, "")), ""
            )
        writing.save(session, sheet=uuid4(), sent=sent, by=by, at=at)
        done = signing.sign(session, by=by, at=at)
        assert {part.patient_id for part in done.parts} == {patient.pk for patient in patients}


def words(patient):
    return dict.fromkeys(writing.PART_FIELDS, "") | {
        "risk": "Asked: no thoughts of suicide or of harming others",
        "response": f"Something that only {patient.given_name} said in confidence",
        "participation": "Took part actively",
        "affect": "Calm, full range",
        "progress": "Some progress",
        "next_step": "Diary card",
        "location": "at home",
        "goal": str(writing.goals_by_patient([patient.pk])[patient.pk][0].pk),
    }


@pytest.fixture
def together():
    """Run functions at the same moment, each in a thread with a connection of its own; return what they returned."""

    def run(*functions):
        start, results, faults = threading.Barrier(len(functions)), [None] * len(functions), []

        def one(index, function):
            try:
                start.wait(10)
                results[index] = function()
            except BaseException as fault:
                faults.append(fault)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=one, args=pair) for pair in enumerate(functions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        if faults:
            raise faults[0]
        return results

    return run
