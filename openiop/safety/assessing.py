"""How soon a person is assessed again, and when a level counts as lowered. Pure.

Knows no instrument: a screen's result arrives as a level and its codes. Rule and examples: docs/rules/assessment.md.
"""

from collections.abc import Mapping
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


def is_lowered(level: int, *, screened: int | None, before: int | None) -> bool:
    """Is the level below what the screen calls for, or below the assessment before? Then a reason is written."""
    return any(other is not None and level < other for other in (screened, before))
