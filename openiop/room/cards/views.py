"""A patient's own cards, after the group."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from openiop.people.doors import patients_only
from openiop.room.cards import showing
from openiop.room.cards.library import all_cards


@require_GET
@patients_only
def skills(request: Any) -> HttpResponse:
    cards = [(card, card.read_in(request.LANGUAGE_CODE)) for card in showing.kept_by(request.person)]
    return render(request, "room/skills.html", {"cards": cards})


@require_POST
@patients_only
def release(request: Any, card: str) -> HttpResponse:
    if card not in all_cards():
        raise Http404
    showing.release(request.person, card)
    messages.success(request, _("The card is off your page."))
    return redirect("skills")
