"""The automatic log-off: a screen that nobody has touched for a while locks, and opens again where one was.

The server keeps the clock: what counts is opening a page, sending a form, or the page's own word that somebody
touched it (`still-here`). What pages ask by themselves (fragments, answers sent late, the line's measure) does not.
A locked session reaches no record; a live call and the content-free alarm go on.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from openiop.audit import trail
from openiop.people.models import Login, Person

ACTIVE_AT, LOCKED, BACK_TO, TRIES = "active_at", "locked", "locked_at_page", "unlock_tries"
WRITTEN_EVERY_SECONDS = 30
MOST_TRIES = 5

# By name, since the pages belong to the apps above. `room`: a call that lives may be loaded again. `csrf` gives a
# token and shows no record; with it `room-leaving` takes how somebody leaves, for *not safe* waits for no password, and
# `alert-quiet` a call for help, which shows nothing and waits for none either.
OPEN_WHILE_LOCKED = frozenset(
    "lock unlock account_logout set_language help away offline service-worker alarm alert-quiet room room-leaving csrf "  # noqa: SIM905
    "door-ping demo-sign-in demo-sign-in-as".split()
)


def refuses(request: Any, person: Person, *, name: str, at: datetime) -> HttpResponse | None:
    """Return where to go instead when the screen is locked or has to be now; else note that somebody is there."""
    session = request.session
    now = at.timestamp()
    idle_seconds = now - session.get(ACTIVE_AT, now)
    if idle_seconds > person.logoff_minutes * 60 and not session.get(LOCKED):
        lock(request, back_to=request.get_full_path() if is_page(request) else "/")
    if session.get(LOCKED):
        return None if name in OPEN_WHILE_LOCKED else _to_lock(request)
    if shows_life(request, name=name) and (ACTIVE_AT not in session or idle_seconds > WRITTEN_EVERY_SECONDS):
        session[ACTIVE_AT] = now
    return None


def shows_life(request: HttpRequest, *, name: str) -> bool:
    """Did somebody do this, or did a page ask by itself?"""
    return name == "still-here" or not asked_by_script(request)


def is_page(request: HttpRequest) -> bool:
    """Is this something one can come back to?"""
    return request.method == "GET" and not asked_by_script(request)


def asked_by_script(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" or "application/json" in (
        request.content_type or "",
        request.headers.get("Accept", ""),
    )


def lock(request: Any, *, back_to: str) -> None:
    """Lock this browser's session until the person shows that it is them."""
    request.session[LOCKED] = True
    request.session[BACK_TO] = back_to if is_ours(request, back_to) else "/"
    request.session[TRIES] = 0
    trail.record("screen.lock")


def unlock(request: Any, *, login: Login, password: str, at: datetime) -> bool:
    """Open the screen again. After five wrong passwords the session ends, and one signs in anew."""
    if login.check_password(password):
        for key in (LOCKED, TRIES):
            request.session.pop(key, None)
        request.session[ACTIVE_AT] = at.timestamp()
        trail.record("screen.unlock")
        return True
    request.session[TRIES] = request.session.get(TRIES, 0) + 1
    trail.record("screen.unlock", outcome="refused")
    if request.session[TRIES] >= MOST_TRIES:
        auth.logout(request)
    return False


def back_to(request: Any) -> str:
    """Where the person was when the screen locked; asked once."""
    return str(request.session.pop(BACK_TO, "/"))


def is_ours(request: HttpRequest, url: str) -> bool:
    return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=settings.PRODUCTION)


def _to_lock(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": reverse("lock")})
    return HttpResponseRedirect(reverse("lock"))
