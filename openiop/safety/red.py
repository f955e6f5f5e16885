"""The director's red list: what has gone wrong or is about to, gravest first. Reads rows and lets the rules judge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from openiop.lib.intervals import Span
from openiop.people.models import Person
from openiop.safety import rail, reviews
from openiop.safety.gaps import WARN_AHEAD
from openiop.safety.models import gaps_ahead

LEFT_ALONE = _("nobody is being paged: the worker has not looked")
CONTACT_OVERDUE = _("contact is overdue")
NOT_TAKEN = _("nobody has taken it in time")
NOT_REACHED = _("not reached yet")


class RedCase(NamedTuple):
    """One open case whose person was not reached. `why` is the gravest reason; `since`: since when it holds."""

    row: rail.OpenCase
    why: Any
    since: datetime
    is_late: bool


class RedList(NamedTuple):
    """Everything that needs a director now.

    `asked`: assessments that an answer or a screen asks for the same day, and that nobody has done. `contactless`:
    people in care of whom no emergency contact is known.
    """

    cases: list[RedCase]
    alone: list[rail.OpenCase]
    gaps: list[Span]
    decisions: list[reviews.DueRow]
    assessments: list[reviews.DueRow]
    plans: list[reviews.DueRow]
    asked: Sequence[reviews.DueRow] = ()
    contactless: Sequence[Person] = ()

    @property
    def is_empty(self) -> bool:
        return not any(self)


def red_list(director: Person, *, at: datetime, asked: Sequence[reviews.DueRow] = ()) -> RedList:
    """Return what is wrong in the clinic at `at`, in a number of queries that does not grow with it.

    `asked`: what answers and screens ask of a clinician, of which safety knows nothing: the caller brings them.
    """
    opened = rail.open_cases(director, at=at)
    rows = [row for row in opened if not row.case.reached]
    return RedList(
        cases=sorted((red_case(row) for row in rows), key=lambda one: (not one.is_late, -one.row.case.tier, one.since)),
        alone=[row for row in opened if row.staying.is_alone or row.is_late_to_stay],
        gaps=[gap for gap in gaps_ahead(director.clinic, at=at) if gap.begins_at <= at + WARN_AHEAD],
        decisions=_late(reviews.due_decisions(director, at=at)),
        assessments=_late(reviews.due_assessments(director, at=at)),
        plans=_late(reviews.due_plans(director, at=at)),
        asked=sorted(asked, key=lambda row: row.due_at),
        contactless=contactless(director, at=at),
    )


def contactless(director: Person, *, at: datetime) -> list[Person]:
    """Return whom nobody near could be called for: in care, without a name or a number that they agreed to."""
    people = reviews.treated_by(director, at=at)
    plans = rail.emergency_plans([one.pk for one in people])
    known = {pk for pk, plan in plans.items() if plan.get("contact_name") and plan.get("contact_phone")}
    return [one for one in people if one.pk not in known]


def red_case(row: rail.OpenCase) -> RedCase:
    case = row.case
    if row.is_left_alone:
        return RedCase(row, LEFT_ALONE, case.next_step_at, True)
    if case.contact_due_at <= row.at:
        return RedCase(row, CONTACT_OVERDUE, case.contact_due_at, True)
    if case.acknowledgement is None and case.ack_due_at <= row.at:
        return RedCase(row, NOT_TAKEN, case.ack_due_at, True)
    return RedCase(row, NOT_REACHED, case.since, False)


def _late(rows: Sequence[reviews.DueRow]) -> list[reviews.DueRow]:
    return sorted((row for row in rows if row.is_late), key=lambda row: row.due_at)
