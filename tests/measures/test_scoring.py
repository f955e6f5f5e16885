import json
from pathlib import Path

import pytest

from openiop.measures.instruments import all_instruments, load
from openiop.measures.scoring import (
    NotAnAnswer,
    Score,
    Sign,
    check,
    criteria_met,
    is_asked,
    score,
    sign_of,
    signs,
    subscores,
)
from openiop.safety.ladder import Evidence, tier_for

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/cases/scoring.json").read_text(encoding="utf-8"))["cases"]
CHECKIN = load("checkin.v1")
PHQ9 = load("phq9.v1")
CALM = {"mood": 6, "sleep_hours": 6.5, "urges": 2, "safe_now": 0, "medication": 2}


def answered(case):
    code = case["instrument"].split(".")[0]
    return {f"{code}_{number}": value for number, value in enumerate(case["answers"], 1) if value is not None}


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
        for value in [*item.safety.values.values(), *item.safety.youth_values.values()]
    ]

    assert len(told) > 15
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


# --- what a total may be reckoned without ---


def test_a_clinic_may_let_a_sum_be_reckoned_without_an_item_and_the_total_says_so():
    seven = {f"gad7_{number}": 2 for number in range(1, 8)}
    six = {code: value for code, value in seven.items() if code != "gad7_7"}

    assert score(load("gad7.v1"), six, prorate_up_to=1) == Score(14, "moderate", False, ("gad7_7",), True)
    assert score(load("gad7.v1"), six).total is None
    assert score(load("gad7.v1"), seven, prorate_up_to=1).prorated is False


def test_no_more_is_left_out_than_the_clinic_allows():
    five = {f"gad7_{number}": 2 for number in range(1, 6)}

    assert score(load("gad7.v1"), five, prorate_up_to=1).total is None


@pytest.mark.parametrize(
    ("instrument", "without"), [("phq9.v1", "phq9_9"), ("phqa.v1", "phqa_9"), ("phqa.v1", "phqa_ever")]
)
def test_an_answer_about_suicide_is_never_filled_in(instrument, without):
    answers = {item.code: 1 for item in load(instrument).items if item.required and item.code != without}

    assert score(load(instrument), answers, prorate_up_to=3).total is None


def test_half_a_point_is_rounded_up():
    answers = {f"phq9_{number}": value for number, value in enumerate([1, 0, 0, 0, 0, 0, 0], 3)}

    # One point on seven items is 9/7 on nine; three on eight is 27/8.
    assert score(PHQ9, answers, prorate_up_to=2).total == 1
    assert score(PHQ9, answers | {"phq9_2": 2}, prorate_up_to=2).total == 3


# --- sub-scores and the rule of DSM-5 ---

PCL5 = load("pcl5.v1")
BAM = load("bam.v1")


def pcl5(*values):
    return {f"pcl5_{number}": value for number, value in enumerate(values, 1)}


def test_the_clusters_of_the_pcl5_are_summed_apart():
    answers = pcl5(*[1] * 5, *[2] * 2, *[3] * 7, *[4] * 6)

    assert subscores(PCL5, answers) == {"b": 5, "c": 4, "d": 21, "e": 24}


def test_a_missing_answer_leaves_its_own_cluster_open_and_no_other():
    answers = pcl5(*[1] * 20)
    del answers["pcl5_6"]

    assert subscores(PCL5, answers) == {"b": 5, "c": None, "d": 7, "e": 6}


def test_the_rule_of_dsm5_may_hold_far_below_the_cut_off():
    answers = pcl5(2, 0, 0, 0, 0, 2, 0, 2, 2, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0)

    assert score(PCL5, answers).total == 12
    assert criteria_met(PCL5, answers) is True


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({"pcl5_1": 1}, False),
        ({"pcl5_6": 1}, False),
        ({"pcl5_9": 1}, False),
        ({"pcl5_16": 1}, False),
        ({"pcl5_20": None}, True),
        ({"pcl5_16": 1, "pcl5_20": None}, None),
        ({"pcl5_1": 1, "pcl5_20": None}, False),
    ],
)
def test_each_cluster_needs_its_own_and_what_is_missing_is_not_known_to_fail(change, holds):
    answers = pcl5(2, 0, 0, 0, 0, 2, 0, 2, 2, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0) | change
    given = {code: value for code, value in answers.items() if value is not None}

    assert criteria_met(PCL5, given) is holds


