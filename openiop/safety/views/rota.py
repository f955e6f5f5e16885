"""The rota: who answers out of hours."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib.http import page
from openiop.lib.refusals import told_at
from openiop.people import access
from openiop.people.doors import staff_only
from openiop.people.models import Role
from openiop.safety.forms import ShiftForm
from openiop.safety.models import OnCallShift


@require_http_methods(["GET", "POST"])
@staff_only
def on_call(request: Any) -> HttpResponse:
    """Who answers out of hours. Everybody may read it; the director writes it."""
    person, now = request.person, timezone.now()
    form = ShiftForm(request.POST or None, clinic=person.clinic)
    if request.method == "POST":
        access.require(person, Role.DIRECTOR)
        if form.is_valid():
            with told_at(form):
                shift = form.save()
                trail.record("on-call.add", thing=shift, staff=str(shift.staff_id), rung=shift.rung)
            if not form.errors:
                messages.success(request, _("Added."))
                return redirect("on-call")
    shifts = OnCallShift.objects.filter(clinic_id=person.clinic_id, during__endswith__gt=now)
    context = {
        "form": form,
        "shifts": shifts.select_related("staff").order_by("during__startswith", "rung"),
        "zone": person.clinic.zone,
        "clinic_now": now.astimezone(ZoneInfo(person.clinic.zone)),
        "may_edit": person.has_role(Role.DIRECTOR),
        "now": now,
    }
    return page(request, "safety/on_call.html", context, status=422 if form.errors else 200)


@require_POST
@staff_only
def on_call_end(request: Any, pk: UUID) -> HttpResponse:
    """Take a shift off the rota. One that is running ends now; what was stays written."""
    access.require(request.person, Role.DIRECTOR)
    now = timezone.now()
    shift = get_object_or_404(OnCallShift, clinic_id=request.person.clinic_id, during__endswith__gt=now, pk=pk)
    trail.record("on-call.end", thing=shift, staff=str(shift.staff_id))
    if shift.during.lower >= now:
        shift.delete()
    else:
        shift.during = (shift.during.lower, now)
        shift.save(update_fields=["during"])
    messages.success(request, _("Taken off the rota."))
    return redirect(reverse("on-call"))
