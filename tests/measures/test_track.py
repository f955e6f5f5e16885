"""Who is not on track: each rule at its edge, and beside it the day on which it does not hold."""

from datetime import date, timedelta

import pytest

from openiop.measures import track
from openiop.measures.change import Dated
from openiop.measures.track import Thresholds

ADMITTED = date(2026, 10, 5)
PHQ9 = Thresholds(worse_by=6, fall=5, still_from=10)


def day(number):
    return ADMITTED + timedelta(days=number)


def codes(scores, *, on, thresholds=PHQ9, **more):
    dated = [Dated(day(number), total) for number, total in scores]
    found = track.reasons(dated, admitted_on=ADMITTED, on=day(on), thresholds=thresholds, **more)
    return [reason.code for reason in found]


@pytest.mark.parametrize(
    ("name", "scores", "on", "expected"),
    [
        ("six more than at the start", [(0, 12), (7, 18)], 7, ["deteriorated"]),
        ("five more is noise", [(0, 12), (7, 17)], 7, []),
        ("against the start, not the week before", [(0, 12), (7, 9), (14, 15)], 14, []),
        ("four weeks on, four less and still ten", [(0, 14), (28, 10)], 28, ["expected_response_failed"]),
        ("four weeks on, five less", [(0, 15), (28, 10)], 28, []),
        ("four weeks on, below ten", [(0, 13), (28, 9)], 28, []),
        ("before week four nothing is expected", [(0, 14), (27, 14)], 27, []),
        ("four weeks on and worse: both", [(0, 12), (28, 19)], 28, ["deteriorated", "expected_response_failed"]),
        ("without a baseline there is no change", [(4, 12), (9, 27)], 9, []),
        ("ten days without a measure", [(0, 12)], 10, ["no_measure"]),
        ("nine days without a measure", [(0, 12)], 9, []),
        ("none since admission", [], 10, ["no_measure"]),
        ("a measure yet to come does not count", [(0, 12), (12, 30)], 9, []),
    ],
)
def test_a_rule(name, scores, on, expected):
    assert codes(scores, on=on) == expected


def test_a_measure_without_an_expected_course_is_watched_for_worsening_alone():
    assert codes([(0, 40), (28, 40)], on=28, thresholds=Thresholds(worse_by=17.71)) == []
    assert codes([(0, 40), (28, 58)], on=28, thresholds=Thresholds(worse_by=17.71)) == ["deteriorated"]


@pytest.mark.parametrize(("before", "now", "rose"), [(0, 1, True), (1, 2, True), (1, 1, False), (2, 1, False)])
def test_a_higher_answer_to_the_question_about_death_is_a_reason_by_itself(before, now, rose):
    found = codes([(0, 12), (7, 6)], on=7, item_nine=[(day(0), before), (day(7), now)])

    assert found == (["item_nine_rose"] if rose else [])


def test_one_answer_alone_has_not_risen():
    assert codes([(0, 12)], on=1, item_nine=[(day(0), 3)]) == []


@pytest.mark.parametrize(
    ("missed", "expected"), [((3, 7), ["missed_sessions"]), ((0, 7), []), ((7,), []), ((3, 7, 9), ["missed_sessions"])]
)
def test_two_missed_sessions_within_seven_days(missed, expected):
    assert codes([(0, 12), (7, 12)], on=7, missed_on=[day(number) for number in missed]) == expected


def test_the_gravest_comes_first_and_each_says_its_numbers():
    found = track.reasons(
        [Dated(day(0), 10), Dated(day(7), 17)],
        admitted_on=ADMITTED,
        on=day(7),
        thresholds=PHQ9,
        item_nine=[(day(0), 0), (day(7), 2)],
        missed_on=[day(5), day(6)],
    )

    assert [tuple(reason) for reason in found] == [
        ("item_nine_rose", 0, 2),
        ("deteriorated", 10, 17),
        ("missed_sessions", 0, 2),
    ]
