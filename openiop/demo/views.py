"""One-click sign-in as anybody of the fictional clinic. There is no such page unless the demo is on."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from openiop.demo.context import DOMAIN, everybody
from openiop.people import screen, second_factor
from openiop.people.doors import public
from openiop.people.models import Login

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
BECAUSE = (
    "the fictional clinic alone: without OPENIOP_DEMO there is no such page, and production refuses to start with it"
)


@require_GET
@public(BECAUSE)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody of the cast, and what each comes to do."""
    if not settings.DEMO:
        raise Http404
    return render(request, "demo/sign_in.html", {"demo_people": everybody()})


@require_POST
@public(BECAUSE)
def sign_in_as(request: Any, login: UUID) -> HttpResponse:
    """Be this person. Counts as a second factor, and opens a locked screen where they were."""
    if not settings.DEMO:
        raise Http404
    found = get_object_or_404(Login, pk=login, is_active=True, email__endswith=DOMAIN)
    goes_back = request.POST.get("next") == "back" and request.user == found
    where = screen.back_to(request) if goes_back else "/"
    auth.login(request, found, backend=BACKEND)
    request.session[second_factor.SHOWN] = "demo"
    return redirect(where)
