"""The clinic's escalation ladders: whom a tier asks, at each place and hour. Clinicians read, the director writes."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from openiop.lib.http import page
from openiop.people import access
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person, Role
from openiop.safety import ladder, rungs
from openiop.safety.forms.ladders import LadderForm
from openiop.safety.models import BrokenLadder, Ladder, because_in_words, plan_for, set_ladder
from openiop.safety.models.ladders import PLACES

HOURS = {"in-hours": True, "out-of-hours": False}


@require_GET
@roles(*sorted(CLINICIANS))
def listing(request: Any) -> HttpResponse:
    """All sixteen: four tiers, two places, two hours; which are the clinic's own."""
    clinic, now = request.person.clinic, timezone.now()
    rows: list[dict[str, Any]] = [
        {
            "tier": tier,
            "place": place,
            "place_label": label,
            "when": when,
            "in_hours": in_hours,
            "own": Ladder.objects.in_force(clinic.pk, tier=tier, place=place, in_hours=in_hours, at=now),
            "plan": plan_for(clinic, tier=tier, place=place, in_hours=in_hours, at=now),
        }
        for tier in sorted(ladder.DEADLINES, reverse=True)
        for place, label in PLACES
        for when, in_hours in HOURS.items()
    ]
    names = _names(clinic, [ask for row in rows for ask in row["plan"].rungs])
    for row in rows:
        row["asks"] = [_in_words(ask, names) for ask in row["plan"].rungs]
    return page(request, "safety/ladders.html", {"rows": rows, "may_edit": request.person.has_role(Role.DIRECTOR)})


def _names(clinic: Any, asks: list[rungs.Ask]) -> dict[Any, str]:
    wanted = {ask.who for ask in asks if ask.asks == rungs.PERSON}
    return {person.pk: person.full_name for person in Person.objects.filter(clinic=clinic, pk__in=wanted)}


def _in_words(ask: rungs.Ask, names: dict[Any, str]) -> str:
    return names.get(ask.who) or str(because_in_words(ask.because))


@require_http_methods(["GET", "POST"])
@roles(*sorted(CLINICIANS))
def one(request: Any, tier: int, place: str, when: str) -> HttpResponse:
    """One ladder as it stands, its versions, and for the director the form that writes the next."""
    if tier not in ladder.DEADLINES or place not in rungs.PLACES or when not in HOURS:
        raise Http404
    person, now, in_hours = request.person, timezone.now(), HOURS[when]
    which: dict[str, Any] = {"tier": tier, "place": place, "in_hours": in_hours}
    shown = plan_for(person.clinic, **which, at=now)
    form = LadderForm(request.POST or None, clinic=person.clinic, shown=shown)
    if request.method == "POST":
        access.require(person, Role.DIRECTOR)
        if form.is_valid() and _set(form, which, by=person, at=now):
            messages.success(request, _("Kept. Cases already open keep the clocks they were promised."))
            return redirect("ladder", tier, place, when)
    versions = Ladder.objects.filter(clinic_id=person.clinic_id, **which).select_related("made_by")
    names = _names(person.clinic, list(shown.rungs))
    context = {
        **which,
        "place_label": dict(PLACES)[place],
        "form": form,
        "rungs": [(ask, _in_words(ask, names)) for ask in shown.rungs],
        "plan": shown,
        "begun_with": ladder.DEADLINES[tier],
        "versions": versions.order_by("-effective_from", "-made_at"),
        "now": now,
        "may_edit": person.has_role(Role.DIRECTOR),
        "zone": person.clinic.zone,
    }
    return page(request, "safety/ladder.html", context, status=422 if form.errors or form.all_errors else 200)


def _set(form: LadderForm, which: dict[str, Any], *, by: Person, at: Any) -> bool:
    try:
        set_ladder(
            **which,
            rows=form.rows(),
            contact_minutes=form.cleaned_data["contact_minutes"],
            repeat_minutes=form.cleaned_data["repeat_minutes"],
            effective_from=form.beginning(at=at),
            why=form.cleaned_data["why"],
            by=by,
            at=at,
        )
    except BrokenLadder as broken:
        form.tell(broken)
        return False
    return True
