"""Verbs of the medication list: write a change down, correct one. Nothing is prescribed, checked or sent here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.chart import medication
from openiop.chart.models import MedicationChange
from openiop.lib.ids import uuid7
from openiop.lib.refusals import Refused
from openiop.measures import trend
from openiop.people import access
from openiop.people.models import Person

WHY_NOT: Mapping[str, Any] = {
    medication.BEFORE_IT_BEGAN: _("That is before the day on which it was started or first written down."),
    medication.AFTER_IT_STOPPED: _(
        "That is after the day on which it was stopped. If it is taken again, write it down as started."
    ),
    medication.STOPPED_TWICE: _("This was stopped already. Correct that, if the day is wrong."),
    medication.BEFORE_BIRTH: _("That is before the person was born."),
    medication.NOT_THERE: _("Somebody marked this medication as entered in error. Write it down anew if it is taken."),
    medication.NOT_YET: _("That has not come yet. Write it down when it has happened."),
}
SENT_BEFORE = _(
    "This page was sent before, with something else, and that is kept. Open the page anew to write this down."
)
SAID = ("kind", "happened_on", "decided", "name", "rxnorm", "dose", "prescriber", "reason")
EVENTS = {
    medication.BEGUN: "medication_started",
    medication.DOSE: "dose_changed",
    medication.STOPPED: "medication_stopped",
}


class SomebodyCorrected(Exception):
    """Somebody corrected this change meanwhile: theirs is the one to read, and to correct if need be."""


def today_of(patient: Person, *, at: datetime) -> date:
    return at.astimezone(ZoneInfo(patient.clinic.zone)).date()


@transaction.atomic
def write(
    patient: Person,
    *,
    kind: str,
    happened_on: date,
    decided: str,
    by: Person,
    at: datetime,
    key: UUID,
    of: UUID | None = None,
    name: str = "",
    rxnorm: str = "",
    dose: str = "",
    prescriber: str = "",
    reason: str = "",
) -> MedicationChange:
    """Write a change down; `of` names the medication unless this one opens it. Sent twice, it is kept once.

    Raises PermissionDenied for whoever is no clinician, Refused where the days contradict each other.
    """
    row = MedicationChange(
        id=uuid7(),
        patient=patient,
        kind=kind,
        happened_on=happened_on,
        decided=decided,
        by=by,
        at=at,
        key=key,
        name=name,
        rxnorm=rxnorm,
        dose=dose,
        prescriber=prescriber,
        reason=reason,
    )
    row.root = row.pk
    row.medication = of or row.pk
    return _keep(row)


@transaction.atomic
def correct(
    former: MedicationChange,
    *,
    because: str,
    by: Person,
    at: datetime,
    key: UUID,
    in_error: bool = False,
    **said: Any,
) -> MedicationChange:
    """Write the next version of a change; what is not `said` stays as it was. `in_error`: it never was.

    Raises SomebodyCorrected, and what `write` raises.
    """
    told = {name: getattr(former, name) for name in SAID} | ({} if in_error else said)
    row = MedicationChange(
        id=uuid7(),
        patient=former.patient,
        medication=former.medication,
        root=former.root,
        version=former.version + 1,
        because=because,
        in_error=in_error,
        by=by,
        at=at,
        key=key,
        **told,
    )
    return _keep(row, former=former)


def _keep(row: MedicationChange, *, former: MedicationChange | None = None) -> MedicationChange:
    if not row.by.is_clinician:
        raise PermissionDenied
    _one_at_a_time(row.patient_id)
    before = list(MedicationChange.objects.filter(patient=row.patient_id))
    if found := next((each for each in before if each.key == row.key), None):
        if not _says_the_same(row, found):
            raise Refused(SENT_BEFORE)
        return found
    if former and any(each.root == former.root and each.version > former.version for each in before):
        raise SomebodyCorrected
    if broken := _why_not(row, before):
        raise Refused(WHY_NOT[broken], field="happened_on")
    row.clinic_id = row.patient.clinic_id
    row.save(force_insert=True)
    verb = "medication.correct" if former else "medication.write"
    trail.record(verb, patient=row.patient, thing=row, version=row.version)
    return row


def _says_the_same(row: MedicationChange, kept: MedicationChange) -> bool:
    """A form that was sent twice, and not one that somebody went back to and filled in with something else."""
    names = (*SAID, "because", "in_error", "by_id")
    return all(getattr(row, name) == getattr(kept, name) for name in names)


def _why_not(row: MedicationChange, before: list[MedicationChange]) -> str | None:
    opens = row.root == row.medication
    if not opens and row.medication not in {each.opening.medication for each in medication.listed(before)}:
        return medication.NOT_THERE
    today = today_of(row.patient, at=row.at)
    return medication.why_not([*before, row], born_on=row.patient.born_on, today=today)


def _one_at_a_time(patient_id: Any) -> None:
    """Two who write of one person at once: each sees what the other wrote."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"medication of {patient_id}"])


def events(patient: Person, *, reader: access.Actor) -> list[trend.Event]:
    """Return what was started, changed and stopped, for a trend of measures; what was taken already has no day."""
    rows = MedicationChange.objects.visible_to(reader).filter(patient=patient)
    return [
        trend.Event(EVENTS[change.kind], change.happened_on, detail=f"{each.name} {change.dose}".strip())
        for each in medication.listed(rows)
        for change in each.changes
        if change.kind in EVENTS
    ]
