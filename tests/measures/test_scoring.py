import json
from pathlib import Path

import pytest

from openiop.measures.instruments import all_instruments, load
from openiop.measures.scoring import NotAnAnswer, Score, Sign, check, score, sign_of, signs
from openiop.safety.ladder import Evidence, tier_for

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/cases/scoring.json").read_text(encoding="utf-8"))["cases"]
CHECKIN = load("checkin.v1")
PHQ9 = load("phq9.v1")
CALM = {"mood": 6, "sleep_hours": 6.5, "urges": 2, "safe_now": 0, "medication": 2}


def answered(case):
    return {f"phq9_{number}": value for number, value in enumerate(case["answers"], 1) if value is not None}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_score(case):
    instrument, answers = load(case["instrument"]), answered(case)

    found = score(instrument, answers)

    assert (found.total, found.band, found.complete) == (case["total"], case["band"], case["total"] is not None)
    told = [Sign("phq9_9", "self_harm_thoughts", case["told"])] if case["told"] else []
    assert list(signs(instrument, answers)) == told


def test_a_missing_answer_is_named_and_never_filled_in():
    answers = {f"phq9_{number}": 3 for number in range(1, 9)}

    assert score(PHQ9, answers) == Score(None, None, False, ("phq9_9",))


def test_the_question_about_difficulty_is_neither_asked_for_nor_scored():
    answers = {f"phq9_{number}": 1 for number in range(1, 10)}

    assert score(PHQ9, answers).total == score(PHQ9, answers | {"phq9_difficulty": 3}).total == 9


def test_a_check_in_is_complete_without_a_total_or_free_text():
    assert score(CHECKIN, CALM) == Score(None, None, True, ())


@pytest.mark.parametrize(("answer", "told"), [(0, None), (1, "not_sure"), (2, "no")])
def test_not_being_safe_is_told_at_the_moment_it_is_saved(answer, told):
    expected = None if told is None else Sign("safe_now", "safe_now", told)

    assert sign_of(CHECKIN, "safe_now", answer) == expected


def test_whatever_an_instrument_tells_the_ladder_understands():
    told = [
        Evidence(item.safety.reason, value)
        for instrument in all_instruments().values()
        for item in instrument.items
        if item.safety
        for value in item.safety.values.values()
    ]

    assert len(told) == 5
    assert all(tier_for([evidence]) >= 1 for evidence in told)


@pytest.mark.parametrize(
    ("instrument", "code", "answer"),
    [
        (PHQ9, "phq9_1", 4),
        (PHQ9, "phq9_1", -1),
        (PHQ9, "phq9_1", 1.5),
        (PHQ9, "phq9_1", True),
        (PHQ9, "phq9_1", "1"),
        (PHQ9, "phq9_99", 1),
        (CHECKIN, "mood", 11),
        (CHECKIN, "mood", 5.5),
        (CHECKIN, "sleep_hours", 6.3),
        (CHECKIN, "sleep_hours", float("nan")),
        (CHECKIN, "note", "x" * 2001),
        (CHECKIN, "note", 5),
    ],
)
def test_what_cannot_be_answered_is_refused(instrument, code, answer):
    with pytest.raises(NotAnAnswer):
        score(instrument, {code: answer})


def test_a_refusal_does_not_repeat_what_the_person_wrote():
    with pytest.raises(NotAnAnswer) as refused:
        check(CHECKIN, "mood", "I cannot go on")

    assert "go on" not in str(refused.value)


def test_half_hours_of_sleep_and_free_text_in_any_script_are_answers():
    assert check(CHECKIN, "sleep_hours", 7.5).unit == "h"
    assert check(CHECKIN, "note", "今日はつらい").code == "note"
