"""Private notes are gone when it was promised, by a worker that cannot read them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from openiop.chart.models import GroupNote
from openiop.demo import world
from openiop.people import access
from openiop.people.access import System, acting
from openiop.room import admission, jobs
from openiop.room.notes import keeping
from openiop.schedule.models import RosterEntry
from tests.room.test_admission import at_the_door, come_in
from tests.room.test_notes import HERS, words_seen_by, writes
from tests.safety.conftest import worker  # noqa: F401 (fixture)


@pytest.fixture
def cast(committed):
    return world.cast()


@pytest.fixture
def written(cast):
    """Bea, who leads, and Sam have each written for themselves; returns the session."""
    seats = {"bea": come_in(cast["bea"]), "sam": at_the_door(cast["sam"])}
    with acting(cast["bea"]):
        seats["sam"] = admission.admit(seats["sam"], by=cast["bea"], at=world.NOW)
    writes(cast, seats, "sam")
    writes(cast, seats, "bea", "Bea's own")
    return seats["bea"].session


def forget(worker, at):  # noqa: F811
    with worker():
        return jobs.forget_notes(int(at.timestamp()))


def day(session, n):
    """The first whole second when `n` days have passed since the session."""
    return datetime.fromtimestamp(int(session.ends_at.timestamp()), UTC) + timedelta(days=n)


def test_a_facilitators_lines_are_kept_a_week_and_a_patients_half_a_year(cast, written, worker):  # noqa: F811
    assert forget(worker, day(written, 7) - timedelta(seconds=1)) == 0
    assert forget(worker, day(written, 7)) == 1
    assert words_seen_by(cast["sam"]) == [HERS] and words_seen_by(cast["bea"]) == []

    assert forget(worker, day(written, 180)) == 1
    assert words_seen_by(cast["sam"]) == []


def test_what_fails_in_one_clinic_keeps_no_line_of_the_next(cast, written, worker, monkeypatch):  # noqa: F811
    forget_old, asked = keeping.forget_old, []

    def first_fails(*, at):
        asked.append(at)
        if len(asked) == 1:
            raise ValueError("spoilt")
        return forget_old(at=at)

    monkeypatch.setattr(keeping, "forget_old", first_fails)
    monkeypatch.setattr(access, "all_clinics", lambda: [cast["bea"].clinic] * 2)

    assert forget(worker, day(written, 7)) == 1


def test_the_worker_can_read_no_word_and_change_none(written, worker):  # noqa: F811
    for forbidden in ("SELECT text FROM room_roomnote", "UPDATE room_roomnote SET until = now()"):
        with worker(), acting(System(written.clinic_id)):
            refused = pytest.raises(DatabaseError, match="denied")
            with refused, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(forbidden)


def test_a_facilitators_lines_go_once_everybodys_note_is_signed_and_a_patients_stay(cast, written, worker):  # noqa: F811
    with acting(cast["bea"]):
        GroupNote.objects.create(
            clinic_id=written.clinic_id,
            session=written,
            author=cast["bea"],
            edited_at=world.NOW,
            signed_at=world.NOW,
        )
        entries = RosterEntry.objects.filter(session=written)
        assert entries.count() > 1
        RosterEntry.objects.filter(pk=entries[0].pk).update(attested_at=world.NOW)
    assert forget(worker, world.NOW) == 0

    with acting(cast["bea"]):
        RosterEntry.objects.filter(session=written).update(attested_at=world.NOW)
    assert forget(worker, world.NOW) == 1
    assert words_seen_by(cast["sam"]) == [HERS] and words_seen_by(cast["bea"]) == []
