"""The crisis safety plan: in the patient's hand, offline too, and beside them with a clinician."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib import paper
from openiop.lib.http import page
from openiop.people import access
from openiop.people.doors import patients_only, signed_in, staff_only
from openiop.people.models import Agreement, Document, Person
from openiop.safety.forms import MeansTalkForm, SafetyPlanForm
from openiop.safety.models import (
    MeansTalk,
    NothingWritten,
    NotTheNewest,
    SafetyPlan,
    in_hand,
    note_means_talk,
    review_plan,
    sign_plan,
    write_plan,
)
from openiop.safety.reviews import plan_due
from openiop.safety.views.who import patient_in_reach


@require_GET
@patients_only
def mine(request: Any) -> HttpResponse:
    """The patient's own plan: one tap from every page, and kept on the phone for when there is no line."""
    versions = _versions(request, request.person)
    trail.record("safety-plan.open", patient=request.person)
    return page(request, "safety/my_plan.html", _hands(versions))


def _versions(request: Any, patient: Person) -> list[SafetyPlan]:
    return list(SafetyPlan.objects.visible_to(request.person).filter(patient=patient).newest_first())


def _hands(versions: list[SafetyPlan]) -> dict[str, Any]:
    """The plan to use now, and the newer one that still waits for a signature, if there is one."""
    plan = in_hand(versions)
    newest = versions[0] if versions else None
    return {"plan": plan, "waiting": newest if newest and not newest.in_force_since else None, "versions": versions}


@require_GET
@patients_only
def copy(request: Any) -> HttpResponse:
    """The plan alone, without a form or a token: what the phone keeps. The reply says whose it is."""
    context = {**_hands(_versions(request, request.person)), "kept_at": timezone.now()}
    trail.record("safety-plan.copy", patient=request.person)
    response = page(request, "safety/plan_copy.html", context)
    response["X-Person"] = str(request.person.pk)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
@patients_only
def mine_new(request: Any) -> HttpResponse:
    """The patient writes a version themselves; a clinician signs it when they have gone through it together."""
    return _write(request, request.person, back_to=reverse("my-plan"), template="safety/my_plan_form.html")


@require_http_methods(["GET", "POST"])
@staff_only
def new(request: Any, pk: UUID) -> HttpResponse:
    """A clinician writes a version together with the patient."""
    patient = patient_in_reach(request, pk)
    back_to = reverse("safety-plan", args=[patient.pk])
    return _write(request, patient, back_to=back_to, template="safety/plan_form.html")


def _write(request: Any, patient: Person, *, back_to: str, template: str) -> HttpResponse:
    newest, newer = next(iter(_versions(request, patient)), None), None
    words = newest.texts if newest else first_words(patient)
    form = SafetyPlanForm(request.POST or None, initial={**words, "begun_from": newest.version if newest else 0})
    if request.method == "POST" and form.is_valid():
        begun_from = form.cleaned_data.pop("begun_from") or 0
        try:
            write_plan(patient, parts=form.cleaned_data, by=request.person, at=timezone.now(), begun_from=begun_from)
        except NothingWritten:
            form.add_error(None, _("Write at least one thing. One is better than none."))
        except NotTheNewest:
            newer = _versions(request, patient)[0]
            form = _beside(form, newer.version)
        else:
            messages.success(request, _("Kept. It is in force when both of you have signed it."))
            return redirect(back_to)
    context = {"form": form, "patient": patient, "newest": newest, "newer": newer, "back_to": back_to}
    return page(request, template, context, status=422 if form.is_bound else 200)


def _beside(stale: SafetyPlanForm, version: int) -> SafetyPlanForm:
    """The same words once more, now that the writer has the newest version before them."""
    form = SafetyPlanForm({**stale.cleaned_data, "begun_from": version})
    form.full_clean()
    form.add_error(
        None,
        _(
            "Somebody wrote in this plan while you did, and nothing is kept of yours yet. Their words stand above. "
            "Bring over what is missing, and keep this version again."
        ),
    )
    return form


def first_words(patient: Person) -> dict[str, str]:
    """What a first version can begin with: the numbers that are known already."""
    # In the patient's language, whoever writes.
    with translation.override(patient.language):
        return _first_words(patient)


