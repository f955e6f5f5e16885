"""One patient in one order of time, for the clinicians who may open the record or are called to them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.lib.http import page
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS
from openiop.portal.timeline import KINDS, Place, timeline
from openiop.safety.reach import patients_in_reach


@require_GET
@roles(*sorted(CLINICIANS))
def show(request: Any, pk: UUID) -> HttpResponse:
    """One page of it. `?kind=` names what to show, `?before=` where the page before ended."""
    patient = get_object_or_404(patients_in_reach(request.person).select_related("clinic"), pk=pk)
    kinds = [code for code, _label in KINDS if code in request.GET.getlist("kind")]
    before = _place(request.GET.get("before", ""))
    shown = timeline(patient, reader=request.person, language=request.LANGUAGE_CODE, kinds=kinds, before=before)
    trail.record("timeline.open", patient=patient, lines=len(shown.lines))
    asked = urlencode([("kind", kind) for kind in kinds])
    context = {
        "patient": patient,
        "shown": shown,
        "kinds": [(code, label, code in kinds) for code, label in KINDS],
        "is_chosen": bool(kinds),
        "before": before,
        "newest": f"?{asked}",
        "older": f"?{'&'.join(filter(None, [asked, urlencode({'before': shown.older})]))}" if shown.older else "",
        "now": timezone.now(),
    }
    return page(request, "portal/timeline.html", context)


def _place(text: str) -> Place | None:
    """The place named in the address. Raises Http404 for one that is none."""
    try:
        return Place.read(text) if text else None
    except ValueError:
        raise Http404 from None
