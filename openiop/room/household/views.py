"""The household plan's page: one for the patient, one for those who treat them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from openiop.audit import trail
from openiop.people import access
from openiop.people.doors import patients_only, staff_only
from openiop.people.models import Person
from openiop.room.household import keeping
from openiop.room.household.models import PARTS, HouseholdPlan

LONGEST = 500  # characters, each part
HINTS = {
    "at_home": gettext_lazy("And until when somebody can look after children or a pet."),
    "walks_in": gettext_lazy("For instance: mute, turn the camera away, say “one moment”."),
    "code_word": gettext_lazy("An ordinary word. Those who lead read it here; say it or tap the private signal."),
}


class PlanForm(forms.Form):
    begun_from = forms.IntegerField(min_value=0, max_value=30000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in PARTS:
            self.fields[name] = forms.CharField(
                label=HouseholdPlan._meta.get_field(name).verbose_name,  # type: ignore[union-attr]
                help_text=HINTS.get(name, ""),
                required=False,
                max_length=LONGEST,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    @property
    def parts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in PARTS}


@require_http_methods(["GET", "POST"])
@patients_only
def mine(request: Any) -> HttpResponse:
    return _page(request, request.person, template="room/my_household.html", back="my-household-plan", ids=[])


@require_http_methods(["GET", "POST"])
@staff_only
def of_patient(request: Any, pk: UUID) -> HttpResponse:
    patients = Person.objects.filter(clinic_id=request.person.clinic_id).patients()
    if not request.person.is_clinician:
        patients = patients.none()
    patient = get_object_or_404(patients.filter(access.about(request.person, "pk")), pk=pk)
    trail.record("household-plan.open", patient=patient)
    return _page(request, patient, template="room/household.html", back="household-plan", ids=[patient.pk])


def _page(request: Any, patient: Person, *, template: str, back: str, ids: list[UUID]) -> HttpResponse:
    form, newer = PlanForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            begun_from = form.cleaned_data["begun_from"]
            keeping.write(patient, form.parts, begun_from=begun_from, by=request.person, at=timezone.now())
        except keeping.NotTheNewest:
            newer = HouseholdPlan.objects.visible_to(request.person).newest_of(patient)
            # What was typed stays in the fields; sent once more, with the other's words read, it is the next version.
            form = PlanForm(initial={**form.parts, "begun_from": newer.version if newer else 0})
        else:
            messages.success(request, _("Saved."))
            return redirect(back, *ids)
    plan = HouseholdPlan.objects.visible_to(request.person).newest_of(patient)
    if request.method == "GET":
        form = PlanForm(initial={**(plan.texts if plan else {}), "begun_from": plan.version if plan else 0})
    context = {"form": form, "plan": plan, "newer": newer, "patient": patient, "zone": request.person.zone}
    status = 409 if newer else 422 if form.is_bound else 200
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "no-store"
    return response