def _first_words(patient: Person) -> dict[str, str]:
    agreed = Agreement.objects.filter(patient=patient, document__kind=Document.EMERGENCY, withdrawn_at=None)
    emergency = agreed.order_by("-agreed_at").first()
    details = emergency.details if emergency else {}
    clinic = patient.clinic
    professionals = [
        " ".join(filter(None, [_("The clinic"), clinic.phone])),
        " ".join([_("The clinic out of hours"), clinic.crisis_phone]) if clinic.crisis_phone else "",
        details.get("nearest_emergency", ""),
        _("988, call or text, day and night"),
    ]
    contact = " ".join(filter(None, [details.get("contact_name", ""), details.get("contact_phone", "")]))
    return {"professionals": "\n".join(filter(None, professionals)), "people_to_ask": contact}


@require_POST
@signed_in
def signature(request: Any, pk: UUID) -> HttpResponse:
    """Sign a version in one's own name."""
    plan = get_object_or_404(SafetyPlan.objects.visible_to(request.person).select_related("patient"), pk=pk)
    try:
        sign_plan(plan, by=request.person, at=timezone.now())
    except NotTheNewest:
        messages.warning(request, _("A later version was written meanwhile. Please read that one."))
    else:
        messages.success(request, _("Signed."))
    return redirect(_home_of(request, plan))


def _home_of(request: Any, plan: SafetyPlan) -> str:
    if access.kind_of(request.person) == "patient":
        return reverse("my-plan")
    return reverse("safety-plan", args=[plan.patient_id])


@require_GET
@signed_in
def on_paper(request: Any, pk: UUID) -> HttpResponse:
    """One version as a PDF, to hang on the fridge or keep in the wallet."""
    visible = SafetyPlan.objects.visible_to(request.person).newest_first().select_related("patient", "clinic")
    plan = get_object_or_404(visible, pk=pk)
    trail.record("safety-plan.print", patient=plan.patient_id, thing=plan, version=plan.version)
    return paper.answer("safety/plan_paper.html", {"plan": plan, "zone": ZoneInfo(plan.clinic.zone)})


@require_GET
@staff_only
def show(request: Any, pk: UUID) -> HttpResponse:
    """The plan as staff see it: in force, waiting, due, every earlier version; the means talk for who treats."""
    patient, now = patient_in_reach(request, pk), timezone.now()
    trail.record("safety-plan.open", patient=patient)
    talks = MeansTalk.objects.visible_to(request.person).filter(patient=patient).select_related("by").order_by("-at")
    context = {
        **_hands(_versions(request, patient)),
        "patient": patient,
        "due": plan_due(patient, at=now),
        "talks": talks,
        "treats": Person.objects.filter(pk=patient.pk).filter(access.about(request.person, "pk", at=now)).exists(),
        "now": now,
    }
    return page(request, "safety/plan.html", context)


@require_POST
@staff_only
def review(request: Any, pk: UUID) -> HttpResponse:
    """Both went through it and it still fits."""
    plan = get_object_or_404(SafetyPlan.objects.visible_to(request.person), pk=pk)
    review_plan(plan, by=request.person, at=timezone.now())
    messages.success(request, _("Noted: gone through together today."))
    return redirect("safety-plan", pk=plan.patient_id)


@require_http_methods(["GET", "POST"])
@staff_only
def means_talk(request: Any, pk: UUID) -> HttpResponse:
    """Record a talk about what is within reach. Read by the treating clinicians alone."""
    treated = Person.objects.filter(clinic_id=request.person.clinic_id).patients()
    if not request.person.is_clinician:
        treated = treated.none()
    patient = get_object_or_404(treated.filter(access.about(request.person, "pk")), pk=pk)
    form = MeansTalkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        note_means_talk(patient, **form.cleaned_data, by=request.person, at=timezone.now())
        messages.success(request, _("Kept."))
        return redirect("safety-plan", pk=patient.pk)
    context = {"form": form, "patient": patient}
    return page(request, "safety/means_talk.html", context, status=422 if form.is_bound else 200)
