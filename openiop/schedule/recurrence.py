"""A series as dated sessions: "Mondays, Wednesdays and Thursdays at six" becomes moments in UTC.

The wall clock is what people keep: six in the evening stays six in the evening when the clocks change.
Times that a clock change makes odd: docs/words.md, *series*.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

ALLOWED = re.compile(r"(RRULE:)?FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;[A-Z]+=[A-Z0-9,+-]+)*")
SAID_ELSEWHERE = re.compile(r"\b(UNTIL|BYHOUR|BYMINUTE|BYSECOND)=")


@dataclass(frozen=True, kw_only=True)
class Exceptions:
    """Dates on which the series does not do as its rule says. `moved` gives the new date and wall time."""

    cancelled: frozenset[date] = frozenset()
    moved: Mapping[date, tuple[date, time]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One dated session. `on` is the date the rule gave, which names it for good, even after it was moved."""

    on: date
    begins_at: datetime
    moved: bool = False


class RuleNotUnderstood(ValueError):
    """The recurrence rule is malformed, or says what belongs in a field of its own."""


class NoSuchOccurrence(ValueError):
    """An exception names a date on which the series has no session, or names one date twice."""


def unfold(
    rule: str,
    *,
    starts: time,
    zone: str,
    first_on: date,
    until: date,
    exceptions: Exceptions | None = None,
    from_on: date | None = None,
) -> list[Occurrence]:
    """Return the sessions of a series up to and including `until`, by date of the rule, beginnings in UTC.

    `rule` is an RFC 5545 RRULE; `first_on` fixes its phase (every other week counts from there), and `from_on`
    leaves out what came before. Exceptions outside the dates asked for are passed over.

    A wall time that a spring change skips moves forward by the hour that was skipped (2:30 becomes 3:30).
    A wall time that an autumn change repeats means the first of the two.

    Raises RuleNotUnderstood and NoSuchOccurrence.
    """
    exceptions = exceptions or Exceptions()
    shown_from = from_on or first_on
    dates = [on for on in _dates(rule, first_on=first_on, until=until) if on >= shown_from]
    _check(exceptions, dates=dates, shown_from=max(shown_from, first_on), until=until)
    return [_occurrence(on, starts, zone, exceptions) for on in dates if on not in exceptions.cancelled]


def moment(on: date, wall: time, *, zone: str) -> datetime:
    """Return the moment in UTC at which clocks in `zone` show `wall`; odd times as `unfold` says."""
    return datetime.combine(on, wall.replace(fold=0, tzinfo=None), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _dates(rule: str, *, first_on: date, until: date) -> list[date]:
    text = rule.strip().upper()
    if SAID_ELSEWHERE.search(text):
        raise RuleNotUnderstood(f"the last day and the hour have fields of their own: {rule}")
    if not ALLOWED.fullmatch(text):
        raise RuleNotUnderstood(f"not a daily, weekly, monthly or yearly rule: {rule}")
    try:
        parsed = rrulestr(text, dtstart=datetime.combine(first_on, time()))
    except (ValueError, TypeError) as fault:
        raise RuleNotUnderstood(f"{rule}: {fault}") from fault
    return [moment.date() for moment in parsed.between(*_days(first_on, until), inc=True)]


def _days(first_on: date, until: date) -> tuple[datetime, datetime]:
    return datetime.combine(first_on, time()), datetime.combine(until, time())


def _check(exceptions: Exceptions, *, dates: list[date], shown_from: date, until: date) -> None:
    twice = exceptions.cancelled & exceptions.moved.keys()
    if twice:
        raise NoSuchOccurrence(f"both cancelled and moved: {_listed(twice)}")
    named = exceptions.cancelled | exceptions.moved.keys()
    missing = {on for on in named if shown_from <= on <= until} - set(dates)
    if missing:
        raise NoSuchOccurrence(f"the series has no session on {_listed(missing)}")


def _occurrence(on: date, starts: time, zone: str, exceptions: Exceptions) -> Occurrence:
    if on in exceptions.moved:
        new_on, new_wall = exceptions.moved[on]
        return Occurrence(on=on, begins_at=moment(new_on, new_wall, zone=zone), moved=True)
    return Occurrence(on=on, begins_at=moment(on, starts, zone=zone))


def _listed(dates: set[date] | frozenset[date]) -> str:
    return ", ".join(str(on) for on in sorted(dates))
