"""Unattended-risk minutes: exactly while the person would be told anything else than "somebody has it"."""

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest

from openiop.demo import world
from openiop.safety import ladder
from openiop.safety.unattended import Evidence, Steps, dangers, unattended, wait_reached, wait_taken, within

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests" / "cases" / "quality.json").read_text())["unattended"]
NOW = world.NOW


def after(minutes):
    return NOW + timedelta(minutes=minutes)


def steps_of(case):
    return Steps(
        evidence=[Evidence(after(at), tier, clock) for at, tier, clock in case["evidence"]],
        taken=[after(at) for at in case.get("taken", [])],
        reached=[after(at) for at in case.get("reached", [])],
        closed_at=after(case["closed"]) if "closed" in case else None,
        decided=[(after(at), after(until)) for at, until in case.get("decided", [])],
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_minutes_of_each_case_in_the_table(case):
    found = unattended(steps_of(case), until=after(case["until"]))

    assert [tuple(span) for span in found] == [(after(begins), after(ends)) for begins, ends in case["spans"]]
    assert sum((span.ends_at - span.begins_at for span in found), timedelta()) == timedelta(minutes=case["minutes"])


def test_each_worked_example_stands_on_the_page_of_rules():
    page = (ROOT / "docs" / "rules" / "quality.md").read_text()

    assert [case["name"] for case in CASES if f"| {case['name']} | {case['minutes']} |" not in page] == []


def played(seed):
    """A case played at random, minute by minute, in the order in which the verbs would let it happen."""
    dice = random.Random(seed)
    evidence, taken, reached, decided, closed_at = [Evidence(NOW, 4, 10)], [], [], [], None
    for minute in range(1, 400):
        match dice.choice(["nothing"] * 40 + ["evidence", "taken", "taken", "reached", "decided", "closed"]):
            case "evidence":
                evidence.append(Evidence(after(minute), dice.randint(1, 4), dice.choice([10, 60, 240])))
            case "taken":
                taken.append(after(minute))
            case "reached":
                reached.append(after(minute))
            case "decided":
                decided.append((after(minute), dice.choice([None, after(minute + dice.randint(1, 30))])))
            case "closed" if minute > 200:
                closed_at = after(minute)
                break
    return Steps(evidence, taken, reached, closed_at, decided)


def is_held(steps, at):
    """What the person would be told at `at`, by the ladder's own rule, from what had happened by then."""
    if steps.closed_at and at >= steps.closed_at:
        return True
    known = [piece for piece in steps.evidence if piece.at <= at]
    contacts = [moment for moment in steps.reached if moment <= at]
    since = ladder.clocks_start_at([(piece.at, piece.tier) for piece in known], contacts=contacts)
    clock = next(piece.contact_minutes for piece in known if piece.at == since)
    agreed = [until for moment, until in steps.decided if moment <= at]
    taken = [moment for moment in steps.taken if moment <= at]
    case = ladder.Case(since, (), (), taken, contacts, tries_again_at=agreed[-1] if agreed else None)
    deadlines = ladder.DEADLINES[1]._replace(contact_minutes=clock)
    return ladder.told_to_patient(case, at=at, deadlines=deadlines) == "somebody_has_it"


@pytest.mark.parametrize("seed", range(40))
def test_minute_by_minute_they_are_what_the_person_is_told(seed):
    steps = played(seed)

    counted = sum(not is_held(steps, after(minute)) for minute in range(400))

    spans = unattended(steps, until=after(400))
    assert within(spans, begins_at=NOW, ends_at=after(400)) == timedelta(minutes=counted)


def test_a_case_over_the_turn_of_a_month_is_shared_between_both_and_nothing_is_lost():
    spans = unattended(Steps([Evidence(NOW, 3, 60)], [after(30)]), until=after(200))
    turn = after(20)

    before = within(spans, begins_at=after(-1000), ends_at=turn)
    afterwards = within(spans, begins_at=turn, ends_at=after(1000))

    assert (before, afterwards) == (timedelta(minutes=20), timedelta(minutes=10 + 140))


def test_waits_are_counted_from_each_danger_and_are_not_over_until_they_are():
    steps = Steps([Evidence(NOW, 1, 480), Evidence(after(10), 4, 10)], taken=[after(15)], reached=[after(40)])
    first, second = dangers(steps)

    assert wait_taken(first, steps, until=after(60)) == timedelta(minutes=15)
    assert wait_taken(second, steps, until=after(60)) == timedelta(minutes=5)
    assert wait_reached(second, steps, until=after(60)) == timedelta(minutes=30)
    assert wait_reached(second, steps, until=after(39)) is None


def test_closing_without_contact_ends_the_wait_for_somebody_but_reaches_nobody():
    steps = Steps([Evidence(NOW, 2, 240)], closed_at=after(30))
    (danger,) = dangers(steps)

    assert wait_taken(danger, steps, until=after(60)) == timedelta(minutes=30)
    assert wait_reached(danger, steps, until=after(60)) is None


def test_a_case_without_evidence_is_a_fault_and_not_a_zero():
    with pytest.raises(ValueError, match="without evidence"):
        unattended(Steps([]), until=NOW)