def test_an_instrument_without_such_a_rule_has_no_answer_to_it():
    assert criteria_met(PHQ9, {}) is None


def bam(**changes):
    calm = {item.code: 0 for item in BAM.items if is_asked(item, {item.code: 0 for item in BAM.items})}
    return calm | {f"bam_{number.lstrip('q')}": value for number, value in changes.items()}


def test_a_bam_of_zeros_has_no_use_no_risk_and_no_protection():
    assert subscores(BAM, bam()) == {"use": 0, "risk": 0, "protective": 0}


def test_the_bams_three_parts_are_made_of_their_own_items():
    assert subscores(BAM, bam(q4=1, q5=2, q6=3))["use"] == 6
    assert subscores(BAM, bam(q1=1, q2=2, q3=3, q8=4, q11=1, q15=2))["risk"] == 13
    assert subscores(BAM, bam(q9=1, q10=2, q12=3, q13=4, q16=1))["protective"] == 11


def test_enough_income_counts_four():
    assert subscores(BAM, bam(q14=1))["protective"] == 4


def test_the_bams_last_question_and_its_list_of_drugs_are_in_no_part():
    assert subscores(BAM, bam(q17=4, q6=0)) == subscores(BAM, bam())
    assert subscores(BAM, bam(q6=1) | {"bam_7a": 4}) == subscores(BAM, bam(q6=1))


def test_days_of_five_drinks_are_none_where_nothing_was_drunk_and_unknown_where_it_was():
    sober = {code: value for code, value in bam().items() if code != "bam_5"}

    assert subscores(BAM, sober)["use"] == 0
    assert subscores(BAM, sober | {"bam_4": 2})["use"] is None
    assert subscores(BAM, {code: value for code, value in sober.items() if code != "bam_4"})["use"] is None


# --- what is told ---


@pytest.mark.parametrize(
    ("instrument", "code", "answer", "told"),
    [
        ("phqa.v1", "phqa_9", 1, 1),
        ("phqa.v1", "phqa_9", 3, 3),
        ("phqa.v1", "phqa_9", 0, None),
        ("phqa.v1", "phqa_month", 1, "moderate"),
        ("phqa.v1", "phqa_ever", 1, "moderate"),
        ("phqa.v1", "phqa_ever", 0, None),
        ("phqa.v1", "phqa_past_year", 1, None),
        ("asq.v1", "asq_1", 1, "moderate"),
        ("asq.v1", "asq_4", 1, "moderate"),
        ("asq.v1", "asq_4", 0, None),
        ("asq.v1", "asq_4", 2, None),
        ("asq.v1", "asq_5", 1, "imminent"),
        ("asq.v1", "asq_5", 0, None),
        ("asq.v1", "asq_5", 2, "high"),
        ("asq.v1", "asq_concern", 1, "moderate"),
        ("cssrs.v1", "cssrs_1", 1, "low"),
        ("cssrs.v1", "cssrs_2", 1, "low"),
        ("cssrs.v1", "cssrs_3", 1, "moderate"),
        ("cssrs.v1", "cssrs_4", 1, "high"),
        ("cssrs.v1", "cssrs_5", 1, "high"),
        ("cssrs.v1", "cssrs_6", 1, "high"),
        ("cssrs.v1", "cssrs_6_recent", 1, "high"),
        ("cssrs.v1", "cssrs_6_recent", 0, None),
        ("cssrs.v1", "cssrs_3", 0, None),
    ],
)
def test_one_answer_alone_is_told(instrument, code, answer, told):
    found = sign_of(load(instrument), code, answer)

    assert (found.value if found else None) == told


def test_a_youths_refusal_is_told_and_an_adults_waits_for_staff():
    assert sign_of(load("asq.v1"), "asq_2", 2, youth=True).value == "moderate"
    assert sign_of(load("asq.v1"), "asq_2", 2) is None


def test_a_past_attempt_known_to_be_long_ago_is_told_as_moderate():
    assert sign_of(load("cssrs.v1"), "cssrs_6", 1, among={"cssrs_6_recent": 0}).value == "moderate"
