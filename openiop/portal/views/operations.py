"""Running the clinic: who is in care, what is still to be set up, the clinic's settings."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from openiop.audit import trail
from openiop.billing.models import Payer, Rule
from openiop.lib.http import page
from openiop.people.doors import roles
from openiop.people.models import Device, Document, Person, Role, Site
from openiop.portal.forms import ClinicForm
from openiop.programs.models import Enrolment, Track
from openiop.safety.models import Case, LocalHelp, OnCallShift
from openiop.schedule.models import Series


@require_GET
@roles(Role.DIRECTOR, Role.INTAKE)
def operations(request: Any) -> HttpResponse:
    """Census, and what an empty clinic still needs, in order."""
    on = timezone.localdate(timezone=ZoneInfo(request.person.clinic.zone))
    enrolled = dict(Enrolment.objects.on(on).values_list("track").annotate(n=Count("pk")).values_list("track", "n"))
    tracks = Track.objects.filter(clinic_id=request.person.clinic_id).select_related("program").order_by("name")
    context = {
        "steps": setup_steps(),
        "census": [(track, enrolled.get(track.pk, 0)) for track in tracks],
        "open_cases": Case.objects.visible_to(request.person).open().count(),
    }
    return page(request, "portal/operations.html", context)


def setup_steps() -> list[dict[str, Any]]:
    """What a clinic needs before its first evening: label, where it is made, how many there are."""
    people = Person.objects.aggregate(
        staff=Count("pk", filter=Q(kind=Person.STAFF)), patients=Count("pk", filter=Q(kind=Person.PATIENT))
    )
    rows: list[tuple[str, str, int]] = [
        (_("The clinic's settings"), "clinic-settings", 1),
        (_("Sites and rooms"), "site-list", Site.objects.count()),
        (_("Staff, with roles and licences"), "staff-list", people["staff"] - 1),
        (_("What patients agree to"), "document-list", Document.objects.count()),
        (_("Programs and tracks"), "program-list", Track.objects.count()),
        (_("Patients"), "patient-list", people["patients"]),
        (_("Enrolments"), "enrolment-list", Enrolment.objects.count()),
        (_("Series of sessions"), "series-list", Series.objects.count()),
        (_("Local emergency numbers"), "local-help", LocalHelp.objects.count()),
        (_("On-call rota"), "on-call", OnCallShift.objects.count()),
        (_("Payers and their rules"), "payer-list", Rule.objects.count() or Payer.objects.count()),
        (_("Kiosk and room devices"), "devices", Device.objects.count()),
    ]
    return [{"label": label, "url": reverse(name), "count": count} for label, name, count in rows]


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR)
def clinic_settings(request: Any) -> HttpResponse:
    """The clinic's own numbers: telephones, hours, locks, and how long each tier may wait."""
    clinic = request.person.clinic
    form = ClinicForm(request.POST or None, instance=clinic)
    if request.method == "POST" and form.is_valid():
        form.save()
        trail.record("clinic.change", thing=clinic, fields=form.changed_data)
        messages.success(request, _("Saved."))
        return redirect("clinic-settings")
    return page(request, "portal/clinic_settings.html", {"form": form}, status=422 if form.is_bound else 200)
