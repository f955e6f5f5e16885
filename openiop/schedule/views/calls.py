"""The outreach list and its calls."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from openiop.audit import trail
from openiop.lib.http import page, wants_part
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Role
from openiop.schedule import outreach as calling
from openiop.schedule.forms import CallForm
from openiop.schedule.views.sessions import entry_of, form_page, require_change

CALLS = (*CLINICIANS, Role.INTAKE)


@roles(*CALLS)
def outreach(request: Any) -> HttpResponse:
    """Who did not come and is to be called; a part of the desk, or a page of its own."""
    found = calling.absent(request.person, at=timezone.now())
    if not wants_part(request):
        trail.record("outreach.open")
    return page(request, "schedule/outreach.html", {"absent": found}, part="_outreach.html")


@roles(*CALLS)
def outreach_call(request: Any, pk: Any) -> HttpResponse:
    """Log a call to somebody who did not come; being worried raises a concern at once."""
    entry = entry_of(request.person, pk)
    require_change(request.person, entry.session)
    form = CallForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        calling.log_call(
            entry,
            **form.cleaned_data,
            by=request.person,
            at=timezone.now(),
            url=reverse("roster-entry", args=[entry.pk]),
        )
        return redirect("outreach")
    trail.record("outreach.open", patient=entry.patient_id, thing=entry)
    return form_page(
        request,
        form,
        _("Call %(name)s") % {"name": entry.patient.called},
        back=reverse("outreach"),
        template="schedule/call.html",
        title=_("A call"),
        entry=entry,
        calls=entry.calls.select_related("by").order_by("at"),
    )
