"""What every page's frame needs: who is reading, the clinic's name, the places to go."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    person = getattr(request, "person", None)
    return {
        "person": person,
        "clinic": person.clinic if person else None,
        "nav": [],
        "idle_minutes": person.clinic.logoff_minutes if person else None,
        "in_call": False,
        "demo": settings.DEMO,
    }
