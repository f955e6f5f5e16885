"""Everything about one patient in one order of time, as far as the reader may see each, newest first.

Put together from the rows themselves; nothing is kept a second time. Each line is short and leads to its source. A page
is read from where the one before ended (`Place`), so that what is written meanwhile moves nothing.
Rule: docs/rules/timeline.md.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from openiop.people.models import Person
from openiop.portal.timeline import acted, said, seen
from openiop.portal.timeline.line import KINDS, Line, Place, Reading

__all__ = ["KINDS", "Line", "Place", "Shown", "timeline"]

MOST = 60
SOURCES = {
    "check_ins": (said.check_ins,),
    "measures": (said.measures,),
    "messages": (said.messages,),
    "signals": (said.signals,),
    "observations": (seen.observations,),
    "results": (seen.results, seen.events),
    "medication": (seen.medication,),
    "flags": (acted.flags,),
    "case": (acted.taken, acted.contacts, acted.decisions, acted.assessments, acted.closures),
    "attendance": (seen.attendance,),
    "plans": (acted.safety_plans, acted.signatures, acted.reviews, acted.treatment_plans),
}


class Shown(NamedTuple):
    """One page: its lines, and where the next older page begins; None where there is nothing older."""

    lines: Sequence[Line]
    older: Place | None


def timeline(
    patient: Person, *, reader: Person, language: str, kinds: Collection[str] = (), before: Place | None = None
) -> Shown:
    """Return one page of `kinds` (all where none is named), in a number of queries that does not grow with the rows."""
    reading = Reading(patient, reader, language, before, MOST)
    chosen = [code for code, _label in KINDS if code in kinds] or [code for code, _label in KINDS]
    lines = [line for kind in chosen for source in SOURCES[kind] for line in source(reading)]
    lines.sort(key=lambda line: line.place, reverse=True)
    page = lines[:MOST]
    return Shown(page, page[-1].place if len(lines) > MOST else None)
