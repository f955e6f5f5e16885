"""Marks on views that say who may come in. A view without a mark is refused by a test: the default is no."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from openiop.people.access import kind_of
from openiop.people.middleware import SUPPORTER_COOKIE
from openiop.people.models import Person

View = Callable[..., HttpResponseBase]


def _door(name: str, *, kinds: tuple[str, ...], roles: tuple[str, ...] = ()) -> Callable[[View], View]:
    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.person is None:
                return to_sign_in(request)
            if kind_of(request.person) not in kinds:
                raise Http404
            if roles and not (isinstance(request.person, Person) and request.person.has_role(*roles)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.door = name  # type: ignore[attr-defined]
        return guarded

    return mark


def to_sign_in(request: Any) -> HttpResponse:
    """Send a stranger to sign in and back; a fragment asked for by a page says so instead of swapping itself in.

    Who came by a supporter's link that is over has no sign-in: they are told so.
    """
    if request.COOKIES.get(SUPPORTER_COOKIE):
        return redirect("visit")
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": reverse("account_login")})
    return redirect_to_login(request.get_full_path())


def public(because: str) -> Callable[[View], View]:
    """Anybody at all, signed in or not, and why that is right."""

    def mark(view: View) -> View:
        @wraps(view)
        def open_to_all(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return view(request, *args, **kwargs)

        open_to_all.door = f"public: {because}"  # type: ignore[attr-defined]
        return open_to_all

    return mark


def signed_in(view: View) -> View:
    """Any patient, member of staff or paired device. Supporters and helpers are none of these: see `in_the_room`."""
    return _door("signed in", kinds=("patient", "staff", "device"))(view)


def in_the_room(view: View) -> View:
    """Whoever may be in a live room: those who are signed in, a supporter by their link, a helper who is booked."""
    return _door("in the room", kinds=("patient", "staff", "device", "supporter", "helper"))(view)


def with_a_screen(view: View) -> View:
    """Whoever signs in and whose screen locks: helpers too. Shows no record."""
    return _door("with a screen", kinds=("patient", "staff", "device", "helper"))(view)


def helpers_only(view: View) -> View:
    return _door("helpers", kinds=("helper",))(view)


def who_work_here(view: View) -> View:
    return _door("who work here", kinds=("staff", "helper"))(view)


def staff_only(view: View) -> View:
    return _door("staff", kinds=("staff",))(view)


def patients_only(view: View) -> View:
    return _door("patients", kinds=("patient",))(view)


def devices_only(view: View) -> View:
    return _door("devices", kinds=("device",))(view)


def roles(*allowed: str) -> Callable[[View], View]:
    """Active staff with one of these roles; other staff are refused with 403."""
    return _door("roles: " + ", ".join(allowed), kinds=("staff",), roles=allowed)
