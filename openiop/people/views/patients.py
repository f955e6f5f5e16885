"""Patients: finding one, who they are, and what they agreed to."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from openiop.audit import trail
from openiop.lib.http import page
from openiop.people import names, roster
from openiop.people.doors import patients_only, roles, staff_only
from openiop.people.forms import EmergencyForm, PatientForm
from openiop.people.models import CLINICIANS, Agreement, Document, Person, Role
from openiop.people.views.staff import invite

MOST_SHOWN = 100
MAY_ENTER = (Role.DIRECTOR, Role.INTAKE)
MAY_OBTAIN = (*sorted(CLINICIANS), Role.INTAKE)


@require_http_methods(["GET", "POST"])
@staff_only
def listing(request: Any) -> HttpResponse:
    """The patients whose record the reader may open, by name. What is looked for is posted: a name stands in no URL."""
    words = request.POST.get("q", "").strip()
    people = names.matching(Person.objects.visible_to(request.person).patients(), words)
    found = list(people.order_by("family_name", "given_name")[: MOST_SHOWN + 1])
    context = {
        "words": words,
        "people": found[:MOST_SHOWN],
        "more": len(found) > MOST_SHOWN,
        "most": MOST_SHOWN,
        "may_enter": request.person.has_role(*MAY_ENTER),
    }
    return page(request, "people/patient_list.html", context, part="_patients.html")


@require_http_methods(["GET", "POST"])
@roles(*MAY_ENTER)
def new(request: Any) -> HttpResponse:
    form = PatientForm(request.POST or None, initial={"zone": request.person.clinic.zone, "language": "en"})
    if request.method == "POST" and form.is_valid():
        patient = roster.add_patient(form.instance, email=form.cleaned_data["email"], by=request.person)
        return invite(request, patient) if patient.login_id else redirect("patient", pk=patient.pk)
    return render(request, "people/patient_form.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@roles(*MAY_OBTAIN)
def edit(request: Any, pk: UUID) -> HttpResponse:
    """Contact, language, time zone."""
    patient = _patient(request, pk)
    form = PatientForm(request.POST or None, instance=patient)
    if request.method == "POST" and form.is_valid():
        roster.change(form.instance, email=form.cleaned_data.get("email", ""), by=request.person)
        messages.success(request, _("Saved."))
        return redirect("patient", pk=pk)
    trail.record("patient.open", patient=patient, thing=patient)
    context = {"form": form, "patient": patient, "may_invite": request.person.has_role(*MAY_ENTER)}
    return render(request, "people/patient_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@patients_only
def agreement_give(request: Any, kind: str) -> HttpResponse:
    """A patient reads the newest wording in their language and agrees to it."""
    return _agree(request, request.person, kind, how="written", then=reverse("me"))


@require_http_methods(["GET", "POST"])
@roles(*MAY_OBTAIN)
def agreement_obtain(request: Any, pk: UUID, kind: str) -> HttpResponse:
    """Staff read it out, and note that the patient agreed in words."""
    return _agree(request, _patient(request, pk), kind, how="spoken", then=reverse("patient", args=[pk]))


def _agree(request: Any, patient: Person, kind: str, *, how: str, then: str) -> HttpResponse:
    document = newest(kind, patient=patient)
    form = EmergencyForm(request.POST or None) if kind == Document.EMERGENCY else None
    asked = form is None or form.is_valid()
    if request.method == "POST" and asked and request.POST.get("agreed"):
        details = form.cleaned_data if form else {}
        Agreement.give(patient, document, by=request.person, at=timezone.now(), how=how, details=details)
        messages.success(request, _("Thank you. It is kept."))
        return redirect(then)
    context = {"patient": patient, "document": document, "form": form, "spoken": how == "spoken", "then": then}
    if request.method == "POST":
        context["not_ticked"] = not request.POST.get("agreed")
        return render(request, "people/agreement.html", context, status=422)
    return render(request, "people/agreement.html", context)


def newest(kind: str, *, patient: Person) -> Document:
    """Return the newest version of a document, in the patient's language if there is one. Raises Http404."""
    versions = Document.objects.filter(clinic_id=patient.clinic_id, kind=kind).order_by("-version")
    latest = versions.first()
    if latest is None:
        raise Http404
    return versions.filter(version=latest.version, language=patient.language).first() or latest


def _patient(request: Any, pk: UUID) -> Person:
    return get_object_or_404(Person.objects.visible_to(request.person).patients().select_related("login"), pk=pk)
