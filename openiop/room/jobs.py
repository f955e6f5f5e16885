"""The worker's part in the live group: it looks, whoever else is awake or not, and forgets what is over."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from openiop.people.access import for_each_clinic, in_each_clinic
from openiop.people.models import Clinic
from openiop.room import care, e2ee, staffing
from openiop.room.boards import expiry
from openiop.room.leading import calling, forgetting
from openiop.room.notes import keeping
from openiop.room.together import leaving, polls


def watch(at: datetime) -> int:
    """Call back whoever is lost while at risk, ask for staff where a group is paused, tell of who left worse, ask
    others where a clinician who was called is not there in time.

    Returns how many are lost now.
    """
    found = in_each_clinic(care.call_back, at=at)
    for look in (_page_for_the_paused, _tell_of_worse, _ask_others):
        in_each_clinic(look, at=at)
    return found


def _page_for_the_paused(clinic: Clinic, *, at: datetime) -> int:
    return staffing.page_for_the_paused(clinic.pk, at=at)


def _tell_of_worse(clinic: Clinic, *, at: datetime) -> int:
    return leaving.tell_of_worse(clinic.pk, at=at)


def _ask_others(clinic: Clinic, *, at: datetime) -> int:
    return calling.tend_all(clinic.pk, at=at)


@app.periodic(cron="23 * * * *")
@app.task(name="room.forget_keys", queueing_lock="room.forget_keys")
def forget_keys(timestamp: int) -> int:
    """Delete key blobs of sessions that are long over; returns of how many. `timestamp`: when it was due, Unix time."""
    return in_each_clinic(_forget_keys_of, at=datetime.fromtimestamp(timestamp, UTC))


def _forget_keys_of(_clinic: Clinic, *, at: datetime) -> int:
    return e2ee.forget_old(at=at)


@app.periodic(cron="43 * * * *")
@app.task(name="room.forget_polls", queueing_lock="room.forget_polls")
def forget_polls(timestamp: int) -> int:
    """Put away the polls of sessions that nobody ended; returns how many. `timestamp`: as above."""
    return in_each_clinic(_forget_polls_of, at=datetime.fromtimestamp(timestamp, UTC))


def _forget_polls_of(_clinic: Clinic, *, at: datetime) -> int:
    return polls.forget_old(at=at)


@app.periodic(cron="*/10 * * * *")
@app.task(name="room.forget_words", queueing_lock="room.forget_words")
def forget_words(timestamp: int) -> int:
    """Delete what was said at the doors and in the chats of sessions that are over; returns of how many."""
    return in_each_clinic(_forget_words_of, at=datetime.fromtimestamp(timestamp, UTC))


def _forget_words_of(_clinic: Clinic, *, at: datetime) -> int:
    return forgetting.forget_over(at=at)


@app.periodic(cron="53 * * * *")
@app.task(name="room.expire_boards", queueing_lock="room.expire_boards")
def expire_boards(timestamp: int) -> int:
    """Destroy the boards whose time is over by their clinic's own days; returns how many."""
    return for_each_clinic(_expire_boards_of, at=datetime.fromtimestamp(timestamp, UTC))


def _expire_boards_of(clinic: Clinic, *, at: datetime) -> int:
    return expiry.expire_old(clinic.pk, at=at)


@app.periodic(cron="13 * * * *")
@app.task(name="room.forget_notes", queueing_lock="room.forget_notes")
def forget_notes(timestamp: int) -> int:
    """Delete private lines whose time is over; returns how many. `timestamp`: as above."""
    return in_each_clinic(_forget_notes_of, at=datetime.fromtimestamp(timestamp, UTC))


def _forget_notes_of(_clinic: Clinic, *, at: datetime) -> int:
    return keeping.forget_old(at=at)
