"""A minor's guardians, and telling one of them."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib.http import page
from openiop.lib.refusals import told_at
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person, Role
from openiop.safety import minors
from openiop.safety.forms.restricted import GuardianForm, NoticeForm
from openiop.safety.models import Guardian, GuardianNotice, tell_guardian

MAY = sorted({*CLINICIANS, Role.INTAKE})


@require_http_methods(["GET", "POST"])
@roles(*MAY)
def guardians(request: Any, pk: UUID) -> HttpResponse:
    """Who stands for this minor, what they were told; naming another one."""
    patient = _patient(request, pk)
    form = GuardianForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        Guardian.add(patient, **form.cleaned_data, by=request.person, at=timezone.now())
        messages.success(request, _("Kept."))
        return redirect("guardians", pk)
    return _page(request, patient, form=form)


@require_POST
@roles(*MAY)
def notices(request: Any, pk: UUID) -> HttpResponse:
    """Note that a guardian was told."""
    if not request.person.is_clinician:
        raise PermissionDenied
    patient = _patient(request, pk)
    notice = NoticeForm(request.POST, patient=patient)
    if notice.is_valid():
        with told_at(notice):
            tell_guardian(
                notice.cleaned_data.pop("guardian"), **notice.cleaned_data, by=request.person, at=timezone.now()
            )
        if not notice.errors:
            messages.success(request, _("Kept."))
            return redirect("guardians", pk)
    return _page(request, patient, notice=notice)


@require_POST
@roles(*MAY)
def end(request: Any, pk: UUID) -> HttpResponse:
    """They no longer stand for this person."""
    patients = Person.objects.visible_to(request.person).patients()
    guardian = get_object_or_404(Guardian, pk=pk, patient__in=patients)
    guardian.end(by=request.person, at=timezone.now())
    return redirect("guardians", guardian.patient_id)


def _patient(request: Any, pk: UUID) -> Person:
    return get_object_or_404(Person.objects.visible_to(request.person).patients().select_related("clinic"), pk=pk)


def _page(request: Any, patient: Person, *, form: Any = None, notice: Any = None) -> HttpResponse:
    now = timezone.now()
    today = now.astimezone(ZoneInfo(patient.clinic.zone)).date()
    rule = minors.rule_of(patient, on=today)
    told = GuardianNotice.objects.filter(patient=patient).select_related("guardian", "by").order_by("-told_at")
    trail.record("guardian.list", patient=patient)
    wrong = notice or (form if form is not None and form.is_bound else None)
    context = {
        "patient": patient,
        "age": patient.age_on(today),
        "is_minor": minors.is_minor(patient, rule, on=today),
        "rule": rule,
        "guardians": minors.standing(patient),
        "told": told,
        "form": form or GuardianForm(),
        "notice_form": notice or NoticeForm(patient=patient, initial={"told_at": timezone.localtime(now)}),
    }
    return page(request, "safety/guardians.html", context, status=422 if wrong is not None else 200)
