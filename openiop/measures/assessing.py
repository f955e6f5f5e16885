"""What an answer about death or a positive screen asks of a clinician, and what counts as having done it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from openiop.audit import trail
from openiop.measures import scoring, screens
from openiop.measures.asking import ASSESSMENTS, RISK_ASSESSMENT
from openiop.measures.blocks import assembled
from openiop.measures.instruments import Instrument, Item
from openiop.measures.models import Answer, Assignment, AssignmentQuerySet, Response
from openiop.people.models import Person
from openiop.safety.assessing import Screen
from openiop.safety.models import RiskAssessment
from openiop.safety.models import assess as keep_assessment
from openiop.safety.reviews import DueRow

OFFERED_FOR = timedelta(days=14)  # how old a screen may be that an assessment begins with


def waiting(patient: Person) -> AssignmentQuerySet:
    """The screen that an answer about death asks of a clinician; at most one by each instrument."""
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


def screened(response: Response, instrument: Instrument, *, result_before: str, at: datetime) -> None:
    """After an answer to a screen: where its result has become positive, a clinician assesses the risk the same day.

    Whoever asked the questions, and beside the flag that the answer raised. A further answer that leaves the result as
    it was asks nothing anew.
    """
    if instrument.code not in ASSESSMENTS or response.band == result_before:
        return
    if screens.asks_for_assessment(instrument.rule, response.band):
        patient = response.patient
        today = at.astimezone(ZoneInfo(patient.clinic.zone)).date()
        Assignment.ask(
            patient,
            instrument=RISK_ASSESSMENT,
            asked_of=Assignment.STAFF,
            because="risk",
            evidence=response,
            on=today,
            until=today,
            at=at,
        )


def asked_of_clinicians(reader: Person, *, at: datetime) -> list[DueRow]:
    """Return who has to be assessed the same day and was not yet, of those `reader` treats: one row a person."""
    zone = ZoneInfo(reader.clinic.zone)
    rows = Assignment.objects.visible_to(reader).open().filter(asked_of=Assignment.STAFF).select_related("patient")
    found: dict[Any, DueRow] = {}
    for row in rows.order_by("due_on", "made_at"):
        due_at = datetime.combine(row.due_on, time.max, zone)
        url = reverse("assessments", args=[row.patient_id])
        found.setdefault(row.patient_id, DueRow(row.patient, due_at, row.get_because_display(), at >= due_at, url))
    return list(found.values())


# --- a screen flows into the assessment ---


class Offered(NamedTuple):
    """A screen that an assessment may begin with: whose result it is, and what it calls for."""

    response: Response
    instrument: Instrument
    screen: Screen
    by: Person | None  # who of the staff wrote it down; None where the patient answered alone


def offered(patient: Person, *, at: datetime) -> list[Offered]:
    """Return the screens with a decided result since the assessment before, the newest day and gravest first.

    Read without `visible_to`: whoever assesses a person in danger sees what they said, though they do not treat them.
    """
    last = RiskAssessment.objects.filter(patient=patient).order_by("-at").first()
    rows = Response.objects.filter(patient=patient, instrument__in=ASSESSMENTS).exclude(band="")
    rows = rows.filter(for_day__gte=(at - OFFERED_FOR).date()).annotate(said_at=Max("answers__received_at"))
    if last:
        rows = rows.filter(said_at__gt=last.at)
    found = [one for row in rows.prefetch_related("answers__by") if (one := _offered(row))]
    return sorted(found, key=lambda one: (one.response.for_day, one.screen.level), reverse=True)


def _offered(response: Response) -> Offered | None:
    instrument = assembled.load(response.instrument, response.version, clinic_id=response.clinic_id)
    said = sorted(response.answers.all(), key=lambda row: (row.answered_at, row.received_at, str(row.pk)))
    given = {row.item: row.value for row in said if row.value != ""}
    level = screens.level(instrument, response.band, given)
    if level is None:
        return None
    return Offered(response, instrument, Screen(level, _codes(instrument, response.band, given)), _written_by(said))


def _written_by(said: list[Answer]) -> Person | None:
    return said[-1].by if said else None


def _codes(instrument: Instrument, band: str, given: dict[str, Any]) -> tuple[str, ...]:
    """The result and each answer as codes: LOINC where it has them, else our own; never the wording."""
    result = next((row for row in instrument.results if row.code == band), None)
    first = [f"{instrument.total_loinc or instrument.key} {(result.loinc if result else None) or band}"]
    return (*first, *(_code(item, given[item.code]) for item in instrument.items if item.code in given))


def _code(item: Item, value: Any) -> str:
    option = next((each for each in item.options if each.value == value), None)
    return f"{item.loinc or item.code} {(option.loinc or option.code) if option else value}"


@transaction.atomic
def assess(patient: Person, *, by: Person, at: datetime, seen_at: datetime | None, **said: Any) -> RiskAssessment:
    """Record a risk assessment; it does what was asked of a clinician until `seen_at`, when `by` was shown what waited.

    What came in after that was seen by nobody and stays asked for; without `seen_at` that is all of it. Raises as
    safety's `assess`.
    """
    row = keep_assessment(patient, by=by, at=at, **said)
    done = 0
    if seen_at:
        asked = Assignment.objects.open().filter(patient=patient, asked_of=Assignment.STAFF)
        done = asked.filter(made_at__lte=min(seen_at, at)).update(assessed=row)
    trail.record("measure.assessed", patient=patient, thing=row, done=done)
    return row


def done_by_screen(clinic_id: Any, *, begins_at: datetime, ends_at: datetime) -> list[tuple[Any, datetime]]:
    """Return whom a clinician screened because an answer about death asked for it, and when it was whole."""
    done = Assignment.objects.filter(clinic_id=clinic_id, asked_of=Assignment.STAFF, because="sign")
    done = done.filter(answered__completed_at__gte=begins_at, answered__completed_at__lt=ends_at)
    moments = done.values_list("patient_id", "answered__completed_at")
    return [(patient_id, at) for patient_id, at in moments if at is not None]
