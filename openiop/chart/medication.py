"""What somebody takes: the list, read off the changes that were written down. Pure; rules in docs/rules/medication.md.

A change is begun, taken already (when somebody first wrote it down), a new dose, or stopped. A correction is the next
version of a change; the newest counts, and one that was entered in error does not count at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple, Protocol
from uuid import UUID

BEGUN, TAKEN, DOSE, STOPPED = "begun", "taken", "dose", "stopped"
OPENING = (BEGUN, TAKEN)
# On one day first what opens, then what changes, then what ends.
TURN = {BEGUN: 0, TAKEN: 0, DOSE: 1, STOPPED: 2}

BEFORE_IT_BEGAN = "medication_changes_after_it_began"
AFTER_IT_STOPPED = "medication_changes_before_it_stopped"
STOPPED_TWICE = "medication_stops_once"
NOT_THERE = "medication_is_there"
BEFORE_BIRTH = "medication_after_birth"
NOT_YET = "medication_not_before_it_was"


class Change(Protocol):
    """What is asked of one version of a change. `medication`: the root of the change that opened it."""

    @property
    def medication(self) -> UUID: ...
    @property
    def root(self) -> UUID: ...
    @property
    def version(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def happened_on(self) -> date: ...
    @property
    def in_error(self) -> bool: ...
    @property
    def name(self) -> str: ...
    @property
    def dose(self) -> str: ...


class Medication(NamedTuple):
    """One medication from its opening to its newest change, in the order in which they happened."""

    changes: tuple[Any, ...]

    @property
    def opening(self) -> Any:
        return self.changes[0]

    @property
    def last(self) -> Any:
        return self.changes[-1]

    @property
    def name(self) -> str:
        return str(self.opening.name)

    @property
    def dose(self) -> str:
        """The dose that was said last; nothing where nobody said one."""
        return next((each.dose for each in reversed(self.changes) if each.dose), "")

    @property
    def is_stopped(self) -> bool:
        return bool(self.last.kind == STOPPED)

    @property
    def begun_on(self) -> date | None:
        """None where it was taken already: nobody knows since when."""
        return self.opening.happened_on if self.opening.kind == BEGUN else None


def listed(rows: Iterable[Change]) -> list[Medication]:
    """Return every medication that stands, whether it is taken or was stopped, by name.

    Where the opening was entered in error, whatever was written of that medication goes with it.
    """
    by_medication: dict[UUID, list[Change]] = {}
    for row in newest(rows):
        if not row.in_error:
            by_medication.setdefault(row.medication, []).append(row)
    found = [
        Medication(tuple(sorted(changes, key=_turn)))
        for medication, changes in by_medication.items()
        if any(each.root == medication for each in changes)
    ]
    return sorted(found, key=lambda each: (each.name.casefold(), _turn(each.opening)))


def current(rows: Iterable[Change]) -> list[Medication]:
    """Return what is taken now, as far as anybody wrote down."""
    return [each for each in listed(rows) if not each.is_stopped]


def newest(rows: Iterable[Change]) -> list[Change]:
    """Return the newest version of every change, those in error too."""
    found: dict[UUID, Change] = {}
    for row in rows:
        if row.root not in found or row.version > found[row.root].version:
            found[row.root] = row
    return list(found.values())


def _turn(row: Change) -> tuple[date, int, UUID]:
    return (row.happened_on, TURN[row.kind], row.root)


def named_twice(medications: Iterable[Medication]) -> set[str]:
    """Return the names, folded, that stand more than once: two strengths, or one medication written down twice."""
    counted = Counter(each.name.casefold() for each in medications)
    return {name for name, count in counted.items() if count > 1}


def why_not(rows: Iterable[Change], *, born_on: date | None, today: date) -> str | None:
    """Return the constraint that these rows break together, or None. `today` is the clinic's."""
    for each in listed(rows):
        days = [change.happened_on for change in each.changes]
        stops = [change.happened_on for change in each.changes if change.kind == STOPPED]
        opened_on = next(change.happened_on for change in each.changes if change.root == change.medication)
        if max(days) > today:
            return NOT_YET
        if born_on and min(days) < born_on:
            return BEFORE_BIRTH
        if min(days) < opened_on:
            return BEFORE_IT_BEGAN
        if len(stops) > 1:
            return STOPPED_TWICE
        if stops and max(days) > stops[0]:
            return AFTER_IT_STOPPED
    return None
