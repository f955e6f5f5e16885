"""Who is not on track, by rules that can be read aloud. Each reason says what was seen; none is a verdict.

The rules are the project's own, with published thresholds that come in as arguments, because a clinic may set others.
Cases: docs/rules/scoring.md and tests/cases/track.json.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from openiop.measures.change import Dated, baseline

DETERIORATED = "deteriorated"
SLOW = "expected_response_failed"
ITEM_NINE_ROSE = "item_nine_rose"
MISSED = "missed_sessions"
SILENT = "no_measure"

WEEK_FOUR = timedelta(days=28)
MISSED_WITHIN = timedelta(days=7)
MISSED_MOST = 2
SILENT_DAYS = 10


class Thresholds(NamedTuple):
    """In raw points: reliable worsening; the least fall expected by week four; from where it is still expected."""

    worse_by: float
    fall: int | None = None
    still_from: int | None = None


class Reason(NamedTuple):
    """One rule that holds, and the numbers it holds by."""

    code: str
    before: int
    now: int


def reasons(
    scores: Sequence[Dated],
    *,
    admitted_on: date,
    on: date,
    thresholds: Thresholds,
    item_nine: Sequence[tuple[date, int]] = (),
    missed_on: Sequence[date] = (),
) -> list[Reason]:
    """Return every rule that holds for one person and one measure on a day, the gravest first."""
    so_far = sorted(each for each in scores if each.on <= on)
    return [
        *item_nine_rose(item_nine, on=on),
        *against_baseline(so_far, admitted_on=admitted_on, thresholds=thresholds),
        *missed_sessions(missed_on, on=on),
        *without_measure([each.on for each in so_far], admitted_on=admitted_on, on=on),
    ]


def item_nine_rose(answers: Sequence[tuple[date, int]], *, on: date) -> list[Reason]:
    """The newest answer to the question about death is higher than the one before it."""
    ordered = [value for day, value in sorted(answers) if day <= on]
    if len(ordered) >= 2 and ordered[-1] > ordered[-2]:
        return [Reason(ITEM_NINE_ROSE, ordered[-2], ordered[-1])]
    return []


def against_baseline(scores: Sequence[Dated], *, admitted_on: date, thresholds: Thresholds) -> list[Reason]:
    """The newest score is reliably worse than the baseline, or has not fallen as is expected by week four."""
    first = baseline(scores, admitted_on=admitted_on)
    last = max(scores, default=None)
    if first is None or last is None or last == first:
        return []
    found = []
    if last.total - first.total >= thresholds.worse_by:
        found.append(Reason(DETERIORATED, first.total, last.total))
    if thresholds.fall is not None and thresholds.still_from is not None and last.on >= admitted_on + WEEK_FOUR:
        fell_too_little = first.total - last.total < thresholds.fall
        if fell_too_little and last.total >= thresholds.still_from:
            found.append(Reason(SLOW, first.total, last.total))
    return found


def missed_sessions(days: Sequence[date], *, on: date) -> list[Reason]:
    missed = sum(on - MISSED_WITHIN < day <= on for day in days)
    return [Reason(MISSED, 0, missed)] if missed >= MISSED_MOST else []


def without_measure(days: Sequence[date], *, admitted_on: date, on: date) -> list[Reason]:
    quiet = (on - max([admitted_on, *days])).days
    return [Reason(SILENT, 0, quiet)] if quiet >= SILENT_DAYS else []
