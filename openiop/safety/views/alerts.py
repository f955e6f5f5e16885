"""Staff call staff."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from openiop.lib.http import page, wants_part
from openiop.people.doors import staff_only
from openiop.safety.forms.alerts import AlertForm, BackForm, OverForm, PlaceForm, QuietForm
from openiop.safety.models import (
    StaffAlert,
    StaffPlace,
    call_staff,
    end_alert,
    open_alerts,
    take_alert,
    take_alert_back,
)
from openiop.safety.views.crisis import show_rail_to

LATEST = 20


@require_GET
@staff_only
def alerts(request: Any) -> HttpResponse:
    """What rings, what was, and where one says where one is."""
    return _alerts(request, AlertForm(clinic=request.person.clinic))


def _alerts(request: Any, form: AlertForm, *, status: int = 200) -> HttpResponse:
    person, now = request.person, timezone.now()
    before = StaffAlert.objects.shown_to(person).exclude(over_at=None)
    place = StaffPlace.today_of(person, at=now)
    context = {
        "open": [
            {
                "alert": alert,
                "may_take": alert.may_be_taken_by(person, at=now),
                "may_end": alert.may_be_ended_by(person),
            }
            for alert in open_alerts(person)
        ],
        "before": before.select_related("site", "made_by", "taken_by", "over_by").order_by("-made_at")[:LATEST],
        "form": form,
        "over_form": OverForm(),
        "place": place,
        "place_form": PlaceForm(
            clinic=person.clinic, initial={"site": place.site_id, "where": place.where} if place else {}
        ),
    }
    return page(request, "safety/alerts.html", context, status=status)


@require_GET
@staff_only
def alerts_mine(request: Any) -> HttpResponse:
    """One's own calls, silent ones too, which stand on no other page of one's own: to take one back, with a reason."""
    mine = StaffAlert.objects.filter(clinic_id=request.person.clinic_id, made_by_id=request.person.pk)
    mine = mine.select_related("site", "made_by", "taken_by", "over_by").order_by("-made_at")[:LATEST]
    return page(request, "safety/alerts_mine.html", {"mine": mine, "back_form": BackForm()})


@require_POST
@staff_only
def alert_new(request: Any) -> HttpResponse:
    """The one press. Where one is may follow; nothing that is typed wrong may stop the call."""
    form = AlertForm(request.POST, clinic=request.person.clinic)
    said = form.cleaned_data if form.is_valid() else {}
    call_staff(
        by=request.person,
        at=timezone.now(),
        where=said.get("where", ""),
        site=said.get("site"),
        drill=said.get("drill", False),
    )
    messages.success(request, _("People are being called. If you can, say where you are."))
    return redirect("alerts")


@require_POST
@staff_only
def alert_quiet(request: Any) -> HttpResponse:
    """A press that nobody who looks at this screen may notice: no words, no page, whatever became of it."""
    now, form = timezone.now(), QuietForm(request.POST)
    if form.is_anothers(request.person):
        return HttpResponse(status=409)
    call_staff(by=request.person, at=now, silent=True, **form.pressed(at=now))
    return HttpResponse(status=204)


@require_POST
@staff_only
def staff_place(request: Any) -> HttpResponse:
    """Where I am today: who is near is called first, and my own call says where I am."""
    form = PlaceForm(request.POST, clinic=request.person.clinic)
    if not form.is_valid():
        messages.error(request, _("Please choose a site of the list."))
        return redirect("alerts")
    StaffPlace.tell(**form.cleaned_data, by=request.person, at=timezone.now())
    messages.success(request, _("Noted until midnight."))
    return redirect("alerts")


@require_POST
@staff_only
def alert_back(request: Any, pk: UUID) -> HttpResponse:
    """Whoever called says that it was not needed. It goes on asking until somebody has looked."""
    alert = get_object_or_404(StaffAlert, clinic_id=request.person.clinic_id, made_by_id=request.person.pk, pk=pk)
    form = BackForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please say why you take it back."))
        return redirect("alerts-mine")
    take_alert_back(alert, because=form.cleaned_data["because"], by=request.person, at=timezone.now())
    messages.success(request, _("Noted. Somebody comes and looks all the same."))
    return redirect("alerts-mine")


@require_POST
@staff_only
def alert_taken(request: Any, pk: UUID) -> HttpResponse:
    """I’m going."""
    alert = get_object_or_404(StaffAlert.objects.shown_to(request.person), pk=pk)
    taken = take_alert(alert, by=request.person, at=timezone.now())
    if wants_part(request):
        return show_rail_to(request)
    messages.info(request, _("They know that you are coming.") if taken else _("Somebody is going there already."))
    return redirect("alerts")


@require_POST
@staff_only
def alert_over(request: Any, pk: UUID) -> HttpResponse:
    """It is over, and what was found. Whoever called does not say it, unless it is a drill."""
    alert = get_object_or_404(StaffAlert.objects.shown_to(request.person), pk=pk)
    form = OverForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please say in a word what was found."))
        return redirect("alerts")
    if not alert.over_at and not alert.may_be_ended_by(request.person):
        messages.error(request, _("Somebody else says what was found. You can take your call back."))
        return redirect("alerts")
    end_alert(alert, outcome=form.cleaned_data["outcome"], by=request.person, at=timezone.now())
    messages.success(request, _("Over."))
    return redirect("alerts")
