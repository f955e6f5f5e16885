"""When a measure is asked for: windows around an episode of care."""

from datetime import date, timedelta

import pytest

from openiop.measures import calendar
from openiop.measures.calendar import Episode, Rule, Window

FIRST, LAST = date(2026, 11, 2), date(2026, 12, 31)  # a Monday, a Thursday
GROUPS = [date(2026, 11, day) for day in (3, 5, 10, 12, 17)]


IN_CARE = Episode(FIRST, None, GROUPS)


def windows(moment, *, on, episode=IN_CARE, given=(), every_days=7, week_starts="sunday"):
    rule = Rule("phq9", moment, every_days)
    answered = [("phq9", day) for day in given]
    found = calendar.windows([rule], episode, given=answered, on=on, week_starts=week_starts)
    return [(window.opens_on, window.due_on) for window in found]


def test_at_the_start_is_the_time_in_which_a_baseline_counts():
    assert windows("intake", on=FIRST) == [(FIRST - timedelta(7), FIRST + timedelta(3))]


def test_it_may_be_answered_before_admission():
    assert windows("intake", on=FIRST - timedelta(7)) and not windows("intake", on=FIRST - timedelta(8))


def test_each_week_until_the_first_group_of_that_week():
    assert windows("weekly", on=date(2026, 11, 12)) == [
        (date(2026, 11, 1), date(2026, 11, 3)),
        (date(2026, 11, 8), date(2026, 11, 10)),
    ]


def test_a_clinics_week_may_start_on_monday():
    assert windows("weekly", on=date(2026, 11, 4), week_starts="monday") == [(date(2026, 11, 2), date(2026, 11, 3))]


def test_a_week_without_a_group_asks_nothing():
    assert windows("weekly", on=date(2026, 11, 30))[-1][1] == date(2026, 11, 17)


@pytest.mark.parametrize(
    ("given", "on", "expected"),
    [
        ([], FIRST, FIRST),
        ([FIRST], FIRST + timedelta(6), None),
        ([FIRST], FIRST + timedelta(7), FIRST + timedelta(7)),
        ([FIRST], FIRST + timedelta(20), FIRST + timedelta(7)),
        ([FIRST, FIRST + timedelta(20)], FIRST + timedelta(20), FIRST + timedelta(7)),
    ],
)
def test_every_so_many_days_after_the_newest_answer(given, on, expected):
    assert [opens for opens, _due in windows("every", on=on, given=given)] == ([expected] if expected else [])


def test_after_the_end_nothing_recurs():
    assert windows("every", on=LAST + timedelta(1), episode=Episode(FIRST, LAST)) == []


def test_the_end_and_the_months_after_it_are_known_once_the_end_is():
    done = Episode(FIRST, LAST)

    assert windows("discharge", on=LAST) == []
    assert windows("discharge", on=LAST, episode=done) == [(LAST - timedelta(3), LAST + timedelta(3))]
    assert windows("month_1", on=date(2027, 2, 1), episode=done) == [(date(2027, 1, 24), date(2027, 2, 14))]
    assert windows("month_3", on=date(2027, 4, 1), episode=done) == [(date(2027, 3, 24), date(2027, 4, 14))]
    assert windows("month_6", on=date(2027, 7, 1), episode=done) == [(date(2027, 6, 23), date(2027, 7, 14))]
    assert windows("month_12", on=date(2028, 1, 1), episode=done) == [(date(2027, 12, 24), date(2028, 1, 14))]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 15), 12, date(2027, 12, 15)),
        (date(2026, 10, 31), 1, date(2026, 11, 30)),
    ],
)
def test_the_same_day_months_later_or_the_months_last(day, months, expected):
    assert calendar.months_after(day, months) == expected


WEEK = Window("phq9", "weekly", date(2026, 11, 1), date(2026, 11, 3))
AGAIN = Window("phq9", "every", date(2026, 11, 9), date(2026, 11, 12))


@pytest.mark.parametrize(
    ("window", "given", "on", "is_late"),
    [
        (WEEK, [], date(2026, 11, 3), False),
        (WEEK, [], date(2026, 11, 4), True),
        (WEEK, [("phq9", date(2026, 11, 3))], date(2026, 11, 4), False),
        (WEEK, [("phq9", date(2026, 11, 4))], date(2026, 11, 5), True),
        (WEEK, [("gad7", date(2026, 11, 3))], date(2026, 11, 4), True),
        (AGAIN, [], date(2026, 11, 11), False),
        (AGAIN, [], date(2026, 11, 12), True),
    ],
)
def test_what_was_not_answered_by_its_last_day_is_late(window, given, on, is_late):
    assert bool(calendar.unanswered([window], given=given, on=on)) is is_late


@pytest.mark.parametrize(
    ("last", "asks"),
    [
        pytest.param(None, True, id="still in care"),
        pytest.param(FIRST + timedelta(25), True, id="leaves on the day it opens"),
        pytest.param(FIRST + timedelta(24), False, id="has left before"),
    ],
)
def test_half_way_is_four_weeks_after_the_start_for_whoever_is_still_there(last, asks):
    found = windows("half_way", on=FIRST + timedelta(28), episode=Episode(FIRST, last, GROUPS))
    assert found == ([(FIRST + timedelta(25), FIRST + timedelta(35))] if asks else [])
    assert windows("half_way", on=FIRST + timedelta(24)) == []


@pytest.mark.parametrize(
    ("moment", "every_days", "looks_back", "overlaps"),
    [
        ("weekly", 7, 14, True),
        ("weekly", 7, 30, True),
        ("weekly", 7, 7, False),
        ("every", 14, 14, False),
        ("every", 13, 14, True),
        ("every", 7, 0, False),
        ("intake", 7, 14, False),
        ("month_1", 7, 30, False),
    ],
)
def test_who_is_asked_again_within_the_time_a_measure_looks_back_on_answers_about_the_same_days(
    moment, every_days, looks_back, overlaps
):
    rule = calendar.Rule("phq9", moment, every_days)

    assert calendar.overlaps(rule, recall_days=looks_back) is overlaps
