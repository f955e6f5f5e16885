"""Putting the check-ins together from blocks, with a look at them as a patient sees them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from openiop.lib.http import page
from openiop.measures import blocks
from openiop.measures.blocks import assembled
from openiop.measures.instruments import in_language
from openiop.measures.views.question import Question
from openiop.people.doors import roles
from openiop.people.models import Role


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR)
def check_ins(request: Any) -> HttpResponse:
    """Which blocks are asked every day, and which before each group."""
    mistake, moment = "", request.POST.get("moment", "")
    if request.method == "POST":
        try:
            assembled.choose(moment, request.POST.getlist("blocks"), by=request.person, at=timezone.now())
        except assembled.NotAForm as refusal:
            mistake = str(refusal)
        else:
            messages.success(request, _("Asked from now on. Whoever began today’s finishes with what they began."))
            return redirect("check-ins")
    context = {
        "moments": [
            {
                "code": code,
                "title": title,
                "blocks": _choices(code, request, sent=request.POST.getlist("blocks") if code == moment else None),
                "since": assembled.newest(code, clinic_id=request.person.clinic_id),
                "mistake": mistake if code == moment else "",
            }
            for code, title in ((assembled.DAILY, _("Every day")), (assembled.BEFORE, _("Before each group")))
        ],
        "mistake": mistake,
    }
    return page(request, "measures/check_ins.html", context, status=422 if mistake else 200)


def _choices(moment: str, request: Any, *, sent: list[str] | None) -> list[dict[str, Any]]:
    """Every block with its title, whether it is chosen, and whether it must stay."""
    form = assembled.newest(moment, clinic_id=request.person.clinic_id)
    chosen = sent if sent is not None else form.blocks if form else _to_begin_with(moment)
    return [
        {
            "key": block.key,
            "title": in_language(block.title, request.LANGUAGE_CODE),
            "questions": [in_language(item["text"], request.LANGUAGE_CODE) for item in block.data["items"]],
            "chosen": block.key in chosen,
            "stays": moment == assembled.DAILY and block.key == blocks.SAFETY,
        }
        for block in blocks.shipped()
    ]


def _to_begin_with(moment: str) -> list[str]:
    """What the shipped check-in asks, in blocks."""
    begun_with = ("mood", "sleep", "urges", "self_harm", "medication", "note")
    return [f"{code}.v1" for code in begun_with] if moment == assembled.DAILY else []


@require_GET
@roles(Role.DIRECTOR)
def preview(request: Any) -> HttpResponse:
    """The chosen blocks as a patient sees them. Nothing can be sent from here, and nothing is kept."""
    moment = request.GET.get("moment", assembled.DAILY)
    language = "es" if request.GET.get("language") == "es" else "en"
    keys = request.GET.getlist("blocks") or _to_begin_with(moment)
    if moment not in assembled.TITLES or not set(keys) <= {block.key for block in blocks.shipped()} or not keys:
        raise Http404
    instrument = blocks.assemble(moment, assembled.OWN_FROM, assembled.TITLES[moment], keys)
    context = {
        "title": in_language(instrument.title, language),
        "questions": [Question.of(item, language, given={}, mistake="", sent={}) for item in instrument.items],
        "language": language,
        "other": "en" if language == "es" else "es",
        "moment": moment,
        "keys": keys,
    }
    return page(request, "measures/check_in_preview.html", context)
