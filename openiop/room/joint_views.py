"""For clinicians, on a joint session's page: whether it may open, and which partner is asked next."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person
from openiop.safety.models.joint import STATES, states_of
from openiop.schedule import kinds
from openiop.schedule.models import CareSession


@require_GET
@roles(*sorted(CLINICIANS))
def partners(request: Any, pk: UUID) -> HttpResponse:
    """Each partner whose record the reader may open, and how it stands with them."""
    session = get_object_or_404(CareSession.objects.visible_to(request.person), pk=pk)
    if not kinds.rule_of(session).asked_alone:
        raise Http404
    patients = Person.objects.visible_to(request.person).patients()
    shown = list(patients.filter(pk__in=session.roster.standing().values("patient")).order_by("called"))
    states = states_of([patient.pk for patient in shown], at=timezone.now())
    for patient in shown:
        trail.record("joint-screen.state", patient=patient, thing=session)
    rows = [(patient, states[patient.pk], STATES[states[patient.pk]]) for patient in shown]
    return render(request, "room/_partners.html", {"rows": rows})
