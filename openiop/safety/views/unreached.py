"""The decision when somebody is not reached, and the marks that must be seen before anybody is called."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib.http import page
from openiop.people.doors import staff_only
from openiop.people.models import Agreement, Document
from openiop.programs.models import Enrolment
from openiop.safety import rail
from openiop.safety.forms.unreached import DecisionForm, LiftForm, MarkForm
from openiop.safety.models import (
    Case,
    DoNotContact,
    MayNotDecide,
    NothingToDecide,
    decide_unreached,
    decision_asked_at,
    lift,
    mark,
)
from openiop.safety.reach import reads_private
from openiop.safety.views.who import patient_in_reach


@require_http_methods(["GET", "POST"])
@staff_only
def decision(request: Any, pk: UUID) -> HttpResponse:
    """Not reached: what happens now. Everything that is needed to decide stands on this page."""
    found = get_object_or_404(Case.objects.visible_to(request.person).with_steps().with_attempts(), pk=pk)
    now = timezone.now()
    place = rail.places_of([found.patient], at=now)[found.patient_id]
    contact = {} if found.holds_private or (place.contact_mark and place.contact_mark.source_of_harm) else place.plan
    form = DecisionForm(request.POST or None, case=found, contact=contact, has_marks=bool(place.marks))
    if request.method == "POST" and form.is_valid():
        try:
            decide_unreached(found, **form.said(at=now), by=request.person, at=now)
        except NothingToDecide:
            messages.info(request, _("They were reached, or the case is closed. There is nothing to decide."))
            return redirect("case", pk)
        except MayNotDecide as refusal:
            form.tell(refusal)
        else:
            messages.success(request, _("Decided. Nobody is called by this page: please call them now."))
            return redirect("case", pk)
    trail.record("case.open", patient=found.patient_id, thing=found)
    context = {
        "case": found,
        "patient": found.patient,
        "row": rail.OpenCase(found, place, now),
        "place": place,
        "asked_at": decision_asked_at(found),
        "authorisations": _authorisations(found),
        "part2": Enrolment.objects.filter(patient=found.patient_id, track__program__part2=True).exists(),
        "form": form,
        "reads_private": reads_private(request.person, found.patient_id),
        "now": now,
    }
    return page(request, "safety/decision.html", context, status=422 if form.is_bound else 200)


def _authorisations(case: Case) -> Any:
    """The emergency plans the patient agreed to, the newest first, with those they took back."""
    rows = Agreement.objects.filter(patient_id=case.patient_id, document__kind=Document.EMERGENCY)
    return rows.select_related("obtained_by").order_by("-agreed_at")[:3]


@require_http_methods(["GET", "POST"])
@staff_only
def do_not_contact(request: Any, pk: UUID) -> HttpResponse:
    """Who must not be contacted about this patient; written together with them."""
    patient, now = patient_in_reach(request, pk), timezone.now()
    form = MarkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        mark(patient, **form.cleaned_data, by=request.person, at=now)
        messages.success(request, _("Kept. It stands wherever somebody would be called."))
        return redirect("do-not-contact", pk=patient.pk)
    trail.record("do-not-contact.open", patient=patient)
    rows = DoNotContact.objects.filter(patient=patient).select_related("by", "lifted__by").order_by("-at")
    context = {"patient": patient, "form": form, "lift_form": LiftForm(), "rows": rows, "now": now}
    return page(request, "safety/do_not_contact.html", context, status=422 if form.is_bound else 200)


@require_POST
@staff_only
def mark_lifted(request: Any, pk: UUID) -> HttpResponse:
    """The patient says that a mark holds no longer."""
    found = get_object_or_404(DoNotContact, clinic_id=request.person.clinic_id, pk=pk)
    patient = patient_in_reach(request, found.patient_id)
    form = LiftForm(request.POST)
    if form.is_valid():
        lift(found, why=form.cleaned_data["why"], by=request.person, at=timezone.now())
        messages.success(request, _("Lifted."))
    else:
        messages.error(request, _("Please say what the patient said."))
    return redirect("do-not-contact", pk=patient.pk)
