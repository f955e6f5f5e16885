"""The phrases that free text is searched for: the list, what it is worth, and the clinic's own changes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from openiop.lib import refusals
from openiop.lib.http import page
from openiop.measures.forms import PhraseForm, PhraseOffForm
from openiop.measures.models import OwnPhrase, PhraseOff
from openiop.measures.phrases import document, own
from openiop.measures.phrases.shipped import VERSION, shipped
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Role


@require_GET
@roles(*CLINICIANS)
def phrases(request: Any) -> HttpResponse:
    """The list as it is listened for here. Clinicians read it; a director changes it."""
    return _list(request, form=PhraseForm(prefix="own"))


def _list(request: Any, *, form: PhraseForm) -> HttpResponse:
    clinic_id = request.person.clinic_id
    switched_off = {
        row.code: row for row in PhraseOff.objects.filter(clinic_id=clinic_id, ended_at=None).select_related("by")
    }
    language, category = request.GET.get("language", ""), request.GET.get("category", "")
    rows = [
        (phrase, switched_off.get(phrase.code))
        for phrase in shipped()
        if language in ("", phrase.language) and category in ("", phrase.category)
    ]
    context = {
        "rows": rows,
        "own": OwnPhrase.objects.filter(clinic_id=clinic_id, ended_at=None).select_related("by").order_by("at"),
        "off": len(switched_off),
        "categories": own.CATEGORIES,
        "names": dict(own.CATEGORIES),
        "language": language,
        "category": category,
        "version": VERSION,
        "figures": [
            (named, document.said(row.figures.sensitivity), document.said(row.figures.specificity))
            for named, row in zip(
                [_("both languages"), _("English"), _("Spanish")], document.rows("held_out"), strict=True
            )
        ],
        "form": form,
        "may_change": request.person.has_role(Role.DIRECTOR),
    }
    return page(request, "measures/phrases.html", context, status=422 if form.errors else 200)


@require_POST
@roles(Role.DIRECTOR)
def own_new(request: Any) -> HttpResponse:
    """Listen for a phrase of the clinic's own."""
    form = PhraseForm(request.POST, prefix="own")
    if form.is_valid():
        with refusals.told_at(form):
            own.add(**form.cleaned_data, by=request.person, at=timezone.now())
        if not form.errors:
            messages.success(request, _("Listened for from now on."))
            return redirect("phrases")
    return _list(request, form=form)


@require_POST
@roles(Role.DIRECTOR)
def own_end(request: Any, phrase_pk: UUID) -> HttpResponse:
    """Stop listening for a phrase of the clinic's own."""
    row = get_object_or_404(OwnPhrase, clinic_id=request.person.clinic_id, ended_at=None, pk=phrase_pk)
    row.end(by=request.person, at=timezone.now())
    messages.success(request, _("No longer listened for."))
    return redirect("phrases")


@require_POST
@roles(Role.DIRECTOR)
def off(request: Any) -> HttpResponse:
    """Stop listening for a shipped phrase, with the reason."""
    form = PhraseOffForm(request.POST)
    try:
        if not form.is_valid():
            raise own.NoSuchPhrase
        own.switch_off(**form.cleaned_data, by=request.person, at=timezone.now())
    except own.NoSuchPhrase:
        messages.error(request, _("Say why before you switch a phrase off."))
    else:
        messages.success(request, _("No longer listened for."))
    return redirect("phrases")


@require_POST
@roles(Role.DIRECTOR)
def on(request: Any) -> HttpResponse:
    """Listen for a shipped phrase again."""
    own.switch_on(request.POST.get("code", ""), by=request.person, at=timezone.now())
    messages.success(request, _("Listened for from now on."))
    return redirect("phrases")


refusals.register(
    {"one_own_phrase_of_these_words": ("words", gettext_lazy("The clinic listens for these words already."))}
)
