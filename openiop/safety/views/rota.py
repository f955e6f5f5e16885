"""The rota: who answers out of hours."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib.http import page
from openiop.lib.refusals import told_at
from openiop.people import access
from openiop.people.doors import roles, staff_only
from openiop.people.models import Role
from openiop.safety.forms import ClosedDayForm, ShiftForm
from openiop.safety.models import (
    ClosedDay,
    NotOnOffer,
    OnCallShift,
    ShiftOffer,
    accept_shift,
    gaps_ahead,
    offer_shift,
    open_offers,
    take_back,
)


@require_http_methods(["GET", "POST"])
@staff_only
def on_call(request: Any) -> HttpResponse:
    """Who answers out of hours, and when nobody does. Everybody may read it; the director writes it."""
    form = ShiftForm(request.POST or None, clinic=request.person.clinic)
    if request.method == "POST":
        access.require(request.person, Role.DIRECTOR)
        if form.is_valid():
            with told_at(form):
                shift = form.save()
                trail.record("on-call.add", thing=shift, staff=str(shift.staff_id), rung=shift.rung)
            if not form.errors:
                messages.success(request, _("Added."))
                return redirect("on-call")
    return _rota(request, form=form)


def _rota(request: Any, *, form: ShiftForm | None = None, closed: ClosedDayForm | None = None) -> HttpResponse:
    person, now = request.person, timezone.now()
    clinic = person.clinic
    ahead = OnCallShift.objects.filter(clinic_id=clinic.pk, during__endswith__gt=now)
    shifts = list(ahead.select_related("staff").order_by("during__startswith", "rung"))
    offers = open_offers(shifts)
    today = now.astimezone(ZoneInfo(clinic.zone))
    context = {
        "form": form or ShiftForm(clinic=clinic),
        "closed_form": closed or ClosedDayForm(clinic=clinic),
        "rows": [(shift, offers.get(shift.pk)) for shift in shifts],
        "gaps": gaps_ahead(clinic, at=now),
        "closed": ClosedDay.objects.filter(clinic_id=clinic.pk, on__gte=today.date()).order_by("on"),
        "zone": clinic.zone,
        "clinic_now": today,
        "may_edit": person.has_role(Role.DIRECTOR),
        "now": now,
    }
    wrong = (form and form.errors) or (closed and closed.errors)
    return page(request, "safety/on_call.html", context, status=422 if wrong else 200)


@require_POST
@roles(Role.DIRECTOR)
def closed_day_add(request: Any) -> HttpResponse:
    """On this day the clinic is closed: somebody is to be on call for the whole of it."""
    form = ClosedDayForm(request.POST, clinic=request.person.clinic)
    if form.is_valid():
        with told_at(form):
            trail.record("on-call.closed-day", thing=form.save())
        if not form.errors:
            messages.success(request, _("Added."))
            return redirect("on-call")
    return _rota(request, closed=form)


@require_POST
@staff_only
def shift_offer(request: Any, pk: UUID) -> HttpResponse:
    """I cannot do this shift: who can?"""
    shift = get_object_or_404(OnCallShift, clinic_id=request.person.clinic_id, pk=pk)
    try:
        offer_shift(shift, by=request.person, at=timezone.now())
        messages.success(request, _("Offered. It stays yours until somebody accepts."))
    except NotOnOffer:
        messages.info(request, _("This shift is over."))
    return redirect("on-call")


@require_POST
@staff_only
def shift_answer(request: Any, pk: UUID, answer: str) -> HttpResponse:
    """Accept a shift that is on offer, or take one's own offer back."""
    verbs = {"accept": accept_shift, "take-back": take_back}
    if answer not in verbs:
        raise Http404
    offer = ShiftOffer.objects.filter(
        clinic_id=request.person.clinic_id, shift_id=pk, accepted_at=None, withdrawn_at=None
    ).first()
    try:
        if offer is None:
            raise NotOnOffer
        verbs[answer](offer, by=request.person, at=timezone.now())
        messages.success(request, _("Done."))
    except NotOnOffer:
        messages.info(request, _("This shift is no longer on offer."))
    return redirect("on-call")


@require_POST
@staff_only
def on_call_end(request: Any, pk: UUID) -> HttpResponse:
    """Take a shift off the rota. One that is running ends now; what was stays written."""
    access.require(request.person, Role.DIRECTOR)
    now = timezone.now()
    shift = get_object_or_404(OnCallShift, clinic_id=request.person.clinic_id, during__endswith__gt=now, pk=pk)
    trail.record("on-call.end", thing=shift, staff=str(shift.staff_id))
    if shift.during.lower >= now:
        shift.delete()
    else:
        shift.during = (shift.during.lower, now)
        shift.save(update_fields=["during"])
    messages.success(request, _("Taken off the rota."))
    return redirect(reverse("on-call"))
