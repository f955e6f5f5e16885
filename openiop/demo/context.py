"""What the sign-in page shows when the demo is on: the cast, each with a button."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from openiop.demo import world
from openiop.people.models import Login

# Only the invented people's addresses: nobody else can be stepped into, whatever else the database holds.
DOMAIN = "@harborstreet.example"


def people(request: HttpRequest) -> dict[str, Any]:
    """A context processor: the list stands on the sign-in page and nowhere else."""
    match = getattr(request, "resolver_match", None)
    if not settings.DEMO or match is None or match.url_name != "account_login":
        return {}
    return {"demo_people": everybody()}


def everybody() -> list[dict[str, str]]:
    """Return those of the cast who are in the clinic: called, what they do, and where to step in as them."""
    logins = dict(
        Login.objects.filter(email__in=[role.email for role in world.CAST], is_active=True).values_list("email", "pk")
    )
    return [
        {"called": role.given, "what": role.what, "url": reverse("demo-sign-in-as", args=[logins[role.email]])}
        for role in world.CAST
        if role.email in logins
    ]
