"""Our scoring beside that of two published programs, answer by answer; docs/rules/scoring.md says where they differ."""

import json
from pathlib import Path

import pytest

from openiop.measures.asking import newest
from openiop.measures.scoring import criteria_met, score
from openiop.measures.syndrome import depressive_syndrome

CASES = json.loads((Path(__file__).parents[1] / "cases" / "scored_elsewhere.json").read_text(encoding="utf-8"))
SEVERITY = {"none": "minimal", "minimal or none": "minimal"}  # their names for the lowest band


def answers_of(case):
    return {f"{case['instrument']}_{number}": value for number, value in enumerate(case["answers"], 1)}


def scored(case):
    return score(newest(case["instrument"]), answers_of(case))


def band(said):
    name = said["severity"].lower()
    return SEVERITY.get(name, name.replace(" ", "_"))


def of(program, *codes):
    found = [case for case in CASES["cases"] if program in case and case["instrument"] in codes]
    assert {case["instrument"] for case in found} == set(codes)
    return found


@pytest.mark.parametrize(
    ("program", "codes"),
    [
        ("camcops", ("phq9", "phq8", "gad7", "pcl5", "auditc")),
        ("hippocrates", ("phq9", "phq2", "gad7", "gad2")),
    ],
)
def test_another_program_reckons_the_same_totals(program, codes):
    for case in of(program, *codes):
        assert scored(case).total == case[program]["total"], case


def test_another_program_names_the_same_bands():
    for case in of("camcops", "phq9", "gad7"):
        assert scored(case).band == band(case["camcops"]), case
    for case in of("hippocrates", "phq9"):
        assert scored(case).band == band(case["hippocrates"]), case


def test_where_two_programs_differ_ours_follows_the_published_cut_off():
    differ = {
        case["hippocrates"]["total"]
        for case in of("hippocrates", "gad7")
        if band(case["hippocrates"]) != scored(case).band
    }

    assert differ == {5}


def test_another_program_finds_the_dsm5_rule_of_the_pcl5_to_hold_for_the_same_answers():
    cases = of("camcops", "pcl5")

    assert {case["camcops"]["ptsd"] for case in cases} == {True, False}
    for case in cases:
        assert criteria_met(newest("pcl5"), answers_of(case)) is case["camcops"]["ptsd"], case


def test_another_program_sees_the_same_depressive_syndrome():
    cases = of("camcops", "phq9")

    assert {(case["camcops"]["major"], case["camcops"]["other"]) for case in cases} >= {(True, False), (False, True)}
    for case in cases:
        said = case["camcops"]
        expected = "major" if said["major"] else "other" if said["other"] else "none"
        assert depressive_syndrome(answers_of(case)) == expected, case


@pytest.mark.parametrize(
    ("values", "suggests"),
    [
        ((2, 0, 2, 2, 2, 2, 0, 0, 0), "major"),
        ((2, 0, 2, 2, 2, 0, 0, 0, 1), "major"),
        ((1, 1, 3, 3, 3, 3, 3, 3, 3), "none"),
        ((0, 3, 2, 2, 2, 0, 0, 0, 0), "other"),
        ((2, 0, 0, 0, 0, 0, 0, 0, 1), "other"),
        ((3, 0, 1, 1, 1, 1, 1, 1, 0), "none"),
    ],
)
def test_the_phq9s_own_rule(values, suggests):
    assert depressive_syndrome({f"phq9_{number}": value for number, value in enumerate(values, 1)}) == suggests


def test_while_an_answer_is_missing_the_rule_says_nothing():
    assert depressive_syndrome({f"phq9_{number}": 3 for number in range(1, 9)}) is None
