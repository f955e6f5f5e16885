"""The kiosk in the lobby: who somebody is, from a code or a first name and a birth year, without any list of names.

The device may read no patient. One database function answers with at most one place, and every guess that fits nobody
makes the next one slower, for this device, whoever stands before it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import segno
from django.db import connection, transaction

from openiop.lib.ids import uuid7
from openiop.people.models import Device, Person
from openiop.schedule import presence
from openiop.schedule.models import CareSession, KioskTry

FREE_TRIES = 3
FIRST_PAUSE_SECONDS = 10
LONGEST_PAUSE_SECONDS = 300
# Wrong tries are forgotten after this long; a right one in between forgives none, or one's own code would buy guesses.
REMEMBERED_FOR = timedelta(minutes=15)


class Match(NamedTuple):
    """The one place that fits what was typed."""

    entry_id: UUID
    session_id: UUID
    patient_id: UUID
    called: str
    room: str
    is_here: bool


class SlowDown(Exception):
    """Too many wrong tries at this device; `seconds` says how long it takes no more."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"{seconds} seconds")
        self.seconds = seconds


def pause_seconds(wrong_tries: int) -> int:
    """Return how long a device waits after its latest wrong try: nothing for three, then 10, 20, 40 … 300 seconds."""
    if wrong_tries <= FREE_TRIES:
        return 0
    return min(FIRST_PAUSE_SECONDS * 2 ** (wrong_tries - FREE_TRIES - 1), LONGEST_PAUSE_SECONDS)


@transaction.atomic
def find(device: Device, *, at: datetime, code: str = "", name: str = "", year: int = 0) -> Match | None:
    """Return who that is, or None: nobody, or more than one person. None counts as a wrong try.

    Raises SlowDown while the device has to wait; what was typed is then not even looked at.
    """
    hold_guesses(device, at=at)
    match = _match(code, name, year, at=at)
    if match is None:
        note_wrong(device, at=at)
    return match


def hold_guesses(device: Device, *, at: datetime) -> None:
    """Let no other guess at this device be judged until the transaction ends. Raises SlowDown while it has to wait."""
    _one_at_a_time(device)
    if (left := seconds_left(device, at=at)) > 0:
        raise SlowDown(left)


def note_wrong(device: Device, *, at: datetime) -> None:
    """A guess that fits nobody makes the next one slower."""
    KioskTry.objects.create(id=uuid7(), clinic_id=device.clinic_id, device=device, at=at)


def seconds_left(device: Device, *, at: datetime) -> int:
    """Return how long the device still has to wait; 0 when it may be used."""
    tries = list(
        KioskTry.objects.filter(device=device, at__gt=at - REMEMBERED_FOR, at__lte=at)
        .order_by("-at")
        .values_list("at", flat=True)
    )
    if not tries:
        return 0
    waits_until = tries[0] + timedelta(seconds=pause_seconds(len(tries)))
    return max(0, -int((at - waits_until) // timedelta(seconds=1)))


def _one_at_a_time(device: Device) -> None:
    """Guesses sent side by side would all be judged by the same count."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"kiosk {device.pk}"])


def _match(code: str, name: str, year: int, *, at: datetime) -> Match | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM kiosk_match(%s, %s, %s, %s)", [code, name, year, at])
        row = cursor.fetchone()
    return Match(*row) if row else None


def code_picture(code: str) -> str:
    """Return the code as a QR picture, as a data URI for an `img`: a scanner types the digits and presses Enter."""
    return segno.make(code, micro=False).svg_data_uri(scale=6, border=4, light="#ffffff", dark="#000000")


@transaction.atomic
def arrive(device: Device, match: Match, *, at: datetime) -> None:
    """Note the arrival of whom the kiosk found. Saying it twice changes nothing."""
    if not match.is_here:
        _note(presence.arrival, device, match, at=at)


@transaction.atomic
def leave(device: Device, match: Match, *, at: datetime) -> bool:
    """Note the departure; False when this person was not here."""
    if match.is_here:
        _note(presence.departure, device, match, at=at)
    return match.is_here


def _note(verb: Any, device: Device, match: Match, *, at: datetime) -> None:
    session = CareSession.objects.visible_to(device).select_related("room__site").get(pk=match.session_id)
    # The device may not read the person, so it hands on the id alone.
    patient = Person(pk=match.patient_id, clinic_id=device.clinic_id, kind=Person.PATIENT)
    verb(session, patient, source="kiosk", device=device, at=at)
