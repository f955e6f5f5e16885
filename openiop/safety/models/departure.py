"""Leaving the site with a high case open is evidence of its own: whoever was with the person is not any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openiop.lib.each import one_by_one
from openiop.people.models import Clinic
from openiop.safety import ladder
from openiop.safety.assessing import HIGH
from openiop.safety.models.case import HARMED, Case, Flag
from openiop.safety.models.crisis import raise_flag
from openiop.safety.models.whereabouts import Whereabouts

# A worker that was down for longer tells of nobody: days later it would page people for what is over.
LOOKED_BACK = timedelta(hours=6)


def raise_departures(clinic: Clinic, *, at: datetime) -> int:
    """Raise evidence for everybody who left the site while their high case was open; returns how many.

    Read from where people are said to be: the kiosk that notes a departure may read no case. Each is told once.
    """
    cases = {
        case.patient_id: case
        for case in Case.objects.open()
        .filter(clinic_id=clinic.pk, tier__gte=HIGH)
        .select_related("patient__clinic")
        .prefetch_related("flags")
    }
    since = at - LOOKED_BACK
    left = [row for row in _departures(cases) if row.told_at >= max(cases[row.patient_id].opened_at, since)]
    told = set(Flag.objects.filter(patient__in=cases, key__in=map(_key, left)).values_list("key", flat=True))
    new = [row for row in left if _key(row) not in told]
    return sum(one_by_one(lambda row: _raise(cases[row.patient_id], row, at=at), new))


def _departures(cases: dict[Any, Case]) -> list[Whereabouts]:
    """Where somebody who was on site is not any more, and did not say where to."""
    if not cases:
        return []
    rows = Whereabouts.objects.filter(patient__in=cases).order_by("patient_id", "told_at", "pk")
    rows = rows.filter(told_at__gte=min(case.opened_at for case in cases.values()) - Whereabouts.COUNTS_FOR)
    return [
        later
        for _patient, theirs in groupby(rows, key=lambda row: row.patient_id)
        for earlier, later in pairwise(theirs)
        if earlier.place == "on_site" and later.place != "on_site" and not later.address
    ]


def _key(row: Whereabouts) -> str:
    return f"left-site-{row.pk}"


def _raise(case: Case, row: Whereabouts, *, at: datetime) -> None:
    """On a case of which the person's own pages say nothing, this is private too."""
    with timezone.override(case.patient.clinic.zone):
        when = timezone.localtime(row.told_at).strftime("%-I:%M %p")
    raise_flag(
        case.patient,
        key=_key(row),
        evidence=ladder.Evidence("left_site", "with_open_case"),
        label=_("Left the site, or is not there after all, while a case is open"),
        value=when,
        kind=HARMED if case.is_private else "",
        at=at,
    )
