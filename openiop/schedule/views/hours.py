"""The hour ledger: a week of everybody, and where each number of one person comes from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from openiop.audit import trail
from openiop.lib.http import page
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person, Role
from openiop.schedule import ledger as weekly
from openiop.schedule.models import Evidence, Kind
from openiop.schedule.views.sessions import parse_date_or

SEES_HOURS = (*CLINICIANS, Role.INTAKE, Role.BILLING)
SAID_PLACES: Any = Evidence._meta.get_field("place").choices
PLACES = dict(SAID_PLACES) | {"hybrid": _("not decided")}

SORTS: dict[str, Any] = {
    "name": lambda week: (week.patient.called.casefold(), week.patient.family_name.casefold()),
    "scheduled": lambda week: week.ledger.scheduled,
    "attended": lambda week: week.ledger.attended,
    "missing": lambda week: week.warning.short_by_minutes,
}
COLUMNS = [
    ("name", _("Patient")),
    ("scheduled", _("Scheduled")),
    ("attended", _("Attended")),
    ("missing", _("Will lack")),
]


@require_safe
@roles(*SEES_HOURS)
def ledger(request: Any) -> HttpResponse:
    """Everybody's week; week, order and filter stand in the address."""
    clinic = request.person.clinic
    week, first_on = _week(request)
    now = timezone.now()
    found = weekly.weeks(
        weekly.enrolled_in(week, reader=request.person, zone=clinic.zone), clinic=clinic, week=week, at=now
    )
    sort = request.GET.get("sort", "name") if request.GET.get("sort") in SORTS else "name"
    falling = request.GET.get("order") == "falling"
    shown = [one for one in found if one.warning.reasons] if request.GET.get("only") == "warned" else found
    trail.record("ledger.open", week=str(first_on))
    return page(
        request,
        "schedule/ledger.html",
        {
            "weeks": sorted(sorted(shown, key=SORTS["name"]), key=SORTS[sort], reverse=falling),
            "warned": [one for one in found if one.warning.reasons and week.ends_at > now],
            "columns": _columns(first_on, sort, falling, request.GET.get("only", "")),
            "kinds": [(kind, Kind(kind).label) for kind in _present(found, "by_kind") if kind in Kind.values],
            "places": [(place, PLACES[place]) for place in _present(found, "by_place")],
            "first_on": first_on,
            "last_on": first_on + timedelta(days=6),
            "before_on": first_on - timedelta(days=7),
            "after_on": first_on + timedelta(days=7),
            "only": request.GET.get("only", ""),
            "is_over": week.ends_at <= now,
        },
    )


@require_safe
@roles(*SEES_HOURS)
def ledger_person(request: Any, pk: Any) -> HttpResponse:
    """One person's week, block by block."""
    clinic = request.person.clinic
    week, first_on = _week(request)
    own = [
        enrolment
        for enrolment in weekly.enrolled_in(week, reader=request.person, zone=clinic.zone)
        if enrolment.patient_id == pk
    ]
    found = weekly.weeks(own, clinic=clinic, week=week, at=timezone.now())
    patient = own[-1].patient if own else get_object_or_404(Person, pk=pk, clinic=clinic, kind=Person.PATIENT)
    trail.record("ledger.open", patient=patient, week=str(first_on))
    one = found[0] if found else None
    return page(
        request,
        "schedule/ledger_person.html",
        {
            "patient": patient,
            "one": one,
            "evenings": weekly.evenings(one) if one else [],
            "first_on": first_on,
            "last_on": first_on + timedelta(days=6),
            "before_on": first_on - timedelta(days=7),
            "after_on": first_on + timedelta(days=7),
        },
    )


def _week(request: Any) -> tuple[Any, date]:
    """The week in which the day of the address lies, else this week."""
    clinic = request.person.clinic
    today = timezone.localdate(timezone=ZoneInfo(clinic.zone))
    week = weekly.week_beginning(clinic, parse_date_or(request.GET.get("week"), today))
    return week, week.begins_at.astimezone(ZoneInfo(clinic.zone)).date()


def _present(found: list[weekly.PatientWeek], split: str) -> list[str]:
    return sorted({name for one in found for name in getattr(one.ledger, split)})


def _columns(first_on: date, sort: str, falling: bool, only: str) -> list[dict[str, Any]]:
    """Each column with the address that sorts by it, the other way round where it does already."""
    columns = []
    for name, label in COLUMNS:
        turned = name == sort and not falling
        query = {"week": str(first_on), "sort": name, "order": "falling" if turned else "rising"}
        columns.append(
            {
                "name": name,
                "label": label,
                "query": urlencode(query | ({"only": only} if only else {})),
                "order": ("descending" if falling else "ascending") if name == sort else "none",
            }
        )
    return columns
