"""Where a person is now, whom to call there, and what was told in an emergency."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from openiop.audit import trail
from openiop.lib.http import page
from openiop.lib.refusals import told_at
from openiop.people.doors import roles, staff_only
from openiop.people.models import Role
from openiop.programs.models import Enrolment
from openiop.safety import location, rail
from openiop.safety.forms import DisclosureForm, LocalHelpForm
from openiop.safety.models import EmergencyDisclosure, LocalHelp, Whereabouts, note_disclosure
from openiop.safety.views.who import patient_in_reach

KEEPS_NUMBERS = (Role.DIRECTOR, Role.INTAKE)


@require_GET
@staff_only
def where_now(request: Any, pk: UUID) -> HttpResponse:
    """One page to read out to a dispatcher. It names no diagnosis, no substance and no kind of clinic."""
    patient, now = patient_in_reach(request, pk), timezone.now()
    trail.record("where-now.open", patient=patient)
    told = Whereabouts.objects.filter(patient=patient).select_related("site").order_by("-told_at")
    newest = told.first()
    last = told.exclude(site=None, address="").first()
    # Whoever left a place without saying where to is not there any more: their home is named as their home.
    gone = newest if last and last.site and newest != last else None
    said = last if not gone else None
    address = (said.site.address if said and said.site else said.address if said else "") or patient.home_address
    state = (said.site.state if said and said.site else said.state if said else "") or patient.home_state
    known = LocalHelp.objects.filter(clinic_id=patient.clinic_id).order_by("pk")
    numbers = location.nearest(address, state, known)
    today = timezone.localdate(timezone=ZoneInfo(patient.clinic.zone))
    context = {
        "patient": patient,
        "age": patient.age_on(today),
        "last": last,
        "said": said,
        "gone": gone,
        "is_old": said is not None and location.is_old(said.told_at, at=now),
        "place": rail.places_of([patient], at=now)[patient.pk],
        "callback": (last.callback if last else "") or patient.phone,
        "address": address,
        "state": state,
        "numbers": numbers,
        "is_stale": numbers is not None and numbers.is_stale(now),
        "part2": Enrolment.objects.filter(patient=patient, track__program__part2=True).exists(),
        "disclosures": EmergencyDisclosure.objects.visible_to(request.person)
        .filter(patient=patient)
        .select_related("by")
        .order_by("-told_at"),
        "now": now,
    }
    return page(request, "safety/where_now.html", context)


@require_http_methods(["GET", "POST"])
@staff_only
def disclosure_new(request: Any, pk: UUID) -> HttpResponse:
    """Note what was told to medical personnel in an emergency: 42 CFR 2.51(c)."""
    patient, now = patient_in_reach(request, pk), timezone.now()
    with timezone.override(request.person.zone):
        form = DisclosureForm(request.POST or None, initial={"told_at": timezone.localtime(now)})
        valid = form.is_valid()
    if request.method == "POST" and valid:
        with told_at(form):
            note_disclosure(patient, **form.cleaned_data, by=request.person, at=now)
        if not form.errors:
            messages.success(request, _("Kept. The privacy officer sees it."))
            return redirect("where-now", pk=patient.pk)
    context = {"form": form, "patient": patient}
    return page(request, "safety/disclosure_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@roles(*KEEPS_NUMBERS)
def local_help(request: Any) -> HttpResponse:
    """The clinic's local numbers, the longest unchecked first, and a new place."""
    return _local_help(request, LocalHelp(clinic_id=request.person.clinic_id))


@require_http_methods(["GET", "POST"])
@roles(*KEEPS_NUMBERS)
def local_help_edit(request: Any, pk: UUID) -> HttpResponse:
    """Try the numbers of one place again, and say when."""
    return _local_help(request, get_object_or_404(LocalHelp, clinic_id=request.person.clinic_id, pk=pk))


def _local_help(request: Any, row: LocalHelp) -> HttpResponse:
    now = timezone.now()
    form = LocalHelpForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        row.checked_by = request.person
        with told_at(form):
            row.save()
        if not form.errors:
            trail.record("local-help.save", thing=row)
            messages.success(request, _("Kept."))
            return redirect("local-help")
    known = LocalHelp.objects.filter(clinic_id=request.person.clinic_id).order_by("checked_on", "state", "locality")
    rows = [(one, one.is_stale(now)) for one in known]
    context = {"form": form, "rows": rows, "row": None if row._state.adding else row}
    return page(request, "safety/local_help.html", context, status=422 if form.is_bound else 200)
