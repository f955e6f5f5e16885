"""Questions one a screen, for patients."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from openiop.measures import again, answering, instruments, licensed, scoring
from openiop.measures.blocks import assembled
from openiop.measures.views.question import given_on, language_of, questions_for, sent_answers, uuid_of
from openiop.people.doors import patients_only
from openiop.people.models import Person
from openiop.programs.models import Enrolment
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
    youth = answering.is_youth(person, on=day)
    context = {
        "instrument": instrument,
        "title": instruments.in_language(instrument.title, request.LANGUAGE_CODE),
        "stem": instruments.in_language(instrument.stem, request.LANGUAGE_CODE) if instrument.stem else "",
        "questions": questions_for(
            instrument,
            request.LANGUAGE_CODE,
            given=given_on(person, instrument, day),
            mistakes=mistakes,
            sent=request.POST,
            youth=youth,
        ),
        "mistakes": mistakes,
        "day": day,
        "language": language_of(instrument, request.LANGUAGE_CODE),
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


def _keep_all(request: Any, instrument: instruments.Instrument, *, day: date, at: datetime) -> dict[str, str]:
    """Keep every answer of a posted form that was not sent before; return what could not be kept, by item."""
    mistakes: dict[str, str] = {}
    given = given_on(request.person, instrument, day)
    known = given | sent_answers(instrument, request.POST)
    for item in instrument.items:
        value = request.POST.get(item.code, "").strip()
        if item.staff_only or not scoring.is_asked(item, known):
            continue  # a question that is not asked has no answer, whatever the browser sent
        if value == "":
            if item.required and item.code not in given:
                mistakes[item.code] = _("Please answer this one, even if only roughly.")
            continue
        try:
            meant = answering.understood(instrument, item.code, value)
            if again.is_known(
                request.person, instrument, day=day, item=item.code, value=meant, given=given, among=known
            ):
                continue
            key = uuid_of(request.POST.get(f"key-{item.code}")) or uuid4()
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
    now = timezone.now()
    on = now.astimezone(ZoneInfo(request.person.zone)).date()
    in_care = Enrolment.objects.filter(patient=request.person).on(on).exists()
    context = {"title": title, "told": told(request.person, at=now), "in_care": in_care}
    return render(request, "measures/thank_you.html", context)


@require_POST
@patients_only
def answer(request: Any, code: str, version: int, day: str) -> HttpResponse:
    """Keep one answer sent by itself: JSON in, {"saved": key} out, with {"flag_html"} when somebody was told.

    400: not readable, not an answer of this item or, {"because": "day"}, for a day that is not open; the device keeps
    that one. 409: another person's, or the key names another answer.
    """
    now = timezone.now()
    try:
        sent = json.loads(request.body)
        key, person = UUID(str(sent["key"])), UUID(str(sent["person"]))
        instrument, for_day = assembled.load(code, version, clinic_id=request.person.clinic_id), date.fromisoformat(day)
        item, value = str(sent["item"]), sent["value"]
        if "patient" not in instrument.asked_by or instrument.item(item).staff_only:
            raise ValueError(item)
    except (ValueError, KeyError, TypeError):
        return _refused(_("We could not read that answer."), status=400)
    if person != request.person.pk:
        return _refused(_("This answer belongs to somebody else, who has to sign in to send it."), status=409)
    try:
        taken = answering.answer(
            request.person,
            instrument=licensed.with_words(instrument, clinic_id=request.person.clinic_id),
            for_day=for_day,
            item=item,
            value=value,
            key=key,
            answered_at=answering.given_at(str(sent.get("answered_at", "")), at=now),
            at=now,
        )
    except answering.NotItsDay as refusal:
        return _refused(str(refusal), status=400, because="day")
    except answering.NotTaken as refusal:
        return _refused(str(refusal), status=400)
    except answering.AlreadyGiven as refusal:
        return _refused(str(refusal), status=409)
    reply = {"saved": str(key)}
    if taken.flag:
        reply["flag_html"] = render_to_string("safety/_told.html", {"told": told(request.person, at=now)}, request)
    return JsonResponse(reply, status=201)


def _refused(words: str, *, status: int, because: str = "") -> JsonResponse:
    return JsonResponse({"error": words} | ({"because": because} if because else {}), status=status)


def _instrument(code: str, patient: Person, *, day: date) -> instruments.Instrument:
    """The version of what this patient may be asked without somebody beside them. Raises Http404."""
    try:
        found = assembled.current(code, patient, day=day)
    except KeyError:
        raise Http404 from None
    found = licensed.with_words(found, clinic_id=patient.clinic_id)
    if not (found.has_words and "patient" in found.asked_by):
        raise Http404
    return found
