"""Assessing a person's risk: what was found before, the screens since then, and a new assessment."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from openiop.audit import trail
from openiop.lib.http import page
from openiop.measures import assessing
from openiop.measures.forms import AssessmentForm
from openiop.measures.models import Assignment
from openiop.people.doors import staff_only
from openiop.safety.models import Case, NoReason, RiskAssessment
from openiop.safety.reach import patients_in_reach


@require_http_methods(["GET", "POST"])
@staff_only
def assessments(request: Any, pk: UUID) -> HttpResponse:
    patient = get_object_or_404(patients_in_reach(request.person).select_related("clinic"), pk=pk)
    now = timezone.now()
    screens = assessing.offered(patient, at=now)
    form = AssessmentForm(
        request.POST or None, offered=screens, language=request.LANGUAGE_CODE, initial={"seen_at": now.isoformat()}
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = assessing.assess(patient, **form.said(), by=request.person, at=now)
        except NoReason:
            form.add_error(
                "lowered_because", _("This is lower than the screen or the assessment before. Please say why.")
            )
        else:
            messages.success(request, _("Kept."))
            if Assignment.objects.open().filter(patient=patient, asked_of=Assignment.STAFF).exists():
                messages.warning(request, _("Something came in after this page was opened. It still waits for you."))
            case = made.case or Case.objects.open().filter(patient=patient).first()
            return redirect("case", pk=case.pk) if case else redirect("assessments", pk=patient.pk)
    trail.record("risk.open", patient=patient)
    before = RiskAssessment.objects.visible_to(request.person).filter(patient=patient).select_related("by")
    waiting = Assignment.objects.open().filter(patient=patient, asked_of=Assignment.STAFF)
    context = {
        "form": form,
        "patient": patient,
        "before": before.order_by("-at"),
        "now": now,
        "waiting": waiting.order_by("made_at"),
    }
    return page(request, "measures/assessments.html", context, status=422 if form.is_bound else 200)
