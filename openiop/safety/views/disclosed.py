"""The account of what was told outside the clinic, for the privacy officer and the director."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.lib.http import page
from openiop.people.doors import roles
from openiop.people.models import Person, PersonQuerySet, Role
from openiop.safety.disclosed import account

RESTRICTED = "restricted"


@require_GET
@roles(Role.PRIVACY, Role.DIRECTOR)
def disclosures(request: Any) -> HttpResponse:
    """What was told about everybody, or about one patient, as far as the reader may see it.

    A print leaves out what is restricted; a privacy officer may decide otherwise for one print (`?print=restricted`).
    """
    decides = request.person.has_role(Role.PRIVACY)
    prints_all = request.GET.get("print") == RESTRICTED
    if prints_all and not decides:
        raise PermissionDenied
    # Everybody, whether anything was noted or not: a name left out, or refused, would tell of a restricted report.
    patients = (
        Person.objects.filter(clinic_id=request.person.clinic_id).patients().order_by("family_name", "given_name")
    )
    of = _named(request.GET.get("patient", ""), patients)
    shown = account(request.person, of=of.pk if of else None)
    # A line that named the patient would tell whoever reads the trail that there is something restricted about them.
    named = of.pk if of and not any(each.is_restricted for each in shown) else None
    trail.record("disclosure.list", patient=named, restricted_in_print=prints_all)
    context = {
        "rows": shown,
        "prints_some": prints_all or not all(each.is_restricted for each in shown),
        "patients": patients,
        "of": of,
        "decides": decides,
        "prints_all": prints_all,
        "now": timezone.now(),
    }
    return page(request, "safety/disclosures.html", context)


def _named(text: str, patients: PersonQuerySet) -> Person | None:
    """The patient named in the address. Raises Http404 for one whom this reader does not see."""
    if not text:
        return None
    try:
        return get_object_or_404(patients, pk=UUID(text))
    except ValueError:
        raise Http404 from None
