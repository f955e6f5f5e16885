"""Unattended-risk minutes reckoned from the trail alone, to be held against the rows from which the page is made.

Nothing here reads a case, a flag or an enrolment: only what the trail's chain vouches for. docs/rules/quality.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from openiop.audit.models import AuditEvent
from openiop.lib.intervals import Span
from openiop.safety.quality import modality_on
from openiop.safety.unattended import Evidence, Steps, unattended, within

RAISED, TAKEN, TRIED, CLOSED = "flag.raise", "case.acknowledge", "case.contact", "case.close"
DECIDED = "case.decide"
BEGUN, ENDED = "enrolment.begin", "enrolment.end"
VERBS = (RAISED, TAKEN, TRIED, DECIDED, CLOSED, BEGUN, ENDED)


@dataclass
class Told:
    """What the trail tells of one case. `patient_id` is whom it is about."""

    patient_id: UUID | None
    evidence: list[Evidence] = field(default_factory=list)
    taken: list[datetime] = field(default_factory=list)
    reached: list[datetime] = field(default_factory=list)
    closed_at: datetime | None = None
    decided: list[tuple[datetime, datetime | None]] = field(default_factory=list)

    @property
    def steps(self) -> Steps:
        return Steps(self.evidence, self.taken, self.reached, self.closed_at, self.decided)

    @property
    def opened_at(self) -> datetime:
        return min(piece.at for piece in self.evidence)


@dataclass
class _Care:
    modality: str
    first_on: date
    ends_on: date | None = None


@dataclass(frozen=True)
class Reckoned:
    """One case of the month, as the trail has it."""

    modality: str
    unattended: timedelta


@dataclass(frozen=True)
class Trail:
    """What the trail told. `silent`: how many lines, of a time before it said so, name no case, time or modality."""

    cases: dict[UUID, Reckoned]
    silent: int


def reckoned(clinic_id: Any, *, span: Span, zone: str, until: datetime) -> Trail:
    """Return each case's unattended time within `span`, as things stood at `until`.

    Must be asked as somebody who may read the clinic's trail, after its chain was found whole.
    """
    read = _Read()
    events = AuditEvent.objects.filter(clinic_id=clinic_id, verb__in=VERBS, outcome="done")
    for event in events.order_by("link", "at", "id").iterator():
        read.note(event)
    here = ZoneInfo(zone)
    found = {}
    for pk, told in read.cases.items():
        if told.evidence and _touches(told, span, until=until):
            spent = within(unattended(told.steps, until=until), begins_at=span.begins_at, ends_at=span.ends_at)
            modality = modality_on(told.opened_at.astimezone(here).date(), read.care_of(told.patient_id))
            found[pk] = Reckoned(modality, spent)
    return Trail(found, read.silent)


def _touches(told: Told, span: Span, *, until: datetime) -> bool:
    """Was the case open at some time of the month, as far as it has run?"""
    if told.opened_at >= span.ends_at or told.opened_at > until:
        return False
    return told.closed_at is None or told.closed_at > span.begins_at


class _Read:
    """Goes through the trail's lines one by one. The lines of one transaction may come in any order."""

    def __init__(self) -> None:
        self.cases: dict[UUID, Told] = {}
        self.care: dict[Any, dict[str, _Care]] = defaultdict(dict)
        self.silent = 0

    def note(self, event: AuditEvent) -> None:
        try:
            if event.verb in (BEGUN, ENDED):
                self._note_care(event, self.care[event.patient_id])
            else:
                self._note_step(event)
        except KeyError:
            self.silent += 1

    def _note_step(self, event: AuditEvent) -> None:
        """Raises KeyError where the line does not say enough."""
        detail = event.detail
        pk = UUID(event.thing_id if event.verb in (TAKEN, CLOSED) else str(detail["case"]))
        at = datetime.fromisoformat(detail["at"])
        told = self.cases.setdefault(pk, Told(event.patient_id))
        if event.verb == RAISED:
            told.evidence.append(Evidence(at, detail["tier"], detail["contact_minutes"]))
        elif event.verb == TAKEN:
            told.taken.append(at)
        elif event.verb == CLOSED:
            told.closed_at = at
        elif event.verb == DECIDED:
            told.decided.append((at, datetime.fromisoformat(detail["until"]) if detail["until"] else None))
        elif detail["reached"]:
            told.reached.append(at)

    def _note_care(self, event: AuditEvent, care: dict[str, _Care]) -> None:
        if event.verb == BEGUN:
            care[event.thing_id] = _Care(event.detail["modality"], date.fromisoformat(event.detail["first_on"]))
        else:
            care[event.thing_id].ends_on = date.fromisoformat(event.detail["on"]) + timedelta(days=1)

    def care_of(self, patient_id: Any) -> list[tuple[str, date, date | None]]:
        return [(row.modality, row.first_on, row.ends_on) for row in self.care.get(patient_id, {}).values()]


def differing(trail: Mapping[UUID, timedelta], rows: Mapping[UUID, timedelta]) -> list[tuple[UUID, Any, Any]]:
    """Return each case whose time differs, or that stands on one side alone (None on the other)."""
    cases: Iterable[UUID] = sorted({*trail, *rows}, key=str)
    return [(pk, trail.get(pk), rows.get(pk)) for pk in cases if trail.get(pk) != rows.get(pk)]
