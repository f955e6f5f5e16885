"""The hour ledger: what a week owed a person and what they had of it.

All amounts are whole minutes; hours are for showing. Only blocks that count belong in here (breaks do not).
Rule and worked examples: docs/rules/hours.md.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from openiop.lib.intervals import Span

WeekStart = Literal["sunday", "monday"]


class Delivered(NamedTuple):
    """One block that counts, as one person had it. Attended stays 0 until it has happened."""

    begins_at: datetime
    minutes_scheduled: int
    minutes_attended: int
    kind: str
    place: str


class Minutes(NamedTuple):
    scheduled: int
    attended: int


class Ledger(NamedTuple):
    """A week in minutes. A shortfall is how much the minimum lacks, never less than 0."""

    scheduled: int
    attended: int
    by_kind: Mapping[str, Minutes]
    by_place: Mapping[str, Minutes]
    shortfall_scheduled: int
    shortfall_attended: int


class EarlyWarning(NamedTuple):
    """What is wrong with a week while it can still be mended. No reasons: nothing is wrong."""

    reasons: tuple[str, ...]
    reachable_minutes: int
    short_by_minutes: int


class Minimum(NamedTuple):
    """How many minutes a week the level of care asks for. `effective_to` is the first day it no longer holds."""

    age_group: Literal["adult", "adolescent"]
    minutes: int
    effective_from: date | None
    effective_to: date | None
    source: str
    trust: Literal["read", "recalled", "design"]


PLAN_BELOW_MINIMUM = "hours.plan_below_minimum"
CANNOT_REACH_MINIMUM = "hours.cannot_reach_minimum"

MINIMA = (
    Minimum(
        "adult",
        540,
        date(2024, 1, 1),
        None,
        "Medicare IOP benefit (CAA 2023, section 4124): a physician certifies a need of at least 9 hours a week; "
        "read in secondary sources",
        "read",
    ),
    Minimum(
        "adolescent",
        360,
        None,
        None,
        "ASAM level 2.1: at least 6 hours a week for adolescents; read in secondary sources",
        "read",
    ),
)


class NoMinimum(LookupError):
    """No row of the table is in force on that day; the caller must not guess one."""


def minimum_for(age_group: str, *, on: date, minima: Iterable[Minimum] = MINIMA) -> Minimum:
    """Return the row in force on that day. Raises NoMinimum."""
    for row in minima:
        begun = row.effective_from is None or row.effective_from <= on
        over = row.effective_to is not None and row.effective_to <= on
        if row.age_group == age_group and begun and not over:
            return row
    raise NoMinimum(f"no weekly minimum for {age_group} on {on}")


def week_of(at: datetime, *, zone: str, week_starts: WeekStart = "sunday") -> Span:
    """Return the program's week around `at`, midnight to midnight in the program's zone, given in UTC.

    A week with a clock change is 167 or 169 hours long. Raises ValueError if `at` has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone could be in either week: {at}")
    local = at.astimezone(ZoneInfo(zone))
    days_in = local.isoweekday() % 7 if week_starts == "sunday" else local.weekday()
    first_on = local.date() - timedelta(days=days_in)
    return Span(_midnight(first_on, zone), _midnight(first_on + timedelta(days=7), zone))


def in_week(delivered: Iterable[Delivered], *, week: Span) -> list[Delivered]:
    """Return the blocks that begin in the week; one that runs past midnight belongs to the week it began in."""
    return [block for block in delivered if week.begins_at <= block.begins_at < week.ends_at]


def ledger(delivered: Iterable[Delivered], *, minimum_minutes: int) -> Ledger:
    """Return what was scheduled and attended, whole and by kind and place, against the weekly minimum.

    Raises ValueError for a block attended longer than it lasted.
    """
    blocks = list(delivered)
    for block in blocks:
        if not 0 <= block.minutes_attended <= block.minutes_scheduled:
            raise ValueError(f"attended {block.minutes_attended} of {block.minutes_scheduled} min: {block.begins_at}")
    whole = _minutes(blocks)
    return Ledger(
        scheduled=whole.scheduled,
        attended=whole.attended,
        by_kind=_split(blocks, by="kind"),
        by_place=_split(blocks, by="place"),
        shortfall_scheduled=max(0, minimum_minutes - whole.scheduled),
        shortfall_attended=max(0, minimum_minutes - whole.attended),
    )


def early_warning(
    planned: Iterable[Delivered], *, week: Span, minimum_minutes: int, at: datetime, warn_from: datetime | None = None
) -> EarlyWarning:
    """Return whether the week can still reach its minimum, counting every hour yet to come as if it were attended.

    A plan that is too small for the minimum is said at once. Lost hours are said from `warn_from` on, the middle of
    the week unless given: early enough to offer another hour, late enough not to cry over one late Monday.
    A block that has not ended yet counts as still to come.
    """
    blocks = in_week(planned, week=week)
    over = [block for block in blocks if _ends_at(block) <= at]
    still_to_come = [block for block in blocks if _ends_at(block) > at]
    scheduled = _minutes(blocks).scheduled
    reachable = _minutes(over).attended + _minutes(still_to_come).scheduled
    middle = warn_from or week.begins_at + (week.ends_at - week.begins_at) / 2
    reasons = []
    if scheduled < minimum_minutes:
        reasons.append(PLAN_BELOW_MINIMUM)
    if reachable < min(minimum_minutes, scheduled) and at >= middle:
        reasons.append(CANNOT_REACH_MINIMUM)
    return EarlyWarning(tuple(reasons), reachable, max(0, minimum_minutes - reachable))


def _minutes(blocks: Iterable[Delivered]) -> Minutes:
    listed = list(blocks)
    return Minutes(
        scheduled=sum(block.minutes_scheduled for block in listed),
        attended=sum(block.minutes_attended for block in listed),
    )


def _split(blocks: list[Delivered], *, by: Literal["kind", "place"]) -> Mapping[str, Minutes]:
    names = sorted({getattr(block, by) for block in blocks})
    return MappingProxyType({n: _minutes(block for block in blocks if getattr(block, by) == n) for n in names})


def _ends_at(block: Delivered) -> datetime:
    # In UTC first: minutes added to a local time would follow the wall clock across a clock change.
    return block.begins_at.astimezone(UTC) + timedelta(minutes=block.minutes_scheduled)


def _midnight(on: date, zone: str) -> datetime:
    return datetime.combine(on, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)
