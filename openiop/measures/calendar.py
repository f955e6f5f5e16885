"""On which days a measure is asked for: pure functions over the dates of one episode of care.

Each moment is a window: it opens on one day, and past its last day the measure counts as not answered. Cases:
tests/measures/test_calendar.py; the table is in docs/rules/asking.md.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from openiop.measures.change import AFTER, BEFORE

LAST_DAYS = timedelta(days=3)  # around the last day in care: design
HALF_WAY = timedelta(days=28)  # after the first day, while the last is mostly not known yet: design
HALF_WAY_BEFORE, HALF_WAY_AFTER = timedelta(days=3), timedelta(days=7)
MONTHS_AFTER = {"month_1": 1, "month_3": 3, "month_6": 6, "month_12": 12}
MONTH_BEFORE, MONTH_AFTER = timedelta(days=7), timedelta(days=14)  # around a follow-up's day: design
GRACE = timedelta(days=2)  # a measure of every so many days may come this late: design


class Rule(NamedTuple):
    """What a track asks for: the instrument, the moment, and its days where the moment is `every`."""

    instrument: str
    moment: str
    every_days: int = 7


def overlaps(rule: Rule, *, recall_days: int) -> bool:
    """Does the rule ask again before the days have passed that a questionnaire looks back on?

    Two answers then speak of the same days in part. Where a version validated for a shorter time exists, that is the
    one to ask; a questionnaire without one time of its own (0) overlaps with nothing.
    """
    again_after = {"weekly": 7, "every": rule.every_days}.get(rule.moment)
    return again_after is not None and again_after < recall_days


class Window(NamedTuple):
    """A measure is wanted from `opens_on` to `due_on`, both included."""

    instrument: str
    moment: str
    opens_on: date
    due_on: date

    def holds(self, day: date) -> bool:
        return self.opens_on <= day <= self.due_on


class Episode(NamedTuple):
    """One time in care. `last_on` is None while it goes on; `group_days` are those with a session."""

    first_on: date
    last_on: date | None
    group_days: Sequence[date] = ()


def windows(
    rules: Iterable[Rule], episode: Episode, *, given: Sequence[tuple[str, date]], on: date, week_starts: str = "sunday"
) -> list[Window]:
    """Return each window that has opened by `on`, the earliest first. `given`: (instrument, day) of the complete."""
    found = [
        window
        for rule in rules
        for window in _of(rule, episode, given=sorted(day for code, day in given if code == rule.instrument), on=on,
                          week_starts=week_starts)
        if window.opens_on <= on
    ]  # fmt: skip
    return sorted(found, key=lambda window: (window.opens_on, window.instrument, window.moment))


def _of(rule: Rule, episode: Episode, *, given: Sequence[date], on: date, week_starts: str) -> list[Window]:
    first, last = episode.first_on, episode.last_on
    if rule.moment == "every":
        return _every(rule, episode, given=given, on=on)
    if rule.moment == "weekly":
        days = [day for day in episode.group_days if first <= day and (last is None or day <= last)]
        return [Window(rule.instrument, rule.moment, start, day) for start, day in _firsts(days, week_starts)]
    if rule.moment == "intake":
        return [Window(rule.instrument, rule.moment, first - BEFORE, first + AFTER)]
    if rule.moment == "half_way":
        opens_on = first + HALF_WAY - HALF_WAY_BEFORE
        stays = last is None or last >= opens_on
        return [Window(rule.instrument, rule.moment, opens_on, first + HALF_WAY + HALF_WAY_AFTER)] if stays else []
    if last is None:
        return []
    if rule.moment == "discharge":
        return [Window(rule.instrument, rule.moment, last - LAST_DAYS, last + LAST_DAYS)]
    day = months_after(last, MONTHS_AFTER[rule.moment])
    return [Window(rule.instrument, rule.moment, day - MONTH_BEFORE, day + MONTH_AFTER)]


def _every(rule: Rule, episode: Episode, *, given: Sequence[date], on: date) -> list[Window]:
    """From so many days after the newest answer, or from the start; one at a time, open until it is answered."""
    if episode.last_on is not None and on > episode.last_on:
        return []
    since = [day for day in given if day < on]
    opens_on = since[-1] + timedelta(days=rule.every_days) if since else episode.first_on
    return [Window(rule.instrument, rule.moment, opens_on, max(on, opens_on))]


def _firsts(days: Iterable[date], week_starts: str) -> list[tuple[date, date]]:
    """Return each week's first day beside the first of `days` in it."""
    shift = 1 if week_starts == "sunday" else 0
    weeks: dict[date, date] = {}
    for day in sorted(days):
        weeks.setdefault(day - timedelta(days=(day.weekday() + shift) % 7), day)
    return list(weeks.items())


def months_after(day: date, months: int) -> date:
    """Return the same day so many months on; the month's last where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(day.year + years, month + 1, number)
        except ValueError:
            continue
    return date(day.year + years, month + 1, day.day)


def unanswered(found: Iterable[Window], *, given: Iterable[tuple[str, date]], on: date) -> list[Window]:
    """Return the windows whose last day has passed without an answer. One of every so many days is late after two."""
    answers = list(given)
    return [window for window in found if _is_late(window, on) and not is_answered(window, answers)]


def _is_late(window: Window, on: date) -> bool:
    return window.opens_on + GRACE < on if window.moment == "every" else window.due_on < on


def is_answered(window: Window, given: Iterable[tuple[str, date]]) -> bool:
    return any(code == window.instrument and window.holds(day) for code, day in given)
