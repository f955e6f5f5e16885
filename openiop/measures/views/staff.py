"""What patients answered, for those who care for them."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib.http import page
from openiop.measures import answering, asking, calendar, instruments, licensed, scoring
from openiop.measures.blocks import assembled
from openiop.measures.forms import CadenceForm
from openiop.measures.models import Assignment, Cadence, Moment, Reminder, Response
from openiop.measures.views.entry import WRITES_DOWN
from openiop.messaging.models import Delivery
from openiop.people.doors import roles, staff_only
from openiop.people.models import Person, Role

SHOWN_REMINDERS = 5


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR)
def cadences(request: Any) -> HttpResponse:
    """How often each track asks for a measure; the check-in is every day's, for everybody."""
    form = CadenceForm(request.POST or None, clinic=request.person.clinic)
    if request.method == "POST" and form.is_valid():
        Cadence.agree(**form.cleaned_data, by=request.person, at=timezone.now())
        messages.success(request, _("Saved."))
        return redirect("cadence-list")
    rows = Cadence.objects.filter(clinic_id=request.person.clinic_id).select_related("track")
    context = {
        "form": form,
        "rows": [(row, _title(row.instrument, request.LANGUAGE_CODE), _overlapping_days(row)) for row in rows],
    }
    return page(request, "measures/cadences.html", context, status=422 if form.errors else 200)


@require_POST
@roles(Role.DIRECTOR)
def drop_cadence(request: Any, cadence_pk: UUID) -> HttpResponse:
    """The track asks for this no more."""
    row = get_object_or_404(Cadence, clinic_id=request.person.clinic_id, pk=cadence_pk)
    row.drop(by=request.person, at=timezone.now())
    messages.success(request, _("No longer asked for."))
    return redirect("cadence-list")


def _overlapping_days(row: Cadence) -> int:
    """How far the measure looks back, where it is asked again before that time has passed; 0 elsewhere."""
    recall_days = answering.newest(row.instrument).recall_days
    rule = calendar.Rule(row.instrument, row.moment, row.every_days)
    return recall_days if calendar.overlaps(rule, recall_days=recall_days) else 0


def _title(code: str, language: str) -> str:
    return instruments.in_language(answering.newest(code).title, language)


@require_GET
@staff_only
def patient_measures(request: Any, pk: UUID) -> HttpResponse:
    """The last weeks of a patient's answers: totals in a table, newest first, with the item-9 answers named."""
    patient = get_object_or_404(Person.objects.visible_to(request.person).patients(), pk=pk)
    rows = list(
        Response.objects.visible_to(request.person)
        .filter(patient=patient)
        .prefetch_related("answers")
        .order_by("-for_day")[:40]
    )
    trail.record("measures.open", patient=patient)
    language, load = request.LANGUAGE_CODE, assembled.loader(patient.clinic_id)
    context = {
        "patient": patient,
        "rows": [_summary(row, load(row.instrument, row.version), language) for row in rows],
        "may_write": request.person.has_role(*WRITES_DOWN),
        **_asked(patient, language),
    }
    return page(request, "measures/patient.html", context, part="_patient.html")


def _asked(patient: Person, language: str) -> dict[str, Any]:
    """What is asked of the patient, what they never answered, and what a clinician has to assess today."""
    today = timezone.now().astimezone(ZoneInfo(patient.zone)).date()
    known = asking.history([patient], on=today)[patient.pk]
    moments = {**dict(Moment.choices), **dict(Assignment.BECAUSE)}
    to_patient = [row for row in known.assignments if row.asked_of == Assignment.PATIENT and row.due_on >= today]
    return {
        "assessments": [row for row in known.assignments if row.asked_of == Assignment.STAFF],
        "asked": [(row, _title(row.instrument, language)) for row in to_patient],
        "reminders": _reminders(patient),
        "late": [(row, _title(row.instrument, language), moments[row.moment]) for row in asking.late(known, on=today)],
    }


def _reminders(patient: Person) -> list[tuple[Reminder, list[Delivery]]]:
    """The last days' reminders, each with what became of it on every way."""
    rows = list(Reminder.objects.filter(patient=patient).order_by("-on")[:SHOWN_REMINDERS])
    found: dict[str, list[Delivery]] = {}
    for delivery in Delivery.objects.about([row.delivered_as for row in rows]):
        found.setdefault(delivery.because, []).append(delivery)
    return [(row, found.get(row.delivered_as, [])) for row in rows]


@require_GET
@staff_only
def patient_response(request: Any, pk: UUID, response_pk: UUID) -> HttpResponse:
    """One response, item by item, corrections included."""
    rows = Response.objects.visible_to(request.person).select_related("patient")
    response = get_object_or_404(rows, pk=response_pk, patient_id=pk)
    trail.record("response.open", patient=response.patient, thing=response)
    instrument = _with_words(response)
    given = response.answers.select_related("by").order_by("answered_at", "received_at")
    parts = scoring.subscores(instrument, answering.current_answers(response))
    context = {
        "response": response,
        "title": instruments.in_language(instrument.title, request.LANGUAGE_CODE),
        "band": _band(instrument, response.band, request.LANGUAGE_CODE),
        "standard": scoring.standard_score(instrument, response.total),
        "conversion": instrument.conversion,
        "parts": [
            (instruments.in_language(part.text, request.LANGUAGE_CODE), parts[part.code])
            for part in instrument.subscores
        ],
        "rows": [
            (
                item.text or {"en": item.code},
                [(_said(item, row.value, request.LANGUAGE_CODE), row) for row in given if row.item == item.code],
            )
            for item in instrument.items
        ],
        "language": request.LANGUAGE_CODE,
    }
    context["rows"] = [(instruments.in_language(text, request.LANGUAGE_CODE), said) for text, said in context["rows"]]
    return page(request, "measures/response.html", context)


def _with_words(response: Response) -> instruments.Instrument:
    instrument = assembled.load(response.instrument, response.version, clinic_id=response.clinic_id)
    return licensed.with_words(instrument, clinic_id=response.clinic_id)


def _summary(response: Response, instrument: instruments.Instrument, language: str) -> dict[str, Any]:
    given = answering.current_answers(response)
    told = [item for item in instrument.items if item.safety and given.get(item.code) in item.safety.values]
    return {
        "response": response,
        "title": instruments.in_language(instrument.title, language),
        "band": _band(instrument, response.band, language),
        "told": [_said(item, given[item.code], language) for item in told],
        "said": [
            f"{item.code.replace('_', ' ')} {_said(item, given[item.code], language)}"
            for item in instrument.items
            if item.code in given and instrument.code in (answering.CHECK_IN, answering.BEFORE) and item.kind != "text"
        ],
    }


def _band(instrument: instruments.Instrument, code: str, language: str) -> str:
    named = {band.code: band.text for band in instrument.bands} | {row.code: row.text for row in instrument.results}
    return instruments.in_language(named[code], language) if code in named else ""


def _said(item: instruments.Item, value: Any, language: str) -> str:
    """An answer in words, with its number where there is one."""
    for option in item.options:
        if option.value == value:
            return instruments.in_language(option.text, language)
    return f"{value} {item.unit}" if item.unit and value != "" else str(value)
