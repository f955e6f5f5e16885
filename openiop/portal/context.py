"""What every page's frame needs: who is reading, the clinic's name, the places to go."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from openiop.people.access import SEES_THE_SCHEDULE, Actor, kind_of
from openiop.people.models import Person, Role


def page(request: HttpRequest) -> dict[str, Any]:
    """Return person, clinic, the places of their role with the present one marked, and when the screen locks."""
    person = getattr(request, "person", None)
    if person is None:
        return {"person": None, "clinic": None, "nav": [], "demo": settings.DEMO}
    clinic = person.clinic
    device = kind_of(person) == "device"
    return {
        "person": person,
        "clinic": clinic,
        "nav": [_marked(place, request.path) for place in places(person)],
        "idle_minutes": None if device else clinic.logoff_minutes,
        "demo": settings.DEMO,
    }


def places(person: Actor) -> list[dict[str, Any]]:
    """Return the places in `person`'s navigation, in order: url, label and the letter after `g`."""
    if kind_of(person) == "patient":
        return [
            _place("today", _("Today"), "t"),
            _place("week", _("Week"), "w"),
            _place("me", _("Me"), "m"),
        ]
    if not isinstance(person, Person) or person.kind != Person.STAFF:
        return []
    rows = [
        (True, "desk", _("Today"), "t"),
        (person.is_clinician or person.has_role(Role.INTAKE), "patient-list", _("Patients"), "p"),
        (person.has_role(*SEES_THE_SCHEDULE), "front-desk", _("Arrivals"), "a"),
        (person.is_clinician or person.has_role(Role.INTAKE), "ledger", _("Hours"), "h"),
        (person.is_clinician, "cases", _("Cases"), "c"),
        (person.has_role(Role.BILLING, Role.DIRECTOR), "charges", _("Charges"), "b"),
        (person.has_role(Role.DIRECTOR, Role.INTAKE), "operations", _("Operations"), "o"),
        (person.has_role(Role.PRIVACY, Role.DIRECTOR), "trail", _("Who saw what"), "v"),
    ]
    return [_place(name, label, key) for may, name, label, key in rows if may]


def _place(name: str, label: str, key: str) -> dict[str, Any]:
    return {"url": reverse(name), "label": label, "key": key}


def _marked(place: dict[str, Any], path: str) -> dict[str, Any]:
    return {**place, "current": path == place["url"] or path.startswith(place["url"] + "/")}
