"""Interpreters and captioners: who may be booked for a session. A list of their own, since they are no staff."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from openiop.people import roster
from openiop.people.doors import roles
from openiop.people.forms import HelperForm
from openiop.people.models import Person, Role
from openiop.people.views.staff import invite


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR)
def listing(request: Any) -> HttpResponse:
    """Those there are, and somebody new, who is invited at once."""
    form = HelperForm(request.POST or None, initial={"zone": request.person.clinic.zone, "language": "en"})
    if request.method == "POST" and form.is_valid():
        return invite(request, roster.add_helper(form.instance, email=form.cleaned_data["email"], by=request.person))
    context = {"form": form, "people": _helpers(request).order_by("-active", "family_name", "given_name")}
    return render(request, "people/helper_list.html", context, status=422 if form.is_bound else 200)


@require_POST
@roles(Role.DIRECTOR)
def presence(request: Any, pk: UUID) -> HttpResponse:
    """They work here no longer, and every session of theirs ends with it; or they are back."""
    helper = get_object_or_404(_helpers(request), pk=pk)
    if helper.active:
        roster.deactivate(helper, by=request.person)
        messages.success(request, _("They can no longer sign in, and are signed out everywhere."))
    else:
        roster.reactivate(helper, by=request.person)
        messages.success(request, _("They can sign in again."))
    return redirect("helper-list")


def _helpers(request: Any) -> Any:
    return Person.objects.filter(clinic_id=request.person.clinic_id).helpers().select_related("login")
