"""What a hand-over shows: each open case with who has it and what comes next, and whatever else is late. Reads rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from openiop.people.models import Person
from openiop.safety import handover, rail, red
from openiop.safety.models import (
    Case,
    Contact,
    HandOver,
    HandOverWord,
    LeftAtRisk,
    OpenList,
    RiskAssessment,
    left_lately,
    list_of,
    on_call_now,
    who_comes,
)
from openiop.safety.models.handing import those_who_go


@dataclass(frozen=True)
class Waiting:
    """One hand-over that waits, for the rail: between whom, how many cases, and what this reader may do about it."""

    row: HandOver
    goes: list[str]
    comes: Person | None
    open: OpenList
    is_mine: bool
    is_due: bool
    is_late: bool

    @property
    def shown(self) -> str:
        return " ".join(self.open.tokens)

    @property
    def may_take(self) -> bool:
        return self.is_due and not self.is_mine and not self.open.is_empty

    @property
    def may_stay(self) -> bool:
        return self.is_due and self.is_mine and self.row.kind in handover.MAY_STAY and not self.open.is_empty


@dataclass(frozen=True)
class Line:
    """One case on the list. `reads`: whether this reader may read what was said in private."""

    row: rail.OpenCase
    passes: bool
    assessed: RiskAssessment | None
    left: LeftAtRisk | None
    words: list[HandOverWord]
    reads: bool

    @property
    def last_attempt(self) -> Contact | None:
        return max(self.row.case.contacts.all(), key=lambda contact: contact.at, default=None)

    @property
    def is_red(self) -> red.RedCase | None:
        """Why it stands on the director's red list, if it does."""
        return None if self.row.case.reached else red.red_case(self.row)


@dataclass(frozen=True)
class Sheet:
    """The whole list of one hand-over, as one reader may see it."""

    waiting: Waiting
    lines: list[Line]
    late: red.RedList


def waiting(reader: Person, cases: Sequence[Case], *, at: datetime) -> list[Waiting]:
    """Return the hand-overs that wait, the oldest first, in a number of queries that does not grow with them.

    `cases`: the clinic's open cases as the reader's page has them. For those who are no clinicians, none.
    """
    rows = list(HandOver.objects.visible_to(reader).waiting().filter(due_at__lte=at).with_people().order_by("due_at"))
    return _as_shown(rows, reader, cases, at=at) if rows else []


def _as_shown(rows: Sequence[HandOver], reader: Person, cases: Sequence[Case], *, at: datetime) -> list[Waiting]:
    on_call, left = on_call_now(reader.clinic_id, at=at), left_lately(reader.clinic_id, at=at)
    people = _people(rows, on_call)
    found = []
    for row in rows:
        goes, comes = those_who_go(row, on_call), who_comes(row, on_call)
        found.append(
            Waiting(
                row,
                [people[pk].full_name for pk in row.goers if pk in people],
                people.get(comes) if comes else None,
                list_of(row, cases, left),
                is_mine=reader.pk in goes,
                is_due=row.due_at <= at,
                is_late=row.is_late(at=at),
            )
        )
    return found


def _people(rows: Iterable[HandOver], on_call: dict[int, list[UUID]]) -> dict[UUID, Person]:
    ids = {pk for row in rows for pk in row.goers} | set(on_call.get(1, ()))
    named = {row.to_named.pk: row.to_named for row in rows if row.to_named}
    return named | Person.objects.in_bulk(ids)


def sheet(row: HandOver, reader: Person, *, at: datetime) -> Sheet:
    """Return the list of one hand-over that waits, in a number of queries that does not grow with its cases."""
    rows = {one.case.pk: one for one in rail.open_cases(reader, at=at)}
    (shown,) = _as_shown([row], reader, [one.case for one in rows.values()], at=at)
    patients = [case.patient_id for case in shown.open.cases]
    assessed = {
        one.patient_id: one
        for one in RiskAssessment.objects.visible_to(reader).filter(patient__in=patients).order_by("at")
    }
    left = {one.patient_id: one for one in left_lately(reader.clinic_id, at=at)}
    readable = set(Person.objects.visible_to(reader).filter(pk__in=patients).values_list("pk", flat=True))
    said = list(row.words.all())
    lines = [
        Line(
            rows[case.pk],
            row.passes(case),
            assessed.get(case.patient_id),
            left.get(case.patient_id),
            [word for word in said if word.case_id == case.pk],
            not case.holds_private or case.patient_id in readable,
        )
        for case in shown.open.cases
    ]
    return Sheet(shown, sorted(lines, key=_gravest_first), _late_of(row, reader, at=at))


def _gravest_first(line: Line) -> tuple[bool, int, datetime]:
    red_one = line.is_red
    return (not (red_one and red_one.is_late), -line.row.case.tier, line.row.case.since)


def _late_of(row: HandOver, reader: Person, *, at: datetime) -> red.RedList:
    """What else is late: of a session, its own people's. Cases and decisions stand in the lines."""
    found = red.red_list(reader, at=at)
    ours: Any = (lambda one: one.patient.pk in row.patients) if row.kind == "session" else (lambda one: True)
    return red.RedList([], [], found.gaps, [], list(filter(ours, found.assessments)), list(filter(ours, found.plans)))
