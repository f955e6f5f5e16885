"""What a browser needs whoever sits at it: the lock, a fresh token, the page for when there is no line."""

from typing import Any

from django.contrib import messages
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.people import screen
from openiop.people.doors import public, who_work_here, with_a_screen
from openiop.people.forms import UnlockForm
from openiop.people.models import Device


@require_http_methods(["GET", "POST"])
@with_a_screen
def lock(request: Any) -> HttpResponse:
    """GET: the locked screen. POST: lock now, which the page does by itself when nobody touched it."""
    if isinstance(request.person, Device):
        return redirect("home")
    if request.method == "POST" and not request.session.get(screen.LOCKED):
        screen.lock(request, back_to=request.POST.get("next", "/"))
        return redirect("lock")
    if not request.session.get(screen.LOCKED):
        return redirect("home")
    return _locked(request, UnlockForm())


def _locked(request: Any, form: UnlockForm, *, status: int = 200) -> HttpResponse:
    return render(request, "people/lock.html", {"form": form, "locked": True}, status=status)


@require_POST
@with_a_screen
def unlock(request: Any) -> HttpResponse:
    """Open the screen again, where one was."""
    form = UnlockForm(request.POST)
    if isinstance(request.person, Device) or not form.is_valid():
        return redirect("lock")
    login = request.user
    if screen.unlock(request, login=login, password=form.cleaned_data["password"], at=timezone.now()):
        return redirect(screen.back_to(request))
    if not request.user.is_authenticated:
        messages.info(request, _("That was one try too many. Please sign in again."))
        # Somebody who does not know the password holds this phone: what it keeps for its owner goes as well.
        return redirect(f"{reverse('account_login')}?forget=1")
    form.add_error("password", _("That is not it. Please try again."))
    return _locked(request, form, status=422)


@require_POST
@with_a_screen
def still_here(request: HttpRequest) -> HttpResponse:
    """The page's own word that somebody touched it; `screen.refuses` has noted it on the way here."""
    return HttpResponse(status=204)


@require_GET
@public("a page with answers to send asks who is signed in; strangers are told nobody")
def csrf(request: Any) -> HttpResponse:
    """A fresh token, and whose it is: answers kept on a device are sent under no other sign-in."""
    person = request.person
    return JsonResponse(
        {"token": get_token(request), "person": str(person.pk) if person else None},
        headers={"Cache-Control": "no-store"},
    )


@require_GET
@who_work_here
def second_factor(request: HttpRequest) -> HttpResponse:
    """Whoever works here and has none yet chooses one before anything else."""
    return render(request, "people/second_factor.html")


@require_GET
@public("the browser fetches it before anybody signs in; it holds no data")
def service_worker(request: HttpRequest) -> HttpResponseBase:
    """At the root, because a service worker may answer only for what lies under its own address."""
    path = finders.find("sw.js") or (staticfiles_storage.path("sw.js") if staticfiles_storage.exists("sw.js") else None)
    if not path:
        raise Http404
    return FileResponse(
        open(path, "rb"),
        content_type="text/javascript",
        headers={"Cache-Control": "no-cache"},
    )


@require_GET
@public("the page that opens without a line; it is kept by the browser and names no clinic")
def offline(request: HttpRequest) -> HttpResponse:
    return render(request, "offline.html")


@require_GET
@public("where one leaves to quickly; dull on purpose")
def away(request: HttpRequest) -> HttpResponse:
    return render(request, "away.html")
