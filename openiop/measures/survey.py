"""What patients say of the program, for each way of taking part: counts without names, and none that are small."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from openiop.lib.estimates import wilson
from openiop.measures import asking
from openiop.measures.answering import current_answers
from openiop.measures.models import Response
from openiop.people.models import Clinic
from openiop.programs.models import Enrolment

SMALLEST = 11  # people; the CMS custom for small cells, unconfirmed
LOOKS_BACK = timedelta(days=365)
AGREES_FROM = 2  # mostly, fully


class Share(NamedTuple):
    """Of `n` people, `agreed` said mostly or fully; the 95 % interval of that share lies between `low` and `high`."""

    n: int
    agreed: int
    low: float
    high: float


class Part(NamedTuple):
    """One way of taking part: its people, and a share for each question. No shares where the people are few."""

    modality: str
    n: int | None
    shares: dict[str, Share]


def share(values: Sequence[int]) -> Share:
    agreed = sum(value >= AGREES_FROM for value in values)
    return Share(len(values), agreed, *wilson(agreed, len(values)))


def part(modality: str, said: Sequence[dict[str, int]], *, items: Sequence[str]) -> Part:
    """Return what the people of one modality said; nothing, not even how many, where they are fewer than SMALLEST."""
    if len(said) < SMALLEST:
        return Part(modality, None, {})
    return Part(modality, len(said), {item: share([row[item] for row in said]) for item in items})


def results(clinic: Clinic, *, on: date) -> list[Part]:
    """Return the results of the past year, by modality; each person counts once, with their newest answers."""
    items = [item.code for item in asking.newest(asking.SURVEY).items if item.kind == "choice"]
    newest = _newest(clinic, on=on)
    modalities = _modalities(clinic, newest)
    said: dict[str, list[dict[str, int]]] = {}
    for response in newest:
        if modality := modalities.get(response.patient_id):
            said.setdefault(modality, []).append(current_answers(response))
    return [part(modality, said[modality], items=items) for modality in sorted(said)]


def _newest(clinic: Clinic, *, on: date) -> QuerySet[Response]:
    rows = Response.objects.filter(clinic=clinic, instrument=asking.SURVEY, completed_at__isnull=False)
    rows = rows.filter(for_day__range=(on - LOOKS_BACK, on))
    return rows.order_by("patient", "-for_day").distinct("patient").prefetch_related("answers")


def _modalities(clinic: Clinic, newest: QuerySet[Response]) -> dict[UUID, str]:
    """How each took part when they answered, or last before: a survey at the end may come days after it."""
    days = {row.patient_id: row.for_day for row in newest}
    found: dict[UUID, str] = {}
    rows = Enrolment.objects.filter(clinic=clinic, patient__in=days).order_by("during__startswith")
    for patient_id, modality, during in rows.values_list("patient", "modality", "during"):
        if during.lower <= days[patient_id]:
            found[patient_id] = modality
    return found
