"""Hours in which nobody is on call: found ahead, and an alarm while they last. Pure.

Out of hours is whatever lies outside the clinic's own opening hours, in its own time zone, and the whole of a day on
which it is closed. Wall times are turned into moments day by day: a night with a clock change is as long as it is.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from openiop.lib.intervals import Span, clip, union

AHEAD = timedelta(days=14)
WARN_AHEAD = timedelta(hours=24)
REMIND_EVERY = timedelta(hours=4)
LONGEST_CLOSURE = timedelta(days=10)


def out_of_hours(
    *, opens: time, closes: time, zone: str, closed: Collection[date], begins_at: datetime, ends_at: datetime
) -> list[Span]:
    """Return when staff are not here, between the two moments."""
    here, day, last = [], _day(begins_at, zone) - timedelta(days=1), _day(ends_at, zone)
    while day <= last:
        if day not in closed:
            here.append((_moment(day, opens, zone), _moment(day, closes, zone)))
        day += timedelta(days=1)
    return without([Span(begins_at, ends_at)], here)


def gaps(out: Iterable[tuple[datetime, datetime]], shifts: Iterable[tuple[datetime, datetime]]) -> list[Span]:
    """Return the parts of `out` (out of hours) in which no shift runs."""
    return without(out, shifts)


def without(spans: Iterable[tuple[datetime, datetime]], others: Iterable[tuple[datetime, datetime]]) -> list[Span]:
    """Return what of `spans` none of `others` covers, in UTC and in order."""
    taken, found = union(others), []
    for span in union(spans):
        begins_at = span.begins_at
        for other in clip(taken, begins_at=span.begins_at, ends_at=span.ends_at):
            if begins_at < other.begins_at:
                found.append(Span(begins_at, other.begins_at))
            begins_at = max(begins_at, other.ends_at)
        if begins_at < span.ends_at:
            found.append(Span(begins_at, span.ends_at))
    return found


def alarm_number(gap: Span, *, at: datetime) -> int | None:
    """Which alarm about this gap is due: 0 a day ahead, 1 as it begins, then one every four hours; else None."""
    if not gap.begins_at - WARN_AHEAD <= at < gap.ends_at:
        return None
    return 0 if at < gap.begins_at else 1 + (at - gap.begins_at) // REMIND_EVERY


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _moment(day: date, wall: time, zone: str) -> datetime:
    return datetime.combine(day, wall, ZoneInfo(zone)).astimezone(UTC)
