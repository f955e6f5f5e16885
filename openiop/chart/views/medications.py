"""What a patient takes: the list for those who treat them, its changes, and the patient's own page in plain words."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from openiop.audit import trail
from openiop.chart import medicating, medication
from openiop.chart.forms import MedicationForm
from openiop.chart.medication import Medication
from openiop.chart.models import MedicationChange
from openiop.lib.http import page
from openiop.lib.refusals import told_at
from openiop.people.doors import patients_only, roles
from openiop.people.models import CLINICIANS, Person

CLINICAL = tuple(sorted(CLINICIANS))
TITLES = {
    medication.BEGUN: gettext_lazy("Write down a medication"),
    medication.DOSE: gettext_lazy("Dose changed"),
    medication.STOPPED: gettext_lazy("Medication stopped"),
}


class Told(NamedTuple):
    """One change as the page shows it: its newest version, and those before, newest first."""

    change: MedicationChange
    former: list[MedicationChange]


@require_GET
@roles(*CLINICAL)
def of_patient(request: Any, pk: UUID) -> HttpResponse:
    """What is taken now, what was stopped, and every change; as a part of the patient's page what is taken alone."""
    patient = _patient(request, pk)
    rows = list(_rows(request, patient).called().select_related("by").order_by("-happened_on", "-root", "-version"))
    trail.record("medication.open", patient=patient)
    listed = medication.listed(rows)
    taken = [each for each in listed if not each.is_stopped]
    context = {
        "patient": patient,
        "taken": taken,
        "stopped": [each for each in listed if each.is_stopped],
        "twice": medication.named_twice(taken),
        "told": _told(rows),
        "now": timezone.now(),
    }
    return page(request, "chart/medications.html", context, part="_medications.html")


def _told(rows: list[MedicationChange]) -> list[Told]:
    """Every change, the last that happened first. `rows` stand in that order, newest versions first."""
    found: dict[UUID, list[MedicationChange]] = {}
    for row in rows:
        found.setdefault(row.root, []).append(row)
    told = [Told(max(versions, key=lambda row: row.version), versions) for versions in found.values()]
    told = [
        Told(each.change, sorted((row for row in each.former if row != each.change), key=lambda row: -row.version))
        for each in told
    ]
    return sorted(told, key=lambda each: (each.change.happened_on, each.change.root), reverse=True)


@require_http_methods(["GET", "POST"])
@roles(*CLINICAL)
def new(request: Any, pk: UUID) -> HttpResponse:
    """Write down a medication that was started, or that is taken already."""
    return _write(request, _patient(request, pk), medication.BEGUN)


@require_http_methods(["GET", "POST"])
@roles(*CLINICAL)
def new_dose(request: Any, pk: UUID, medication_pk: UUID) -> HttpResponse:
    """Write down that the dose changed."""
    patient = _patient(request, pk)
    return _write(request, patient, medication.DOSE, of=_listed(request, patient, medication_pk))


@require_http_methods(["GET", "POST"])
@roles(*CLINICAL)
def stop(request: Any, pk: UUID, medication_pk: UUID) -> HttpResponse:
    """Write down that it is not taken any more."""
    patient = _patient(request, pk)
    return _write(request, patient, medication.STOPPED, of=_listed(request, patient, medication_pk))


def _write(request: Any, patient: Person, kind: str, *, of: Medication | None = None) -> HttpResponse:
    form = MedicationForm(request.POST or None, kind=kind)
    if request.method == "POST" and form.is_valid():
        said = {"kind": kind} | form.cleaned_data
        medication_id = of.opening.medication if of else None
        with told_at(form):
            medicating.write(patient, **said, of=medication_id, by=request.person, at=timezone.now())
        if not form.errors:
            messages.success(request, _("Written down."))
            return redirect("medications", pk=patient.pk)
    trail.record("medication.form", patient=patient)
    context = {"patient": patient, "form": form, "title": TITLES[kind], "of": of}
    return page(request, "chart/medication_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@roles(*CLINICAL)
def correct(request: Any, pk: UUID, change_pk: UUID) -> HttpResponse:
    """Write the next version of a change, or that it was entered in error. The version before stays readable."""
    patient = _patient(request, pk)
    change = get_object_or_404(_rows(request, patient).called().select_related("patient__clinic"), pk=change_pk)
    newest = _rows(request, patient).filter(root=change.root).order_by("-version")[0]
    if request.method == "GET" and newest.pk != change.pk:
        return redirect("medication-correct", pk=patient.pk, change_pk=newest.pk)
    form = MedicationForm(request.POST or None, kind=change.kind, corrects=change)
    if request.method == "POST" and form.is_valid():
        try:
            with told_at(form):
                medicating.correct(change, **form.cleaned_data, by=request.person, at=timezone.now())
        except medicating.SomebodyCorrected:
            form.add_error(None, _("Somebody corrected this while you wrote. Read theirs first; yours is not kept."))
        if not form.errors:
            messages.success(request, _("Corrected. What stood before stays readable."))
            return redirect("medications", pk=patient.pk)
    trail.record("medication.form", patient=patient)
    context = {"patient": patient, "form": form, "title": _("Correct a change"), "change": change}
    return page(request, "chart/medication_form.html", context, status=422 if form.is_bound else 200)


def _patient(request: Any, pk: UUID) -> Person:
    treated = Person.objects.treated_by(request.person, at=timezone.now()).select_related("clinic")
    return get_object_or_404(treated, pk=pk)


def _rows(request: Any, patient: Person) -> Any:
    return MedicationChange.objects.visible_to(request.person).filter(patient=patient)


def _listed(request: Any, patient: Person, medication_pk: UUID) -> Medication:
    for each in medication.listed(_rows(request, patient)):
        if each.opening.medication == medication_pk:
            return each
    raise Http404


@require_GET
@patients_only
def mine(request: Any) -> HttpResponse:
    """What is written down that the patient takes, in plain words; no reasons, and nothing that was stopped."""
    rows = MedicationChange.objects.visible_to(request.person)
    trail.record("medication.open", patient=request.person)
    return page(request, "chart/my_medications.html", {"taken": medication.current(rows), "now": timezone.now()})
