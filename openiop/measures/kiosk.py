"""Answering at the site's kiosk: who may, for how long, and what is asked next. docs/rules/kiosk.md.

The device reads no record. Two database functions stand between it and a patient: `kiosk_open` takes the second proof,
`kiosk_sitting` says whose turn it is while it lasts. What follows is done as that patient.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from openiop.measures import answering, instruments, licensed, scoring
from openiop.measures.asking import due
from openiop.measures.blocks import assembled
from openiop.measures.kiosk_sitting import CODE_DIGITS, code_hash
from openiop.measures.models import Response
from openiop.people.models import Device, Person
from openiop.schedule import kiosk as lobby

ARRIVAL_HOLDS = timedelta(minutes=3)  # from saying who one is to the second proof


def guess(device: Device, patient_id: UUID, typed: str, *, at: datetime) -> UUID | None:
    """Take what was typed as the second proof, at the device that acts; what opens nothing makes the next one slower.

    Raises SlowDown (`schedule.kiosk`) while the device has to wait; what was typed is then not even looked at.
    """
    lobby.hold_guesses(device, at=at)
    code = "".join(letter for letter in typed if letter.isdigit())
    sitting = begin(patient_id, code, at=at) if len(code) == CODE_DIGITS else None
    if sitting is None:
        lobby.note_wrong(device, at=at)
    return sitting


@transaction.atomic
def begin(patient_id: UUID, code: str, *, at: datetime) -> UUID | None:
    """Return the sitting that this code opens for whom the kiosk found, or None. The acting device begins it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kiosk_open(%s, %s, %s)", [patient_id, code_hash(patient_id, code), at])
        return cursor.fetchone()[0]


def whose_turn(sitting: UUID, *, at: datetime) -> Person | None:
    """Return who sits at the acting device, or None: it is over, or it is another device's."""
    rows = list(Person.objects.raw("SELECT * FROM kiosk_sitting(%s, %s)", [sitting, at]))
    return rows[0] if rows else None


class Next(NamedTuple):
    """The one question to show now."""

    instrument: instruments.Instrument
    item: instruments.Item


def still_due(patient: Person, *, on: date, begun: Sequence[str] = ()) -> list[str]:
    """What is asked at this sitting: what it began with, then what has become due since, such as after a screen."""
    waiting = [row.code for row in due(patient, on=on) if not row.done]
    return [*begun, *(code for code in waiting if code not in begun)]


def next_question(patient: Person, *, codes: Sequence[str], passed: Collection[str], on: date) -> Next | None:
    """Return the first question that has no answer and was not passed over; None when nothing is left.

    Never one about being harmed by somebody near: whoever stands behind them would read it.
    """
    for code in codes:
        try:
            instrument = asked(code, patient, on=on)
        except KeyError:
            continue  # taken out of use while they sat here
        given = given_today(patient, instrument, on=on)
        for item in instrument.items:
            name = f"{code} {item.code}"
            if item.staff_only or item.private or name in passed:
                continue
            if scoring.is_open(item, given):
                return Next(instrument, item)
    return None


def asked(code: str, patient: Person, *, on: date) -> instruments.Instrument:
    """Return the instrument with its words. Raises KeyError."""
    return licensed.with_words(assembled.current(code, patient, day=on), clinic_id=patient.clinic_id)


def given_today(patient: Person, instrument: instruments.Instrument, *, on: date) -> dict[str, Any]:
    response = Response.objects.filter(patient=patient, instrument=instrument.code, for_day=on).first()
    return answering.current_answers(response) if response else {}
