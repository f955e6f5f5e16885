"""Assessing a person's risk: what was found before, and a new assessment."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from openiop.audit import trail
from openiop.lib.http import page
from openiop.people.doors import staff_only
from openiop.safety.forms.assessment import AssessmentForm
from openiop.safety.models import Case, NoReason, RiskAssessment, assess
from openiop.safety.views.who import patient_in_reach


@require_http_methods(["GET", "POST"])
@staff_only
def assessments(request: Any, pk: UUID) -> HttpResponse:
    patient, now = patient_in_reach(request, pk), timezone.now()
    form = AssessmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = assess(patient, **form.said(), by=request.person, at=now)
        except NoReason:
            form.add_error(
                "lowered_because", _("This is lower than the screen or the assessment before. Please say why.")
            )
        else:
            messages.success(request, _("Kept."))
            case = made.case or Case.objects.open().filter(patient=patient).first()
            return redirect("case", pk=case.pk) if case else redirect("assessments", pk=patient.pk)
    trail.record("risk.open", patient=patient)
    before = RiskAssessment.objects.visible_to(request.person).filter(patient=patient).select_related("by")
    context = {"form": form, "patient": patient, "before": before.order_by("-at"), "now": now}
    return page(request, "safety/assessments.html", context, status=422 if form.is_bound else 200)
