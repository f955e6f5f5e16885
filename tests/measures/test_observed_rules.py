"""What staff saw and measured: which of it calls somebody, and which number is refused, as tables of cases."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from openiop.measures.instruments.loinc import loinc_is_valid
from openiop.measures.observed import aspects, dangers, vitals
from openiop.measures.observed.event import DANGER_WORDS, SIGNS
from openiop.measures.observed.observation import SIGN_WORDS
from openiop.safety.ladder import TRIGGERS, tier_for

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/cases/observation.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/rules/observation.md").read_text(encoding="utf-8")
OURS = ("observed", "withdrawal", "overdose", "naloxone")


def named(cases):
    return [pytest.param(case, id=case["name"]) for case in cases]


def calls(found):
    return sorted([*danger.evidence, tier_for([danger.evidence])] for danger in found)


@pytest.mark.parametrize("case", named(CASES["seen"]))
def test_what_was_seen_calls_whom_the_table_says(case):
    assert calls(dangers.seen(case["signs"])) == sorted(case["calls"])


@pytest.mark.parametrize("case", named(CASES["events"]))
def test_what_happened_calls_whom_the_table_says(case):
    assert calls(dangers.event(case["kind"], signs=case["signs"], medical=case["medical"])) == case["calls"]


@pytest.mark.parametrize("case", named(CASES["own_rules"]))
def test_a_clinic_is_told_of_what_it_decided_on_and_of_nothing_else(case):
    of, way, limit, tier = case["rule"]
    rule = dangers.Rule(of, way, None if limit is None else Decimal(limit), tier, "clinic")
    facts = {code: value if value is True else Decimal(value) for code, value in case["facts"].items()}

    assert bool(dangers.met([rule], facts)) == case["met"]


@pytest.mark.parametrize("case", named(CASES["vitals"]))
def test_a_number_is_taken_in_its_unit_or_refused_with_a_sentence(case):
    given = {code: Decimal(value) for code, value in case["given"].items()}
    if "refused" not in case:
        expected = {code: Decimal(value) for code, value in case["taken"].items()}
        assert vitals.checked(given, temperature_in=case["unit"]) == expected
        return

    with pytest.raises(vitals.NotPlausible) as refusal:
        vitals.checked(given, temperature_in=case["unit"])
    assert refusal.value.code == case["refused"]
    assert len(str(refusal.value)) > 30


def test_being_harmed_is_told_in_private_and_nothing_else_is():
    assert [danger.private for danger in dangers.seen({"affect": ["afraid_of_somebody"]})] == [True]
    assert not any(danger.private for danger in dangers.seen({"appearance": ["self_harm_marks"]}))


def test_every_danger_has_its_words_and_every_sign_is_one_that_can_be_chosen():
    known = {(aspect.code, sign) for aspect in aspects.ASPECTS for sign, _label in aspect.signs}

    assert known >= dangers.SIGNS | aspects.PRIVATE | aspects.ONLY_ON_SITE
    assert {sign for _aspect, sign in dangers.SIGNS} | {"harmed"} == set(SIGN_WORDS)
    assert dangers.SEVERE_WITHDRAWAL | {"seizure"} <= {code for code, _label in SIGNS}
    events = [dangers.event(case["kind"], signs=case["signs"], medical=case["medical"]) for case in CASES["events"]]
    assert {danger.code for found in events for danger in found} == set(DANGER_WORDS)


def test_the_page_says_what_the_ladder_says():
    told = {(reason, value): int(tier) for reason, value, tier in re.findall(r"\| `(\w+)` (\w+) \| (\d) \|", PAGE)}

    rows = {(row.reason, row.value): row.tier for row in TRIGGERS if row.reason in OURS}
    rows["harmed_at_home", "seen_by_staff"] = 1
    assert told == rows


def test_the_page_says_which_numbers_are_taken_in_which_unit():
    told = re.findall(r"^\| (\w+) \| (\S+) \| (\d+) \| (\d+) \| ([\d-]+) \|$", PAGE, re.MULTILINE)

    assert told == [(vital.code, vital.unit, str(vital.least), str(vital.most), vital.loinc) for vital in vitals.VITALS]


def test_every_code_has_its_check_digit_and_the_lower_blood_pressure_is_no_heart_rate():
    codes = {vital.code: vital.loinc for vital in vitals.VITALS}

    assert all(loinc_is_valid(code) for code in codes.values())
    assert len(set(codes.values())) == len(codes)
    assert (codes["pulse"], codes["diastolic"]) == ("8867-4", "8462-4")


def test_no_number_and_no_substance_calls_anybody_as_shipped():
    assert not any(isinstance(row.value, (int, float)) for row in TRIGGERS if row.reason in OURS)
    assert dangers.met([], {"breath": Decimal("0.3"), "found_fentanyl": True, "oxygen": Decimal(60)}) == []
