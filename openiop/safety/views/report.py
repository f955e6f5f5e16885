"""A case as it went, to read, to print and to file."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.lib import paper
from openiop.lib.http import page
from openiop.people.doors import staff_only
from openiop.safety.models import Case
from openiop.safety.report import timeline


@require_GET
@staff_only
def report(request: Any, pk: UUID) -> HttpResponse:
    context = _case_as_it_went(request, pk)
    trail.record("case.report", patient=context["case"].patient_id, thing=context["case"])
    return page(request, "safety/report.html", context)


@require_GET
@staff_only
def on_paper(request: Any, pk: UUID) -> HttpResponse:
    context = _case_as_it_went(request, pk)
    trail.record("case.print", patient=context["case"].patient_id, thing=context["case"])
    return paper.answer("safety/report_paper.html", context)


def _case_as_it_went(request: Any, pk: UUID) -> dict[str, Any]:
    visible = Case.objects.visible_to(request.person).select_related("patient", "clinic", "closure__by")
    case = get_object_or_404(visible, pk=pk)
    return {
        "case": case,
        "patient": case.patient,
        "events": timeline(case, reader=request.person),
        "zone": ZoneInfo(case.clinic.zone),
        "now": timezone.now(),
    }
