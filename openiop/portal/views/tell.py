"""Something is wrong: from every page of a patient's, without scripts: who should know, how soon, and words if any."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from openiop.lib.http import page
from openiop.measures.phrases.listening import is_private, listen
from openiop.people.doors import patients_only
from openiop.people.models import Person, Tie
from openiop.portal.forms import ANYONE, ON_CALL, THERAPIST, TellForm
from openiop.safety import ladder
from openiop.safety.models import OnCallShift, page_also, raise_flag
from openiop.safety.told import told


@cache_control(no_store=True)
@require_http_methods(["GET", "POST"])
@patients_only
def tell(request: Any) -> HttpResponse:
    """Tell the team that something is wrong. Whoever is with the person in a live group hears it first, as always."""
    person, now = request.person, timezone.now()
    form = TellForm(request.POST or None, therapist=_therapist(person, at=now))
    if request.method == "POST" and form.is_valid():
        _tell(person, form.cleaned_data, form=form, at=now)
        return redirect("help")
    context = {"form": form, "told": told(person, at=now)}
    return page(request, "portal/tell.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _tell(person: Person, said: dict[str, Any], *, form: TellForm, at: datetime) -> None:
    """One flag for the press, at the tier they chose; what their words say is listened to beside it."""
    key, words = f"tell-{said['key']}", said["words"]
    hidden = bool(words) and is_private(words, clinic_id=person.clinic_id)
    flag = raise_flag(
        person,
        key=key,
        evidence=ladder.Evidence("something_wrong", said["how_soon"]),
        label=f"Something is wrong ({form.how_soon_in_english(said['how_soon'])})",
        value=words if words and not hidden else "asks for somebody",
        at=at,
    )
    page_also(flag.case, _asked_for(person, said["who"], at=at), at=at)
    listen(person, words, key=key, label="Words in: Something is wrong", at=at)


def _asked_for(person: Person, who: str, *, at: datetime) -> list[Person]:
    if who == THERAPIST:
        therapist = _therapist(person, at=at)
        return [therapist] if therapist else []
    if who == ON_CALL:
        shifts = OnCallShift.objects.filter(clinic_id=person.clinic_id, during__contains=at)
        return [shift.staff for shift in shifts.select_related("staff").order_by("rung")[:1]]
    assert who == ANYONE
    return []


def _therapist(person: Person, *, at: datetime) -> Person | None:
    ties = Tie.objects.in_force(at).filter(patient=person, role="primary").select_related("staff")
    return next((tie.staff for tie in ties.order_by("-begins_at")), None)
