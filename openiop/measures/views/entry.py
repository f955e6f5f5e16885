"""Staff read a measure out, or copy it from paper; and ask a patient for one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from openiop.lib.http import page
from openiop.measures import again, answering, assessing, instruments, licensed, scoring
from openiop.measures.blocks import assembled
from openiop.measures.forms import AskForm, EntryForm
from openiop.measures.models import Assignment, MayNotWithdraw, Response
from openiop.measures.views.question import given_on, language_of, questions_for, sent_answers, uuid_of
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person, Role

WRITES_DOWN = (*CLINICIANS, Role.INTAKE)


def patient_of(request: Any, pk: UUID) -> Person:
    """The patient, if the reader may open their record. Raises Http404."""
    return get_object_or_404(Person.objects.visible_to(request.person).patients(), pk=pk)


@require_http_methods(["GET", "POST"])
@roles(*WRITES_DOWN)
def enter(request: Any, pk: UUID, code: str) -> HttpResponse:
    """All questions on one page; what is filled in is kept and told, though the rest be missing."""
    patient, now = patient_of(request, pk), timezone.now()
    today = now.astimezone(ZoneInfo(patient.zone)).date()
    instrument = _instrument(code, patient, day=today)
    form = EntryForm(request.POST or None, initial={"day": today, "how": "read_out"}, today=today)
    mistakes: dict[str, str] = {}
    if request.method == "POST" and form.is_valid():
        day, how = form.cleaned_data["day"], form.cleaned_data["how"]
        mistakes = _keep(request, patient, instrument, day=day, how=how, at=now)
        if not mistakes:
            return _kept(request, patient, instrument, day=day)
    language = request.LANGUAGE_CODE
    context = {
        "patient": patient,
        "instrument": instrument,
        "title": instruments.in_language(instrument.title, language),
        "stem": instruments.in_language(instrument.stem, language) if instrument.stem else "",
        "form": form,
        "questions": questions_for(
            instrument,
            language,
            given={},  # no day's answers stand there already: the day can be changed, and they would be kept for it
            mistakes=mistakes,
            sent=request.POST,
            for_staff=True,
        )
        if instrument.has_words
        else [],
        "mistakes": mistakes,
        "language": language_of(instrument, language),
    }
    return page(request, "measures/enter.html", context, status=422 if mistakes or form.errors else 200)


def _instrument(code: str, patient: Person, *, day: date) -> instruments.Instrument:
    try:
        found = assembled.current(code, patient, day=day)
    except KeyError:
        raise Http404 from None
    if "staff" not in found.asked_by:
        raise Http404
    return licensed.with_words(found, clinic_id=patient.clinic_id)


def _keep(
    request: Any, patient: Person, instrument: instruments.Instrument, *, day: date, how: str, at: datetime
) -> dict[str, str]:
    """Keep each answer in turn; all of them are weighed together, so that nothing is told for more than they say."""
    given = given_on(patient, instrument, day)
    sent = sent_answers(instrument, request.POST, for_staff=True)
    known, mistakes = {**given, **sent}, {}
    before = {} if assessing.is_waited_for(patient, instrument) else given
    for item in instrument.items:
        value = request.POST.get(item.code, "").strip()
        if value == "" or not scoring.is_asked(item, known):
            continue
        if item.code in sent and again.is_known(
            patient, instrument, day=day, item=item.code, value=sent[item.code], given=before, among=known
        ):
            continue
        try:
            answering.answer(
                patient,
                instrument=instrument,
                for_day=day,
                item=item.code,
                value=value,
                key=uuid_of(request.POST.get(f"key-{item.code}")) or uuid4(),
                answered_at=at,
                at=at,
                by=request.person,
                how=how,
                among=known,
            )
        except (answering.NotTaken, answering.AlreadyGiven) as refusal:
            mistakes[item.code] = str(refusal)
    return mistakes


def _kept(request: Any, patient: Person, instrument: instruments.Instrument, *, day: date) -> HttpResponse:
    response = Response.objects.filter(patient=patient, instrument=instrument.code, for_day=day).first()
    if response is None:
        messages.warning(request, _("Nothing was filled in, so nothing was kept."))
        return redirect("patient-measures", patient.pk)
    given = answering.current_answers(response)
    missing = scoring.score(instrument, given, youth=answering.is_youth(patient, on=day)).missing
    if missing:
        told = ngettext("Kept. %d question has no answer yet.", "Kept. %d questions have no answer yet.", len(missing))
        messages.warning(request, told % len(missing))
    else:
        messages.success(request, _("Kept."))
    return redirect("patient-response", patient.pk, response.pk)


@require_http_methods(["GET", "POST"])
@roles(*WRITES_DOWN)
def ask(request: Any, pk: UUID) -> HttpResponse:
    """Ask a patient for a measure, by hand."""
    patient, now = patient_of(request, pk), timezone.now()
    today = now.astimezone(ZoneInfo(patient.zone)).date()
    form = AskForm(request.POST or None, today=today, clinic=patient.clinic)
    if request.method == "POST" and form.is_valid():
        Assignment.ask(
            patient,
            instrument=form.cleaned_data["instrument"],
            because="hand",
            on=today,
            until=form.cleaned_data["until"],
            by=request.person,
            at=now,
        )
        messages.success(request, _("Asked. It stands on their page for today."))
        return redirect("patient-measures", patient.pk)
    return page(request, "measures/ask.html", {"patient": patient, "form": form}, status=422 if form.errors else 200)


@require_POST
@roles(*WRITES_DOWN)
def withdraw(request: Any, pk: UUID, asked_pk: UUID) -> HttpResponse:
    """No longer ask; an assessment that follows an answer about death is done, not withdrawn."""
    patient = patient_of(request, pk)
    asked = get_object_or_404(Assignment.objects.visible_to(request.person), pk=asked_pk, patient=patient)
    try:
        asked.withdraw(by=request.person, at=timezone.now())
        messages.success(request, _("No longer asked for."))
    except MayNotWithdraw:
        messages.warning(request, _("This cannot be taken back: it was answered already, or it has to be done."))
    return redirect("patient-measures", patient.pk)
