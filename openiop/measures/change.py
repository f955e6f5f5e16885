"""Change between two scores: is it more than the measure's own noise, and does it matter?

Scores here are raw totals of which lower is better. Several published definitions of reliable change differ, so each
is named, carries its source, and is shown with what it says. Formulas: Jacobson and Truax 1991. Cases:
docs/rules/scoring.md.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from math import ceil, sqrt
from typing import Literal, NamedTuple

Z = 1.96
BEFORE, AFTER = timedelta(days=7), timedelta(days=3)

Direction = Literal["better", "worse", "none"]
Outcome = Literal["recovered", "improved", "unchanged", "deteriorated", "harmed"]


class Reliability(NamedTuple):
    """Retest reliability `r` and standard deviation `sd` of a named sample, in raw points."""

    r: float
    sd: float

    @property
    def sem(self) -> float:
        """The standard error of measurement."""
        return self.sd * sqrt(1 - self.r)

    @property
    def difference(self) -> float:
        """The standard error of a difference between two scores."""
        return sqrt(2) * self.sem

    @property
    def least(self) -> float:
        """The change that noise alone passes in one of twenty people."""
        return Z * self.difference


class Dated(NamedTuple):
    """One complete score and the day it is for."""

    on: date
    total: int


def index(pre: float, post: float, reliability: Reliability) -> float:
    """Return the reliable change index: the change in standard errors of a difference; negative is better."""
    return (post - pre) / reliability.difference


def reliable_change(pre: int, post: int, *, points: float) -> Direction:
    """Return whether the change reaches `points`, and which way."""
    if abs(post - pre) < points:
        return "none"
    return "better" if post < pre else "worse"


def whole_points(reliability: Reliability) -> int:
    """Return how many whole points a person's score must move: raw totals move by one."""
    return ceil(reliability.least)


def cut_off(kind: Literal["a", "b", "c"], *, clinical: tuple[float, float], functional: tuple[float, float]) -> float:
    """Return the cut-off between the clinical and the functional range; each range is (mean, sd).

    a: two deviations better than the clinical mean. b: two worse than the functional mean. c: between both, weighed.
    """
    (ill_mean, ill_sd), (well_mean, well_sd) = clinical, functional
    if kind == "a":
        return ill_mean - 2 * ill_sd
    if kind == "b":
        return well_mean + 2 * well_sd
    return (ill_sd * well_mean + well_sd * ill_mean) / (ill_sd + well_sd)


def outcome(pre: int, post: int, *, points: float, cut: float) -> Outcome:
    """Return the Jacobson-Truax class. Scores of `cut` or more lie in the clinical range."""
    way = reliable_change(pre, post, points=points)
    if way == "better":
        return "recovered" if pre >= cut > post else "improved"
    if way == "worse":
        return "harmed" if pre < cut <= post else "deteriorated"
    return "unchanged"


def is_response(pre: int, post: int) -> bool:
    """Has the score fallen by half or more? A start of 0 leaves nothing to fall."""
    return pre > 0 and 2 * post <= pre


def is_remission(post: int, *, below: int) -> bool:
    return post < below


def matters(pre: int, post: int, *, points: int) -> bool:
    """Does the change reach what people themselves notice (the minimal clinically important difference)?"""
    return abs(post - pre) >= points


class Pair(NamedTuple):
    """One measure at the start and at the end, with its caseness and its reliable change in points."""

    pre: int
    post: int
    case_from: int
    points: float


def reliable_improvement(pairs: Sequence[Pair]) -> bool:
    """IAPT: at least one measure reliably better and none reliably worse."""
    ways = [reliable_change(each.pre, each.post, points=each.points) for each in pairs]
    return "better" in ways and "worse" not in ways


def recovery(pairs: Sequence[Pair]) -> bool | None:
    """IAPT: a case on at least one measure at the start, on none at the end. None for somebody who was no case."""
    if not any(each.pre >= each.case_from for each in pairs):
        return None
    return all(each.post < each.case_from for each in pairs)


def reliable_recovery(pairs: Sequence[Pair]) -> bool | None:
    recovered = recovery(pairs)
    return None if recovered is None else recovered and reliable_improvement(pairs)


def baseline(scores: Sequence[Dated], *, admitted_on: date) -> Dated | None:
    """Return the first complete score from seven days before admission to three days after; None without one.

    It is never filled in from another day: without a baseline there is no change to speak of.
    """
    near = [each for each in scores if admitted_on - BEFORE <= each.on <= admitted_on + AFTER]
    return min(near, default=None)
