"""What every page's frame needs: who is reading, the clinic's name, the places to go."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from openiop.people import screen
from openiop.people.access import SEES_THE_SCHEDULE, Actor, kind_of
from openiop.people.models import Device, Person, Role
from openiop.safety.models import Case


def page(request: HttpRequest) -> dict[str, Any]:
    """Return person, clinic, the places of their role with the present one marked, and when the screen locks."""
    person = getattr(request, "person", None)
    if person is None:
        return {"person": None, "clinic": None, "nav": [], "demo": settings.DEMO}
    return {
        "person": person,
        "clinic": person.clinic,
        # Asked only by pages with a frame: a fragment costs no counts.
        "nav": SimpleLazyObject(lambda: marked(places(person), request.path)),
        "idle_minutes": None if request.session.get(screen.LOCKED) else idle_minutes(person),
        "demo": settings.DEMO,
    }


def idle_minutes(person: Person | Device) -> int | None:
    """After how long without a touch the page clears itself. A room's camera is never touched, so never.

    Nor does a supporter's: no password of theirs could open it again.
    """
    if isinstance(person, Person) and person.kind == Person.SUPPORTER:
        return None
    if isinstance(person, Person):
        return person.logoff_minutes
    return person.clinic.kiosk_logoff_minutes if person.kind == Device.KIOSK else None


def places(person: Actor) -> list[dict[str, Any]]:
    """Return the places in `person`'s navigation, in order: url, label, the letter after `g`, and what waits there."""
    if kind_of(person) == "patient":
        return [
            _place("today", _("Today"), "t"),
            _place("week", _("Week"), "w"),
            _place("my-plan", _("Plan"), "p"),
            _place("me", _("Me"), "m"),
        ]
    if not isinstance(person, Person) or person.kind != Person.STAFF:
        return []
    rows = [
        (True, "desk", _("Today"), "t"),
        (person.is_clinician or person.has_role(Role.INTAKE), "patient-list", _("Patients"), "p"),
        (person.is_clinician, "caseload", _("Caseload"), "l"),
        (person.has_role(*SEES_THE_SCHEDULE), "front-desk", _("Arrivals"), "a"),
        (person.is_clinician or person.has_role(Role.INTAKE), "ledger", _("Hours"), "h"),
        (person.is_clinician, "cases", _("Cases"), "c"),
        (person.is_clinician or person.has_role(Role.PRIVACY), "restricted-list", _("Restricted"), "r"),
        (person.has_role(Role.BILLING, Role.DIRECTOR), "charges", _("Charges"), "b"),
        (person.has_role(Role.DIRECTOR, Role.INTAKE), "operations", _("Operations"), "o"),
        (person.has_role(Role.PRIVACY, Role.DIRECTOR), "trail", _("Who saw what"), "v"),
    ]
    waiting = {"cases": Case.objects.visible_to(person).open().count()} if person.is_clinician else {}
    return [_place(name, label, key, waiting.get(name, 0)) for may, name, label, key in rows if may]


def _place(name: str, label: str, key: str, count: int = 0) -> dict[str, Any]:
    return {"url": reverse(name), "label": label, "key": key, "count": count}


def marked(found: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """Mark the place one is at: the one whose address goes furthest with `path`, and no other."""
    at = [place["url"] for place in found if path == place["url"] or path.startswith(place["url"] + "/")]
    return [{**place, "current": place["url"] == max(at, key=len, default=None)} for place in found]
