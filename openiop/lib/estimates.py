"""Figures with how sure one can be of them: a share of a count, and the middle of some values. Pure.

Both intervals are at 95 %. Neither supposes a shape: Wilson's for a share, and for a median the order statistics that
enclose it, which is exact for any distribution. Below ENOUGH a figure says next to nothing, and pages say so.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

Z95 = 1.959964  # the normal quantile of a two-sided 95 % interval
ENOUGH = 10  # the project's own: below it a share's interval is some 50 points wide

NOT_YET = math.inf  # the value of a wait that is not over: longer than all that are


class Share(NamedTuple):
    """`part` of `whole`, with the Wilson interval's ends; None where nothing was counted."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.part, self.whole) if self.whole else None

    @property
    def is_enough(self) -> bool:
        return self.whole >= ENOUGH


class Middle(NamedTuple):
    """The median of `n` values and the interval around it; an end of NOT_YET lies beyond what was waited for.

    `interval` is None below six values: no two of so few enclose the median with 95 %.
    """

    n: int
    value: float | None
    interval: tuple[float, float] | None

    @property
    def is_enough(self) -> bool:
        return self.n >= ENOUGH


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion at 95 % (Wilson 1927). `whole` must be above zero."""
    share, squared = part / whole, Z95 * Z95
    middle = (share + squared / (2 * whole)) / (1 + squared / whole)
    reach = Z95 * math.sqrt(share * (1 - share) / whole + squared / (4 * whole * whole)) / (1 + squared / whole)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def middle(values: Iterable[float]) -> Middle:
    """Return the median with the narrowest pair of order statistics, as far in from either end, that covers it 95 %.

    A wait that is not over is NOT_YET; where the middle falls on one, so is the median.
    """
    ordered = sorted(values)
    n = len(ordered)
    if not n:
        return Middle(0, None, None)
    low, high = ordered[(n - 1) // 2], ordered[n // 2]
    value = high if math.isinf(high) else (low + high) / 2
    outer = _outer(n)
    return Middle(n, value, (ordered[outer - 1], ordered[n - outer]) if outer else None)


def _outer(n: int) -> int:
    """The greatest k for which the k-th smallest and the k-th largest of `n` values enclose the median with 95 %.

    They miss it when fewer than k values lie on one side: each lies there with one half (the sign test). 0: none do.
    """
    k, missed = 0, 0.0
    while True:
        missed += 2 * math.comb(n, k) / 2**n  # both sides at once
        if missed > 0.05:
            return k
        k += 1
