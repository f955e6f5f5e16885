"""Stretches of time: join them, cut them, measure them.

Everything here works on elapsed time. Python subtracts two datetimes of the same zone as if clocks never changed,
so a night with a clock change would gain or lose an hour; every datetime is therefore turned into UTC at the door.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

NO_GAP = timedelta(0)


class Span(NamedTuple):
    """A half-open stretch of time: `begins_at` is inside, `ends_at` is not. Both carry a time zone."""

    begins_at: datetime
    ends_at: datetime


def union(spans: Iterable[tuple[datetime, datetime]], *, gap: timedelta = NO_GAP) -> list[Span]:
    """Return the spans, in UTC and in order, with those that overlap or lie at most `gap` apart joined into one.

    Nothing is ever added before the first or after the last moment of the spans given.
    Raises ValueError for a span that ends before it begins, or a datetime without a zone.
    """
    joined: list[Span] = []
    for span in sorted(in_utc(*span) for span in spans):
        if joined and span.begins_at - joined[-1].ends_at <= gap:
            joined[-1] = Span(joined[-1].begins_at, max(joined[-1].ends_at, span.ends_at))
        else:
            joined.append(span)
    return joined


def clip(spans: Iterable[tuple[datetime, datetime]], *, begins_at: datetime, ends_at: datetime) -> list[Span]:
    """Return what of each span lies between `begins_at` and `ends_at`, in UTC; what lies outside is gone.

    A span without length is kept when it lies inside. Raises ValueError as `union` does.
    """
    window = in_utc(begins_at, ends_at)
    inside = []
    for span in (in_utc(*span) for span in spans):
        begins, ends = max(span.begins_at, window.begins_at), min(span.ends_at, window.ends_at)
        is_instant_inside = span.begins_at == span.ends_at and window.begins_at <= span.begins_at < window.ends_at
        if begins < ends or is_instant_inside:
            inside.append(Span(begins, ends))
    return inside


def overlap(spans: Iterable[tuple[datetime, datetime]], *, begins_at: datetime, ends_at: datetime) -> timedelta:
    """Return how much of the time from `begins_at` to `ends_at` is covered by at least one span."""
    return length(union(clip(spans, begins_at=begins_at, ends_at=ends_at)))


def length(spans: Iterable[Span]) -> timedelta:
    """Return the spans' lengths added up. Spans that overlap count twice: join them first."""
    return sum((span.ends_at - span.begins_at for span in spans), timedelta())


def in_utc(begins_at: datetime, ends_at: datetime) -> Span:
    """Return the stretch in UTC. Raises ValueError if it ends before it begins or has no zone."""
    if begins_at.tzinfo is None or ends_at.tzinfo is None:
        raise ValueError(f"a time without a zone could be any hour: {begins_at} to {ends_at}")
    span = Span(begins_at.astimezone(UTC), ends_at.astimezone(UTC))
    if span.ends_at < span.begins_at:
        raise ValueError(f"ends before it begins: {begins_at} to {ends_at}")
    return span
