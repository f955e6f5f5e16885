"""All instruments with licence, source and how far each fact is confirmed; and the words a clinic loads itself."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from openiop.lib.http import page
from openiop.measures import asking, instruments, licensed, reading
from openiop.measures.forms import ReadingForm, WordsForm
from openiop.measures.models import LicensedWords, ReadingRule
from openiop.measures.views.question import language_of, questions_for
from openiop.people.doors import roles, staff_only
from openiop.people.models import Role


@require_GET
@staff_only
def library(request: Any) -> HttpResponse:
    """Every instrument, its newest version."""
    loaded = LicensedWords.objects.filter(clinic=request.person.clinic_id).order_by("loaded_at")
    words = {row.instrument: row for row in loaded.select_related("loaded_by")}
    codes = sorted({each.code for each in instruments.all_instruments().values()})
    rows = [(asking.newest(code), words.get(code)) for code in codes]
    return page(request, "measures/library.html", {"rows": _titled(rows, request.LANGUAGE_CODE)})


def _titled(rows: list[tuple[instruments.Instrument, Any]], language: str) -> list[dict[str, Any]]:
    return [
        {
            "instrument": each,
            "title": instruments.in_language(each.title, language),
            "words": words,
            "ready": each.words == "shipped" or words is not None,
            "unconfirmed": "recalled"
            in {each.bands_trust, each.subscores_trust, each.criteria_trust, each.words_trust}
            | {step.trust for step in each.leads_to}
            | ({each.conversion.trust} if each.conversion else set()),
        }
        for each, words in rows
    ]


@require_GET
@staff_only
def instrument(request: Any, code: str) -> HttpResponse:
    """One instrument: its facts, and its questions as a patient sees them. Nothing here is kept."""
    found = licensed.with_words(_newest(code), clinic_id=request.person.clinic_id)
    language = request.LANGUAGE_CODE
    applies = reading.readings_of(request.person.clinic).get(code)
    context = {
        "instrument": found,
        "title": instruments.in_language(found.title, language),
        "stem": instruments.in_language(found.stem, language) if found.stem else "",
        "note": instruments.in_language(found.note, language) if found.note else "",
        "language": language_of(found, language),
        "bands": [(instruments.in_language(band.text, language), band) for band in found.bands],
        "results": [instruments.in_language(row.text, language) for row in found.results],
        "subscores": [(instruments.in_language(part.text, language), part) for part in found.subscores],
        "questions": questions_for(found, language, given={}, mistakes={}, sent={}, for_staff=True)
        if found.has_words
        else [],
        "reading": applies,
        "may_change": request.person.has_role(Role.DIRECTOR),
    }
    return page(request, "measures/instrument.html", context)


def _newest(code: str) -> instruments.Instrument:
    try:
        return asking.newest(code)
    except KeyError:
        raise Http404 from None


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR)
def words(request: Any, code: str) -> HttpResponse:
    """Load the text that this clinic was allowed to use. Raises Http404 for what ships with confirmed words."""
    found = _newest(code)
    if not found.takes_words:
        raise Http404
    form = WordsForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            licensed.load(form.cleaned_data["file"].read(), found, by=request.person, at=timezone.now())
        except licensed.BadWords as fault:
            form.add_error("file", str(fault))
        else:
            messages.success(request, _("Loaded. It can be asked from now on."))
            return redirect("instrument", code)
    context = {
        "form": form,
        "instrument": found,
        "title": instruments.in_language(found.title, request.LANGUAGE_CODE),
        "loaded": LicensedWords.objects.filter(clinic=request.person.clinic_id, instrument=code)
        .select_related("loaded_by")
        .order_by("-loaded_at"),
        "codes": [item.code for item in found.items if not item.staff_only],
        "values": sorted({option.value for item in found.items for option in item.options if not option.worded}),
    }
    return page(request, "measures/words.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR)
def reading_rule(request: Any, code: str) -> HttpResponse:
    """Which definition of reliable change this clinic reads by, and how many answers a sum may lack."""
    applies = reading.readings_of(request.person.clinic).get(code)
    if applies is None:
        raise Http404
    begun = {"definition": applies.definition.code, "prorate_up_to": applies.prorate_up_to}
    form = ReadingForm(request.POST or None, initial=begun, known=applies.known)
    if request.method == "POST" and form.is_valid():
        ReadingRule.agree(code, **form.cleaned_data, by=request.person)
        messages.success(request, _("Saved."))
        return redirect("instrument", code)
    context = {
        "form": form,
        "reading": applies,
        "title": instruments.in_language(_newest(code).title, request.LANGUAGE_CODE),
        "code": code,
    }
    return page(request, "measures/reading.html", context, status=422 if form.errors else 200)
