"""The truth tables of the two screens, row by row; the page of rules shows the same rows."""

import json
from pathlib import Path

import pytest

from openiop.measures import screens
from openiop.measures.instruments import load
from openiop.measures.scoring import is_asked, score

CASES = json.loads((Path(__file__).parents[1] / "cases" / "screens.json").read_text(encoding="utf-8"))
CSSRS = ("cssrs_1", "cssrs_2", "cssrs_3", "cssrs_4", "cssrs_5", "cssrs_6", "cssrs_6_recent")


def cssrs(said):
    return {code: value for code, value in zip(CSSRS, said, strict=True) if value is not None}


def asq(case):
    said = {f"asq_{n}": value for n, value in enumerate(case["said"], 1)}
    said |= {"asq_5": case["now"], "asq_concern": case["concern"]}
    return {code: value for code, value in said.items() if value is not None}


@pytest.mark.parametrize("case", CASES["cssrs"], ids=lambda case: str(case["said"]))
def test_the_triage_of_the_columbia_card(case):
    assert screens.cssrs_level(cssrs(case["said"])) == case["level"]


@pytest.mark.parametrize("case", CASES["asq"], ids=lambda case: case["name"])
def test_the_result_of_the_asq(case):
    assert screens.asq_result(asq(case), youth=case["youth"]) == case["result"]


def test_question_four_is_high_and_an_old_attempt_is_moderate_unlike_in_spiers_own_code():
    assert screens.cssrs_level(cssrs([0, 1, 0, 1, 0, 0, None])) == "high"
    assert screens.cssrs_level(cssrs([0, 0, None, None, None, 1, 0])) == "moderate"


def test_every_level_and_result_has_its_words():
    assert {row.code for row in load("cssrs.v1").results} == {case["level"] for case in CASES["cssrs"]} - {None}
    assert {row.code for row in load("asq.v1").results} == {case["result"] for case in CASES["asq"]} - {None}


def test_a_screen_that_is_not_finished_says_what_it_already_knows():
    found = score(load("asq.v1"), {"asq_1": 1})

    assert (found.band, found.complete) == ("positive_open", False)
    assert found.missing == ("asq_2", "asq_3", "asq_4", "asq_5")


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({}, {"cssrs_1", "cssrs_2", "cssrs_6"}),
        ({"cssrs_2": 0}, {"cssrs_1", "cssrs_2", "cssrs_6"}),
        ({"cssrs_2": 1}, {"cssrs_1", "cssrs_2", "cssrs_3", "cssrs_4", "cssrs_5", "cssrs_6"}),
        ({"cssrs_6": 1}, {"cssrs_1", "cssrs_2", "cssrs_6", "cssrs_6_recent"}),
    ],
)
def test_the_columbia_screener_asks_for_method_and_intent_only_after_thoughts(answers, asked):
    assert {item.code for item in load("cssrs.v1").items if is_asked(item, answers)} == asked


def test_the_asq_asks_about_right_now_only_after_a_yes():
    five = load("asq.v1").item("asq_5")

    assert not is_asked(five, {"asq_1": 0, "asq_2": 2})
    assert is_asked(five, {"asq_3": 1})
