"""The assessment that an answer about death or self-harm asks of a clinician, and what counts as having done it."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from openiop.measures import scoring, screens
from openiop.measures.asking import ASSESSMENTS
from openiop.measures.instruments import Instrument
from openiop.measures.models import Assignment, AssignmentQuerySet, Response
from openiop.people.models import Person


def waiting(patient: Person) -> AssignmentQuerySet:
    """What a clinician still has to do for this patient; at most one by each instrument."""
    return Assignment.objects.open().filter(
        patient=patient, asked_of=Assignment.STAFF, because="sign", instrument__in=ASSESSMENTS
    )


def is_waited_for(patient: Person, instrument: Instrument) -> bool:
    """Would this screen, asked now, be the assessment? Then each of its answers counts anew, though it be the same."""
    return instrument.code in ASSESSMENTS and waiting(patient).exists()


def answered(response: Response, instrument: Instrument, *, by: Person | None, youth: bool) -> None:
    """After an answer that `by` wrote down: close what waited for just this assessment.

    Done is one that is about the day of the evidence or a later one, every answer of which a clinician asked for since
    then, and whose result is decided. Neither what the patient said alone, nor what intake asked, nor a morning's
    screen, nor one that stays open until staff say whether they are concerned.
    """
    if by is None or not by.is_clinician or instrument.code not in ASSESSMENTS:
        return
    for asked in waiting(response.patient):
        if response.for_day >= _opened_on(asked, response.patient) and _is_decided(asked, response, instrument, youth):
            asked.answered = response
            asked.save(update_fields=["answered"])


def _opened_on(asked: Assignment, patient: Person) -> date:
    """The clinic's day or, where it is still an earlier one with the patient, theirs."""
    return min(asked.opens_on, asked.made_at.astimezone(ZoneInfo(patient.zone)).date())


def _is_decided(asked: Assignment, response: Response, instrument: Instrument, youth: bool) -> bool:
    since = response.answers.filter(by__isnull=False, received_at__gte=asked.made_at).select_related("by")
    rows = [row for row in since.order_by("answered_at", "received_at", "pk") if row.by and row.by.is_clinician]
    result = scoring.score(instrument, {row.item: row.value for row in rows}, youth=youth)
    return result.complete and result.band is not None and result.band not in screens.OPEN
