"""Which local numbers fit the place where somebody is, and whether they can still be trusted. Pure.

Rule and worked examples: docs/rules/location.md.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

# The project's own choice: dispatchers' numbers change seldom, and a wrong one costs minutes.
STALE_AFTER = timedelta(days=180)
TOLD_FOR = timedelta(hours=12)


class OfAPlace(Protocol):
    """Numbers of one place; an empty locality stands for the whole state."""

    @property
    def state(self) -> str: ...
    @property
    def locality(self) -> str: ...


Numbers = TypeVar("Numbers", bound=OfAPlace)


def nearest(address: str, state: str, known: Iterable[Numbers]) -> Numbers | None:
    """Return the numbers of the town that the address names (the longest name counts), else the state's, else None.

    A town is found as whole words, whatever their case; another state's town of the same name never is.
    """
    there = [one for one in known if state and one.state == state]
    named = [one for one in there if one.locality.strip() and _names(address, one.locality)]
    if named:
        return max(named, key=lambda one: len(one.locality))
    return next((one for one in there if not one.locality.strip()), None)


def _names(address: str, locality: str) -> bool:
    town = r"\s+".join(re.escape(word) for word in locality.split())
    return re.search(rf"(?<!\w){town}(?!\w)", address, re.IGNORECASE) is not None


def is_stale(checked_on: date, *, today: date) -> bool:
    """Has nobody tried these numbers for half a year?"""
    return today - checked_on > STALE_AFTER


def is_old(told_at: datetime, *, at: datetime) -> bool:
    """Was the place told so long ago that the person may be elsewhere?"""
    return at - told_at > TOLD_FOR


class NotTenDigits(ValueError):
    """Not a telephone number that reaches another place: three digits reach one's own dispatcher."""


def ten_digits(said: str) -> str:
    """Return the ten digits of a telephone number in the United States. Raises NotTenDigits for anything else."""
    digits = re.sub(r"[\s().+-]", "", said)
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    if not re.fullmatch(r"[0-9]{10}", digits):
        raise NotTenDigits
    return digits


def spoken(digits: str) -> str:
    """Return ten digits as people read them aloud: (555) 010-0100."""
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 else digits
