"""How somebody comes in for the first time: an invitation's link, or a device's code."""

import secrets
from typing import Any

from allauth.account.utils import perform_login
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from openiop.audit import trail
from openiop.people import access
from openiop.people.doors import public
from openiop.people.forms import PairingForm, PasswordForm
from openiop.people.middleware import DEVICE_COOKIE, origin_of
from openiop.people.models import Device, Invitation, hashed

DEVICE_COOKIE_SECONDS = 400 * 24 * 3600  # the longest that browsers keep one


@never_cache
@require_http_methods(["GET", "POST"])
@public("whoever opens the link holds its token and is nobody yet")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a password with the link, once; then sign in, with the second factor if there is one already."""
    found = _invitation(token)
    if found is None:
        return render(request, "people/invitation_over.html", status=404)
    form = PasswordForm(request.POST or None, login=found.login)
    if request.method == "POST" and form.is_valid() and _use(request, found, form.cleaned_data["password"]):
        auth.logout(request)
        return perform_login(request, found.login, email=found.login.email)
    return render(request, "people/invitation.html", {"form": form}, status=422 if form.is_bound else 200)


def _invitation(token: str) -> Invitation | None:
    rows = Invitation.objects.raw("SELECT * FROM invitation_of_token(%s, %s)", [hashed(token), timezone.now()])
    return next(iter(rows), None)


def _use(request: HttpRequest, found: Invitation, password: str) -> bool:
    person = access.person_of(found.login_id)
    if person is None or not person.active:
        return False
    with access.acting(person, origin=origin_of(request)):
        found.person = person
        return found.use(password=password, at=timezone.now())


@never_cache
@require_http_methods(["GET", "POST"])
@public("a tablet has no sign-in; it brings a code that a director made")
def pair(request: HttpRequest) -> HttpResponse:
    """Exchange a pairing code for the device's cookie. Whoever was signed in here is signed out."""
    form = PairingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not ratelimit.consume(request, action="login_failed", key="pairing"):
            form.add_error("code", _("Too many tries. Wait a minute and try again."))
        elif (token := secrets.token_urlsafe(32)) and (device := _pair(form.cleaned_data["code"], token)):
            return _with_cookie(request, device, token)
        else:
            form.add_error("code", _("This code is not, or no longer, good. Make a new one on the page “Devices”."))
    return render(request, "people/pair.html", {"form": form}, status=422 if form.is_bound else 200)


def _pair(code: str, token: str) -> Device | None:
    rows = Device.objects.raw("SELECT * FROM pair_device(%s, %s, %s)", [hashed(code), hashed(token), timezone.now()])
    device = next(iter(rows), None)
    if device:
        with access.acting(device):
            trail.record("device.pair", thing=device)
    return device


def _with_cookie(request: Any, device: Device, token: str) -> HttpResponse:
    if request.user.is_authenticated:
        auth.logout(request)
    response = redirect("kiosk" if device.kind == Device.KIOSK else "site-room")
    response.set_cookie(
        DEVICE_COOKIE,
        token,
        max_age=DEVICE_COOKIE_SECONDS,
        httponly=True,
        secure=settings.PRODUCTION,
        samesite="Strict",
    )
    return response
