import dataclasses
import json
from datetime import date
from pathlib import Path

import pytest

from openiop.billing.pricing import DISCRETE, RULES, Ambiguous, Block, Day, PayerRule, Service, price

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/cases/charges.json").read_text(encoding="utf-8"))["cases"]
ON = date(2026, 3, 16)
OWN_ROW = PayerRule(
    payer_kind="harbor_plan",
    service="psychiatric",
    code="S9480",
    revenue_code="0905",
    per_diem_minutes=180,
    effective_from=date(2026, 1, 1),
    effective_to=date(2026, 4, 1),
    source="Contract of Harbor Plan, 2026",
    trust="read",
    virtual="covered",
    amount_cents=41250,
    discrete=DISCRETE,
)


def day(*blocks, **changed):
    asked = {"patient": "Maya", "on": ON, "payer_kind": "harbor_plan", "blocks": blocks, "signed": True}
    return Day(**(asked | changed))


def hours(count, place="on_site", minutes=60):
    return [Block("group", minutes, place) for _ in range(count)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_day(case):
    asked = Day(
        patient="Maya",
        on=date.fromisoformat(case["on"]),
        payer_kind=case["payer"],
        service=case.get("service", "psychiatric"),
        blocks=[Block(*block) for block in case["blocks"]],
        signed=case.get("signed", True),
        treatment_allowed=case.get("treatment_allowed", True),
    )

    lines = price(asked, RULES)

    assert [[line.code, line.units, line.status, line.reason.removeprefix("pricing.")] for line in lines] == case[
        "lines"
    ]
    assert all(line.words and "{" not in line.words and line.source for line in lines)


def test_the_page_on_charges_tells_the_same_lines():
    page = (ROOT / "docs/rules/charges.md").read_text(encoding="utf-8")

    for case in CASES:
        minutes = sum(minutes for _, minutes, _, counts in case["blocks"] if counts)
        lines = "; ".join(f"{code or 'no code'} {status}" for code, _, status, _ in case["lines"])
        assert f"| {case['name']} | {case['payer']} | {minutes} | {lines} |" in page


def test_a_per_diem_carries_the_contracts_amount_its_words_and_its_source():
    [line] = price(day(*hours(3)), [OWN_ROW])

    assert (line.code, line.revenue_code, line.units, line.amount_cents) == ("S9480", "0905", 1, 41250)
    assert line.words == "180 countable minutes reach the per diem of 180."
    assert line.source == "Contract of Harbor Plan, 2026"


def test_one_minute_short_is_held_and_never_rounded_up():
    [line] = price(day(*hours(2), Block("group", 59, "on_site")), [OWN_ROW])

    assert (line.status, line.units, line.amount_cents) == ("hold", 0, None)
    assert line.words == "179 countable minutes are below the per diem of 180; the biller decides."


def test_a_payer_that_covers_virtual_days_pays_them():
    [line] = price(day(*hours(3, "virtual")), [OWN_ROW])

    assert (line.status, line.amount_cents) == ("ready", 41250)


def test_a_payer_that_pays_nothing_for_a_short_day_says_so():
    [line] = price(day(*hours(2)), [dataclasses.replace(OWN_ROW, below="nothing")])

    assert (line.status, line.reason) == ("nothing", "pricing.below_nothing")


def test_a_virtual_block_that_nobody_attended_does_not_make_the_day_virtual():
    [line] = price(day(*hours(3), Block("skills", 0, "virtual")), [dataclasses.replace(OWN_ROW, virtual="refused")])

    assert line.status == "ready"


@pytest.mark.parametrize(
    ("on", "status"),
    [
        (date(2025, 12, 31), "hold"),
        (date(2026, 1, 1), "ready"),
        (date(2026, 3, 31), "ready"),
        (date(2026, 4, 1), "hold"),
    ],
)
def test_a_row_holds_from_its_first_day_until_the_day_it_ends(on, status):
    assert [line.status for line in price(day(*hours(3), on=on), [OWN_ROW])] == [status]


def test_the_row_of_the_day_is_used_when_the_contract_changes():
    from_april = dataclasses.replace(
        OWN_ROW, effective_from=date(2026, 4, 1), effective_to=None, amount_cents=43000, source="Contract, April 2026"
    )

    assert price(day(*hours(3), on=date(2026, 3, 31)), [OWN_ROW, from_april])[0].amount_cents == 41250
    assert price(day(*hours(3), on=date(2026, 4, 1)), [OWN_ROW, from_april])[0].amount_cents == 43000


def test_two_rows_for_one_day_are_held_rather_than_guessed():
    [line] = price(day(*hours(3)), [OWN_ROW, OWN_ROW])

    assert (line.status, line.reason) == ("hold", "pricing.several_rules")


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(15, ""), (16, "90832"), (37, "90832"), (38, "90834"), (52, "90834"), (53, "90837"), (90, "90837")],
)
def test_individual_therapy_is_coded_by_its_minutes(minutes, code):
    [line] = price(day(Block("individual", minutes, "on_site")), [dataclasses.replace(OWN_ROW, below="discrete")])

    assert line.code == code
    assert line.status == ("ready" if code else "nothing")


def test_family_therapy_needs_twenty_six_minutes():
    row = dataclasses.replace(OWN_ROW, below="discrete")

    assert price(day(Block("family", 25, "on_site")), [row])[0].status == "nothing"
    assert price(day(Block("family", 26, "on_site")), [row])[0].code == "90847"


def test_a_block_nobody_attended_has_no_line_of_its_own():
    lines = price(day(*hours(1), *hours(1, minutes=0)), [dataclasses.replace(OWN_ROW, below="discrete")])

    assert [line.block for line in lines] == [0]


def test_a_recalled_code_says_that_it_is_recalled():
    [line] = price(day(Block("education", 45, "on_site")), [dataclasses.replace(OWN_ROW, below="discrete")])

    assert (line.code, line.trust) == ("G0177", "recalled")


def test_two_services_for_the_same_minutes_are_a_fault_of_the_table():
    twice = {"group": [Service("90853", "a", "read"), Service("G0410", "b", "recalled")]}

    with pytest.raises(Ambiguous):
        price(day(*hours(1)), [dataclasses.replace(OWN_ROW, below="discrete", discrete=twice)])


def test_minutes_below_zero_are_refused():
    with pytest.raises(ValueError, match="below zero"):
        price(day(Block("group", -1, "on_site")), [OWN_ROW])


def test_partial_hospitalization_is_not_among_the_shipped_codes():
    shipped = {rule.code for rule in RULES} | {rule.revenue_code for rule in RULES}

    assert not shipped & {"H0035", "0912", "0913", "5853", "5854"}


def test_every_shipped_row_names_its_source_and_no_rate():
    assert all(rule.source and rule.amount_cents is None for rule in RULES)
    assert all(service.source for services in DISCRETE.values() for service in services)
