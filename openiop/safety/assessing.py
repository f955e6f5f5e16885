"""How soon a person is assessed again, and when a level counts as lowered. Pure.

Knows no instrument: a screen's result arrives as a level and its codes. Rule and examples: docs/rules/assessment.md.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

NONE, LOW, MODERATE, HIGH, IMMINENT = range(5)
# The same five as the reasons of the ladder know them, and as its tiers count them.
NAMES = ("none", "low", "moderate", "high", "imminent")

# SPiER suicide-care documents: reassessed within 7, 14 and 30 days. Imminent is the project's own: as high.
REASSESS_DAYS: Mapping[int, int] = MappingProxyType({LOW: 30, MODERATE: 14, HIGH: 7, IMMINENT: 7})


class Screen(NamedTuple):
    """What a screen found: the level it calls for, and its answers as codes ("93374-7 LA9194-7"), never its wording."""

    level: int
    codes: tuple[str, ...] = ()


def due_again_at(level: int, *, at: datetime) -> datetime | None:
    """Return by when somebody assessed at this level is assessed again; None where no clock runs."""
    days = REASSESS_DAYS.get(level)
    return at + timedelta(days=days) if days else None


class Ended(NamedTuple):
    """A case that was closed: its tier, since when its latest evidence stood, and when it was closed."""

    level: int
    since: datetime
    closed_at: datetime

    @property
    def due_again_at(self) -> datetime | None:
        return due_again_at(self.level, at=self.closed_at)


def unassessed(ended: Iterable[Ended], *, assessed: Iterable[datetime]) -> list[Ended]:
    """Return the cases that were closed though nobody had assessed the person since the evidence."""
    moments = list(assessed)
    return [one for one in ended if not any(one.since <= at <= one.closed_at for at in moments)]


def first_due(assessed: tuple[int, datetime] | None, ended: Iterable[Ended]) -> tuple[datetime, bool] | None:
    """Return by when somebody is assessed again, and whether a case asks for it that was closed unassessed.

    `assessed`: the latest assessment's level and moment. What asks soonest counts. None where no clock runs.
    """
    found = [(due, False) for due in [due_again_at(assessed[0], at=assessed[1])] if due] if assessed else []
    open_still = [one for one in ended if assessed is None or assessed[1] < one.since]
    found += [(one.due_again_at, True) for one in open_still if one.due_again_at]
    return min(found, default=None)


def is_lowered(level: int, *, screened: int | None, before: int | None) -> bool:
    """Is the level below what the screen calls for, or below the assessment before? Then a reason is written."""
    return any(other is not None and level < other for other in (screened, before))
