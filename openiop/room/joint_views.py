"""For clinicians, on a joint session's page: whether it may open, and which partner is asked next."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from openiop.audit import trail
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person
from openiop.safety.models.joint import STATES, states_of
from openiop.schedule import kinds
from openiop.schedule.models import CareSession, OneDevice


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
    may_say = session.staff.filter(staff=request.person, stands=True).exists() and not session.closed_at
    rows = [(patient, states[patient.pk], STATES[states[patient.pk]]) for patient in shown]
    context = {"session": session, "rows": rows, "may_say": may_say}
    context["shared"] = OneDevice.objects.filter(session=session).exists()
    return render(request, "room/_partners.html", context)


@require_POST
@roles(*sorted(CLINICIANS))
def one_device(request: Any, pk: UUID) -> HttpResponse:
    """Whoever leads says that both partners take part with one device, or each with their own."""
    session = get_object_or_404(CareSession.objects.visible_to(request.person), pk=pk)
    if not kinds.rule_of(session).asked_alone:
        raise Http404
    if not session.staff.filter(staff=request.person, stands=True).exists():
        raise PermissionDenied
    OneDevice.say(session, shared=bool(request.POST.get("shared")), by=request.person, at=timezone.now())
    messages.success(request, _("Kept."))
    return redirect("session", pk=pk)
