"""What the monthly figures count: same-day assessments, plans in hand, reassessments on time. Pure.

Unattended-risk minutes and the two waits: `openiop.safety.unattended`. Rule and worked examples: docs/rules/quality.md.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from openiop.lib.intervals import Span

NOT_IN_CARE = ""  # the modality of a person without an enrolment on that day


class Assessed(NamedTuple):
    """One assessment, and by when the next was due; None where no clock runs."""

    at: datetime
    due_again_at: datetime | None


class Reassessment(NamedTuple):
    """One that was due: settled when it was done in time, or when it was not by then."""

    settled_at: datetime
    on_time: bool


def month_of(day: date, zone: str) -> Span:
    """Return the month of `day` by the clinic's own clock."""
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    here = ZoneInfo(zone)
    begins, ends = (datetime.combine(each, time.min, here).astimezone(UTC) for each in (first, following))
    return Span(begins, ends)


def same_day(positives: Iterable[datetime], assessed: Sequence[datetime], *, zone: str, until: datetime) -> list[bool]:
    """Return, for each day with a positive of one person, whether a clinician assessed them later that same day.

    Several positives of one day count once, from the first. A day that is not over and waits still is left out.
    """
    here = ZoneInfo(zone)
    first: dict[date, datetime] = {}
    for at in sorted(positives):
        first.setdefault(at.astimezone(here).date(), at)
    today = until.astimezone(here).date()
    found = []
    for day, since in first.items():
        done = any(since <= at <= until and at.astimezone(here).date() == day for at in assessed)
        if done or day < today:
            found.append(done)
    return found


def reassessments(
    assessed: Iterable[Assessed], *, unassessed: Iterable[Assessed] = (), in_care: Iterable[Span], until: datetime
) -> list[Reassessment]:
    """Return what was due of one person and is settled by `until`: done by its time, or not.

    `unassessed`: cases that were closed without an assessment, as if assessed then at their tier. One assessment is due
    at a time: what asks soonest. Whoever was not in care any more when it fell due owed nothing.
    """
    starts = [(one.at, True, one.due_again_at) for one in assessed]
    starts += [(one.at, False, one.due_again_at) for one in unassessed]
    care, found = list(in_care), []
    due_at: datetime | None = None
    for at, is_done, next_due_at in sorted(starts, key=lambda start: start[:2]):
        if at > until:
            break
        if due_at is not None and due_at < at:
            found.append(Reassessment(due_at, False))
            due_at = None
        if is_done:
            found += [Reassessment(at, True)] if due_at else []
            due_at = next_due_at
        else:
            due_at = min(filter(None, (due_at, next_due_at)), default=None)
    if due_at is not None and due_at <= until:
        found.append(Reassessment(due_at, False))
    return [
        one for one in found if one.on_time or any(span.begins_at <= one.settled_at < span.ends_at for span in care)
    ]


def has_plan(signed_by_both: Iterable[datetime], *, until: datetime) -> bool:
    """Was a safety plan in force at `until`: any version that both had signed by then?"""
    return any(at <= until for at in signed_by_both)


def modality_on(day: date, enrolments: Iterable[tuple[str, date, date | None]]) -> str:
    """Return the planned modality of the enrolment that holds on `day`: (modality, first day, first day after)."""
    for modality, begins_on, ends_on in enrolments:
        if begins_on <= day and (ends_on is None or day < ends_on):
            return modality
    return NOT_IN_CARE
