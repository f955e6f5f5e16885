"""Questions one a screen for patients; what they said, for those who care for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib.http import page
from openiop.measures import answering, instruments
from openiop.measures.blocks import assembled
from openiop.measures.forms import CadenceForm
from openiop.measures.models import Cadence, Response
from openiop.people.doors import patients_only, roles, staff_only
from openiop.people.models import Person, Role
from openiop.safety.told import told


@cache_control(no_store=True)  # "back" on a shared device asks us again, and shows no answer that is private
@require_http_methods(["GET", "POST"])
@patients_only
def check_in(request: Any) -> HttpResponse:
    """Today's check-in."""
    return _questions(request, answering.CHECK_IN)


@cache_control(no_store=True)
@require_http_methods(["GET", "POST"])
@patients_only
def measure(request: Any, code: str) -> HttpResponse:
    """One measure for today."""
    if code == answering.CHECK_IN:
        return redirect("check-in")
    return _questions(request, code)


def _questions(request: Any, code: str) -> HttpResponse:
    person, now = request.person, timezone.now()
    day = _day_of(request, today=now.astimezone(ZoneInfo(person.zone)).date())
    instrument = _instrument(code, person, day=day)
    mistakes: dict[str, str] = {}
    if request.method == "POST":
        if request.POST.get("person", str(person.pk)) != str(person.pk):
            return _somebody_elses(request)
        mistakes = _keep_all(request, instrument, day=day, at=now)
        if so_far := request.POST.get("so_far"):
            mistakes = {item: words for item, words in mistakes.items() if request.POST.get(item, "").strip()}
            if not mistakes:
                return redirect(f"{request.path}#q-{_after(instrument, so_far)}")
        if not mistakes:
            return _finished(request, instrument)
    response = Response.objects.filter(patient=person, instrument=code, for_day=day).first()
    given = answering.current_answers(response) if response else {}
    # What somebody near may do to them is not shown again: the device may be shared.
    hidden = {item.code for item in instrument.items if item.private}
    given = {item: value for item, value in given.items() if item not in hidden}
    context = {
        "instrument": instrument,
        "title": instruments.in_language(instrument.title, request.LANGUAGE_CODE),
        "stem": instruments.in_language(instrument.stem, request.LANGUAGE_CODE) if instrument.stem else "",
        "questions": [
            Question.of(
                item, request.LANGUAGE_CODE, given=given, mistake=mistakes.get(item.code, ""), sent=request.POST
            )
            for item in instrument.items
        ],
        "mistakes": mistakes,
        "day": day,
        "language": _language_of(instrument, request.LANGUAGE_CODE),
        "told": told(person, at=now),
    }
    return render(request, "measures/questions.html", context, status=422 if mistakes else 200)


def _day_of(request: Any, *, today: date) -> date:
    """The day the page was opened for: a form finished after midnight stays on the day it began."""
    try:
        return min(date.fromisoformat(request.POST.get("day", "")), today)
    except ValueError:
        return today


def _after(instrument: instruments.Instrument, code: str) -> str:
    """The item that follows, without JavaScript the next to be seen; after the last, the last."""
    codes = [item.code for item in instrument.items]
    following = codes[codes.index(code) + 1 :] if code in codes else codes
    return (following or codes[-1:])[0]


def _somebody_elses(request: Any) -> HttpResponse:
    """A page that one person left open and another sent: nothing is kept, and nothing of it is shown."""
    return render(request, "measures/somebody_elses.html", status=409)


@dataclass(frozen=True)
class Question:
    """One item as its page needs it."""

    item: instruments.Item
    text: str
    options: list[tuple[int, str, bool]]
    value: Any
    urgent: str
    mistake: str
    key: str
    least_text: str = ""
    most_text: str = ""

    @classmethod
    def of(cls, item: instruments.Item, language: str, *, given: dict[str, Any], mistake: str, sent: Any) -> Question:
        value = "" if item.private else sent.get(item.code, given.get(item.code, ""))
        return cls(
            item=item,
            text=instruments.in_language(item.text, language),
            options=[(number, text, str(number) == str(value)) for number, text in _options(item, language)],
            value=value,
            urgent=" ".join(str(number) for number in item.safety.values) if item.safety and not item.private else "",
            mistake=mistake,
            key=str(uuid4()),
            least_text=instruments.in_language(item.least_text, language) if item.least_text else "",
            most_text=instruments.in_language(item.most_text, language) if item.most_text else "",
        )


def _options(item: instruments.Item, language: str) -> list[tuple[int, str]]:
    if item.kind == "scale":
        return [(number, str(number)) for number in range(int(item.least or 0), int(item.most or 0) + 1)]
    return [(option.value, instruments.in_language(option.text, language)) for option in item.options]


