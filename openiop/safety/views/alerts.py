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
from openiop.safety.forms.alerts import AlertForm, OverForm
from openiop.safety.models import StaffAlert, call_staff, end_alert, open_alerts, take_alert
from openiop.safety.views.crisis import show_rail_to

LATEST = 20


@require_GET
@staff_only
def alerts(request: Any) -> HttpResponse:
    """What rings, what was, and where one says where one is."""
    return _alerts(request, AlertForm(clinic=request.person.clinic))


def _alerts(request: Any, form: AlertForm, *, status: int = 200) -> HttpResponse:
    person = request.person
    before = StaffAlert.objects.filter(clinic_id=person.clinic_id).exclude(over_at=None)
    context = {
        "open": open_alerts(person.clinic_id),
        "before": before.select_related("site", "made_by", "taken_by", "over_by").order_by("-made_at")[:LATEST],
        "form": form,
        "over_form": OverForm(),
    }
    return page(request, "safety/alerts.html", context, status=status)


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
    messages.success(request, _("Everybody is being called. If you can, say where you are."))
    return redirect("alerts")


@require_POST
@staff_only
def alert_taken(request: Any, pk: UUID) -> HttpResponse:
    """I’m going."""
    alert = get_object_or_404(StaffAlert, clinic_id=request.person.clinic_id, pk=pk)
    taken = take_alert(alert, by=request.person, at=timezone.now())
    if wants_part(request):
        return show_rail_to(request)
    messages.info(request, _("They know that you are coming.") if taken else _("Somebody is going there already."))
    return redirect("alerts")


@require_POST
@staff_only
def alert_over(request: Any, pk: UUID) -> HttpResponse:
    """It is over, and what it was."""
    alert = get_object_or_404(StaffAlert, clinic_id=request.person.clinic_id, pk=pk)
    form = OverForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please say in a word what it was."))
        return redirect("alerts")
    end_alert(alert, outcome=form.cleaned_data["outcome"], by=request.person, at=timezone.now())
    messages.success(request, _("Over."))
    return redirect("alerts")
