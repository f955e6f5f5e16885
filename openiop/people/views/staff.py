"""Who works here: roles, licences, invitations."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.people import access, roster
from openiop.people.doors import roles, staff_only
from openiop.people.forms import LicenceForm, StaffForm
from openiop.people.models import Invitation, Licence, Person, Role


@require_GET
@staff_only
def listing(request: Any) -> HttpResponse:
    """Everybody who works here; those who left at the end."""
    people = Person.objects.visible_to(request.person).staff().prefetch_related("licences")
    context = {
        "people": people.order_by("-active", "family_name", "given_name"),
        "may_change": request.person.has_role(Role.DIRECTOR),
    }
    return render(request, "people/staff_list.html", context)


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR)
def new(request: Any) -> HttpResponse:
    form = StaffForm(request.POST or None, initial={"zone": request.person.clinic.zone, "language": "en"})
    if request.method == "POST" and form.is_valid():
        person = roster.add_staff(form.instance, email=form.cleaned_data["email"], by=request.person)
        return invite(request, person) if person.login_id else redirect("staff-edit", pk=person.pk)
    return render(request, "people/staff_form.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR)
def edit(request: Any, pk: UUID) -> HttpResponse:
    colleague = _colleague(request, pk)
    form = StaffForm(request.POST or None, instance=colleague)
    if request.method == "POST" and form.is_valid():
        roster.change(form.instance, email=form.cleaned_data.get("email", ""), by=request.person)
        messages.success(request, _("Saved."))
        return redirect("staff-edit", pk=pk)
    return _edit_page(request, colleague, form=form, licence=LicenceForm())


def _edit_page(request: Any, colleague: Person, *, form: StaffForm, licence: LicenceForm) -> HttpResponse:
    context = {
        "colleague": colleague,
        "form": form,
        "licence_form": licence,
        "licences": colleague.licences.order_by("state", "-valid_from"),
        "is_oneself": colleague.pk == request.person.pk,
    }
    wrong = form.errors or licence.errors
    return render(request, "people/staff_edit.html", context, status=422 if wrong else 200)


@require_POST
@roles(Role.DIRECTOR)
def licence_new(request: Any, pk: UUID) -> HttpResponse:
    colleague = _colleague(request, pk)
    form = LicenceForm(request.POST, instance=Licence(person=colleague, clinic_id=colleague.clinic_id))
    if not form.is_valid():
        return _edit_page(request, colleague, form=StaffForm(instance=colleague), licence=form)
    roster.add_licence(form.instance, by=request.person)
    messages.success(request, _("Saved."))
    return redirect("staff-edit", pk=pk)


@require_POST
@roles(Role.DIRECTOR)
def departure(request: Any, pk: UUID) -> HttpResponse:
    """Somebody stops working here: every session of theirs ends with it. A director cannot do it to themselves."""
    colleague = _colleague(request, pk)
    if colleague.pk == request.person.pk:
        messages.warning(request, _("Another director has to do this for you."))
    else:
        roster.deactivate(colleague, by=request.person)
        messages.success(request, _("They can no longer sign in, and are signed out everywhere."))
    return redirect("staff-edit", pk=pk)


@require_POST
@roles(Role.DIRECTOR)
def coming_back(request: Any, pk: UUID) -> HttpResponse:
    roster.reactivate(_colleague(request, pk), by=request.person)
    messages.success(request, _("They can sign in again."))
    return redirect("staff-edit", pk=pk)


@require_POST
@roles(Role.DIRECTOR, Role.INTAKE)
def invitation_new(request: Any, pk: UUID) -> HttpResponse:
    """A new way in for somebody who lost theirs. Only a director invites staff."""
    seen = (
        Person.objects.visible_to(request.person) | Person.objects.filter(clinic_id=request.person.clinic_id).helpers()
    )
    person = get_object_or_404(seen, pk=pk, login__isnull=False)
    if person.kind == Person.STAFF:
        person = _colleague(request, pk)
    if person.kind == Person.HELPER:
        access.require(request.person, Role.DIRECTOR)
    return invite(request, person)


def invite(request: HttpRequest, person: Person) -> HttpResponse:
    """Mail the link, and show it once to hand over; it is not kept in readable form."""
    assert isinstance(request.person, Person)  # type: ignore[attr-defined]
    assert person.login is not None
    token = Invitation.make(person, by=request.person, at=timezone.now())  # type: ignore[attr-defined]
    link = request.build_absolute_uri(reverse("invitation", args=[token]))
    with override(person.language), transaction.atomic():
        send_mail(
            _("Your way in"),
            _("Open this link to choose a password. It works once, for %(days)d days.") % {"days": Invitation.DAYS}
            + f"\n\n{link}\n",
            None,
            [person.login.email],
        )
    context = {"someone": person, "link": link, "days": Invitation.DAYS}
    response = render(request, "people/invited.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _colleague(request: Any, pk: UUID) -> Person:
    access.require(request.person, Role.DIRECTOR)
    return get_object_or_404(Person.objects.visible_to(request.person).staff().select_related("login"), pk=pk)