def _keep_all(request: Any, instrument: instruments.Instrument, *, day: date, at: datetime) -> dict[str, str]:
    """Keep every answer of a posted form that was not sent before; return what could not be kept, by item."""
    mistakes: dict[str, str] = {}
    response = Response.objects.filter(patient=request.person, instrument=instrument.code, for_day=day).first()
    given = answering.current_answers(response) if response else {}
    for item in instrument.items:
        value = request.POST.get(item.code, "").strip()
        if value == "":
            if item.required and item.code not in given:
                mistakes[item.code] = _("Please answer this one, even if only roughly.")
            continue
        try:
            if given.get(item.code) == answering.understood(instrument, item.code, value):
                continue
            key = _uuid(request.POST.get(f"key-{item.code}")) or uuid4()
            answering.answer(
                request.person,
                instrument=instrument,
                for_day=day,
                item=item.code,
                value=value,
                key=key,
                answered_at=at,
                at=at,
            )
        except answering.AlreadyGiven:
            continue  # the same page sent twice with another choice: the device has sent that choice by itself
        except answering.NotTaken as refusal:
            mistakes[item.code] = str(refusal)
    return mistakes


def _finished(request: Any, instrument: instruments.Instrument) -> HttpResponse:
    title = instruments.in_language(instrument.title, request.LANGUAGE_CODE)
    context = {"title": title, "told": told(request.person, at=timezone.now())}
    return render(request, "measures/thank_you.html", context)


@require_POST
@patients_only
def answer(request: Any, code: str, version: int, day: str) -> HttpResponse:
    """Keep one answer sent by itself: JSON in, {"saved": key} out, with {"flag_html"} when somebody was told.

    400: not readable, or not an answer of this item. 409: another person's, or the key names another answer.
    """
    now = timezone.now()
    try:
        sent = json.loads(request.body)
        key, person = UUID(str(sent["key"])), UUID(str(sent["person"]))
        instrument = assembled.load(code, version, clinic_id=request.person.clinic_id)
        for_day = date.fromisoformat(day)
        item, value = str(sent["item"]), sent["value"]
    except (ValueError, KeyError, TypeError):
        return _refused(_("We could not read that answer."), status=400)
    if person != request.person.pk:
        return _refused(_("This answer belongs to somebody else, who has to sign in to send it."), status=409)
    try:
        taken = answering.answer(
            request.person,
            instrument=instrument,
            for_day=for_day,
            item=item,
            value=value,
            key=key,
            answered_at=answering.given_at(str(sent.get("answered_at", "")), at=now),
            at=now,
        )
    except answering.NotTaken as refusal:
        return _refused(str(refusal), status=400)
    except answering.AlreadyGiven as refusal:
        return _refused(str(refusal), status=409)
    reply = {"saved": str(key)}
    if taken.flag:
        reply["flag_html"] = render_to_string("safety/_told.html", {"told": told(request.person, at=now)}, request)
    return JsonResponse(reply, status=201)


def _refused(words: str, *, status: int) -> JsonResponse:
    return JsonResponse({"error": words}, status=status)


# --- for those who care for them ---


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
    context = {"form": form, "rows": [(row, _title(row.instrument, request.LANGUAGE_CODE)) for row in rows]}
    return page(request, "measures/cadences.html", context, status=422 if form.errors else 200)


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
    load = assembled.loader(patient.clinic_id)
    context = {
        "patient": patient,
        "rows": [_summary(row, load(row.instrument, row.version), request.LANGUAGE_CODE) for row in rows],
    }
    return page(request, "measures/patient.html", context, part="_patient.html")


@require_GET
@staff_only
def patient_response(request: Any, pk: UUID, response_pk: UUID) -> HttpResponse:
    """One response, item by item, corrections included."""
    rows = Response.objects.visible_to(request.person).select_related("patient")
    response = get_object_or_404(rows, pk=response_pk, patient_id=pk)
    trail.record("response.open", patient=response.patient, thing=response)
    instrument = assembled.load(response.instrument, response.version, clinic_id=response.clinic_id)
    given = response.answers.order_by("answered_at", "received_at")
    context = {
        "response": response,
        "title": instruments.in_language(instrument.title, request.LANGUAGE_CODE),
        "band": _band(instrument, response.band, request.LANGUAGE_CODE),
        "rows": [
            (
                item.text,
                [(_said(item, row.value, request.LANGUAGE_CODE), row) for row in given if row.item == item.code],
            )
            for item in instrument.items
        ],
        "language": request.LANGUAGE_CODE,
    }
    context["rows"] = [(instruments.in_language(text, request.LANGUAGE_CODE), said) for text, said in context["rows"]]
    return page(request, "measures/response.html", context)


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
            if item.code in given and instrument.method == "none" and item.kind != "text"
        ],
    }


def _band(instrument: instruments.Instrument, code: str, language: str) -> str:
    return next((instruments.in_language(band.text, language) for band in instrument.bands if band.code == code), "")


def _said(item: instruments.Item, value: Any, language: str) -> str:
    """An answer in words, with its number where there is one."""
    for option in item.options:
        if option.value == value:
            return instruments.in_language(option.text, language)
    return f"{value} {item.unit}" if item.unit and value != "" else str(value)


def _instrument(code: str, patient: Person, *, day: date) -> instruments.Instrument:
    """The version of what this patient may be asked without somebody beside them. Raises Http404."""
    try:
        found = assembled.current(code, patient, day=day)
    except KeyError:
        raise Http404 from None
    # Screens branch, and this page does not yet.
    if found.method == "rule" or not (found.has_words and "patient" in found.asked_by):
        raise Http404
    return found


def _language_of(instrument: instruments.Instrument, language: str) -> str:
    """The language the questions stand in: another than the page's where no licensed text exists."""
    return language.split("-")[0] if language.split("-")[0] in instrument.languages else "en"


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
