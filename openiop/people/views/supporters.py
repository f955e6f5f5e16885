"""Supporters: what a patient lets them know, and how one comes in by a link that works once."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import auth, messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.people import access
from openiop.people.doors import patients_only, public, roles
from openiop.people.forms import SupporterForm
from openiop.people.middleware import SUPPORTER_COOKIE, origin_of
from openiop.people.models import Person, hashed
from openiop.people.support import SupporterConsent, SupporterLink
from openiop.people.views.patients import MAY_OBTAIN

COOKIE_OUTLASTS = timedelta(days=30)  # the link, whose meeting may be moved by some weeks

# --- staff ---


@require_http_methods(["GET", "POST"])
@roles(*MAY_OBTAIN)
def of_patient(request: Any, pk: UUID) -> HttpResponse:
    """A patient's supporters and what each may know; and naming another one."""
    patient = get_object_or_404(Person.objects.visible_to(request.person).patients(), pk=pk)
    form = SupporterForm(request.POST or None, initial={"language": patient.language, "may_know": ["meetings"]})
    if request.method == "POST" and form.is_valid():
        _name(patient, form.cleaned_data, by=request.person)
        messages.success(request, _("Kept."))
        return redirect("supporter-list", pk=pk)
    trail.record("patient.supporters", patient=patient, thing=patient)
    context = {"patient": patient, "form": form, "consents": _standing(patient), "now": timezone.now()}
    return render(request, "people/supporters.html", context, status=422 if form.is_bound else 200)


def _name(patient: Person, said: dict[str, Any], *, by: Person) -> None:
    now = timezone.now()
    supporter = Person.objects.create(
        clinic_id=patient.clinic_id,
        kind=Person.SUPPORTER,
        given_name=said["given_name"],
        family_name=said["family_name"],
        called=said["given_name"],
        phone=said["phone"],
        language=said["language"],
        zone=patient.zone,
    )
    consent = SupporterConsent.ask(
        patient, supporter, relation=said["relation"], may_know=said["may_know"], by=by, at=now
    )
    if said["signed"]:
        consent.give(by=by, at=now)


def _standing(patient: Person) -> list[SupporterConsent]:
    rows = SupporterConsent.objects.standing().filter(patient=patient).select_related("supporter")
    return list(rows.order_by("supporter__called", "asked_at"))


@require_POST
@roles(*MAY_OBTAIN)
def signature(request: Any, pk: UUID) -> HttpResponse:
    """The patient has signed on paper."""
    consent = _consent_of_a_patient(request, pk)
    consent.give(by=request.person, at=timezone.now())
    return redirect("supporter-list", pk=consent.patient_id)


@require_POST
@roles(*MAY_OBTAIN)
def withdrawal(request: Any, pk: UUID) -> HttpResponse:
    """The patient told staff that they take it back."""
    consent = _consent_of_a_patient(request, pk)
    consent.withdraw(by=request.person, at=timezone.now())
    messages.success(request, _("Taken back. They may know nothing more from now on."))
    return redirect("supporter-list", pk=consent.patient_id)


def _consent_of_a_patient(request: Any, pk: UUID) -> SupporterConsent:
    patients = Person.objects.visible_to(request.person).patients()
    return get_object_or_404(SupporterConsent, pk=pk, patient__in=patients)


# --- the patient ---


@require_GET
@patients_only
def mine(request: Any) -> HttpResponse:
    """Whom I want beside me, and what each may know; to agree to, or to take back."""
    context = {"consents": _standing(request.person), "now": timezone.now()}
    return render(request, "people/my_supporters.html", context)


@require_POST
@patients_only
def agreement(request: Any, pk: UUID) -> HttpResponse:
    get_object_or_404(SupporterConsent, pk=pk, patient=request.person).give(by=request.person, at=timezone.now())
    messages.success(request, _("Thank you. It is kept."))
    return redirect("my-supporters")


@require_POST
@patients_only
def my_withdrawal(request: Any, pk: UUID) -> HttpResponse:
    get_object_or_404(SupporterConsent, pk=pk, patient=request.person).withdraw(by=request.person, at=timezone.now())
    messages.success(request, _("Taken back. They may know nothing more from now on."))
    return redirect("my-supporters")


# --- the supporter ---


@never_cache
@require_http_methods(["GET", "POST"])
@public("whoever opens the link holds its token and is nobody yet")
def arrival(request: Any, token: str) -> HttpResponse:
    """Come in with a link, once: by a press, because mail programs open links by themselves to look at them."""
    if _came_by(request, token):
        return redirect("visit")
    found = SupporterLink.objects.raw("SELECT * FROM supporter_link_of_token(%s, %s)", [hashed(token), timezone.now()])
    if not list(found):
        return _over(request)
    if request.method == "POST":
        return _come_in(request, token)
    return render(request, "people/visit_link.html")


def _came_by(request: Any, token: str) -> bool:
    """Is this the browser that used this link already?"""
    link = getattr(request.person, "link", None)
    return bool(link and link.token_hash == hashed(token))


def _come_in(request: Any, token: str) -> HttpResponse:
    cookie, now = secrets.token_urlsafe(32), timezone.now()
    used = SupporterLink.objects.raw(
        "SELECT * FROM use_supporter_link(%s, %s, %s)", [hashed(token), hashed(cookie), now]
    )
    link = next(iter(used), None)
    supporter = access.supporter_of(hashed(cookie), at=now)
    if link is None or supporter is None:
        return _over(request)
    with access.acting(supporter, origin=origin_of(request)):
        trail.record("supporter.link-use", thing=link)
    if request.user.is_authenticated:
        auth.logout(request)
    response = redirect("room", pk=link.session_id)
    # The link says when it is over, and moves with the meeting; the browser must not forget it before that.
    kept_until = link.ends_at + COOKIE_OUTLASTS
    response.set_cookie(
        SUPPORTER_COOKIE, cookie, expires=kept_until, httponly=True, secure=settings.PRODUCTION, samesite="Strict"
    )
    return response


@never_cache
@require_GET
@public("a supporter whose link is over is nobody any more, and is told what to do")
def visit(request: Any) -> HttpResponse:
    """Where a supporter is when not in the room: the way back in, or what to do when the link is over."""
    link = getattr(request.person, "link", None)
    return render(request, "people/visit.html", {"link": link}) if link else _over(request)


def _over(request: Any) -> HttpResponse:
    """The same page whatever the reason: used, over, revoked, taken back, or never there.

    A cookie that opens nothing goes, so that somebody else on this device finds the sign-in again.
    """
    response = render(request, "people/visit_over.html", status=404)
    if getattr(request.person, "link", None) is None:
        response.delete_cookie(SUPPORTER_COOKIE, samesite="Strict")
    return response
