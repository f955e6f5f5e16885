"""How sure one can be of a figure: Wilson's interval for shares, order statistics for medians."""

import json
import math
import random
from pathlib import Path

import pytest

from openiop.lib.estimates import ENOUGH, NOT_YET, Share, middle, wilson

CASES = json.loads((Path(__file__).parents[1] / "cases" / "quality.json").read_text())


def number(value):
    return NOT_YET if value == "not yet" else value


@pytest.mark.parametrize("case", CASES["wilson"])
def test_the_intervals_of_shares_are_wilsons(case):
    assert wilson(case["part"], case["whole"]) == pytest.approx((case["low"], case["high"]), abs=5e-4)


@pytest.mark.parametrize("case", CASES["medians"])
def test_the_interval_of_a_median_is_a_pair_of_its_own_values_or_none_where_they_are_too_few(case):
    found = middle(map(number, case["values"]))

    assert (found.n, found.value) == (len(case["values"]), number(case["median"]))
    assert found.interval == (None if case["interval"] is None else tuple(map(number, case["interval"])))


@pytest.mark.parametrize("n", [6, 7, 11, 30, 101])
def test_it_covers_the_median_at_least_95_times_of_100_and_one_value_further_in_would_not(n):
    values = list(range(1, n + 1))
    low, _high = middle(values).interval

    def covers(k):
        return 1 - 2 * sum(math.comb(n, below) for below in range(k)) / 2**n

    assert covers(low) >= 0.95 > covers(low + 1)


def test_it_does_so_for_waits_that_are_far_from_even():
    dice = random.Random(1)
    truth = math.log(2)  # the median of an exponential wait
    hits = 0
    for _again in range(2000):
        low, high = middle(dice.expovariate(1) for _one in range(25)).interval
        hits += low <= truth <= high

    assert hits / 2000 > 0.95


def test_nothing_counted_is_no_share_and_few_are_marked_as_few():
    assert (Share(0, 0).value, Share(0, 0).interval) == (None, None)
    assert not Share(3, ENOUGH - 1).is_enough
    assert Share(3, ENOUGH).is_enough
