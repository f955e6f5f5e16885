import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openiop.safety.ladder import (
    CLOSING_NEEDS_A_CLINICIAN,
    CLOSING_NEEDS_CONTACT_OR_DISPOSITION,
    DEADLINES,
    EVERYONE_ON_THE_DESK,
    TRIGGERS,
    Case,
    Deadlines,
    Evidence,
    Paged,
    Rung,
    UnknownEvidence,
    clocks_start_at,
    may_close,
    next_step,
    route,
    tier_for,
    told_to_patient,
    why_not_close,
)

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "tests/cases/ladder.json").read_text(encoding="utf-8"))
PAGE = ROOT / "docs/rules/escalation.md"
START = datetime(2026, 3, 16, 22, 0, tzinfo=UTC)
LADDER = [Rung(("Bea",), "live"), Rung(("Marcus",), "primary"), Rung(("Okafor",), "on call")]
DESK = Rung((), EVERYONE_ON_THE_DESK, everyone=True)


def after(minutes):
    return START + timedelta(minutes=minutes)


def case(**changed):
    return Case(**({"since": START, "rungs": [*LADDER, DESK]} | changed))


def lived_through(timeline):
    """Return the pages that a poller asking once a minute sends."""
    rungs = [*LADDER[: timeline["rungs"] - 1], DESK]
    paged = []
    for minute in range(timeline["until"] + 1):
        state = Case(
            since=START,
            rungs=rungs,
            paged=paged,
            acknowledged=[after(m) for m in timeline["acknowledged"] if m <= minute],
            contacts=[after(m) for m in [timeline["contact"]] if m is not None and m <= minute],
        )
        step = next_step(state, at=after(minute), deadlines=DEADLINES[timeline["tier"]])
        if step.kind == "page":
            paged.append(Paged(after(minute), step.rung))
    return [[int((page.at - START) / timedelta(minutes=1)), page.rung] for page in paged]


@pytest.mark.parametrize(("reason", "value", "tier"), TABLE["tiers"])
def test_each_answer_has_its_tier(reason, value, tier):
    assert tier_for([Evidence(reason, value)]) == tier


def test_every_trigger_stands_in_the_table_of_cases_and_names_its_source():
    assert {(row.reason, row.value) for row in TRIGGERS} <= {(reason, value) for reason, value, _ in TABLE["tiers"]}
    assert all(row.source and row.trust == "design" for row in TRIGGERS)


def test_a_corrected_tap_never_lowers_the_tier():
    assert tier_for([Evidence("safe_now", "no"), Evidence("safe_now", "yes")]) == 4


def test_no_evidence_raises_no_flag():
    assert tier_for([]) == 0


def test_evidence_that_nobody_thought_through_is_an_error_not_a_silence():
    with pytest.raises(UnknownEvidence):
        tier_for([Evidence("safe_now", "maybe")])


@pytest.mark.parametrize("asked", TABLE["routes"], ids=lambda asked: asked["name"])
def test_who_is_asked_in_which_order(asked):
    found = route(
        live_with=asked["live"],
        primary=asked["primary"],
        on_call=asked["on_call"],
        supervisors=asked["supervisors"],
        in_hours=asked["in_hours"],
    )

    assert [list(rung.who) for rung in found] == asked["rungs"]
    assert found[-1].everyone
    assert all(rung.because for rung in found)


@pytest.mark.parametrize("timeline", TABLE["timelines"], ids=lambda timeline: timeline["name"])
def test_how_a_case_climbs(timeline):
    assert lived_through(timeline) == timeline["paged"]


def test_the_page_on_escalation_tells_the_same_figures():
    page = PAGE.read_text(encoding="utf-8")

    for tier, row in DEADLINES.items():
        assert f"| {tier} | {row.acknowledge_minutes} | {row.contact_minutes} | {row.repeat_minutes} |" in page
    for reason, value, tier in TABLE["tiers"]:
        assert f"| `{reason}` | {value} | {tier or 'no flag'} |" in page
    for timeline in TABLE["timelines"]:
        paged = ", ".join(f"{minute} (rung {rung + 1})" for minute, rung in timeline["paged"])
        assert f"| {timeline['name']} | {paged} |" in page


def test_the_clinics_own_deadlines_hold():
    own = Deadlines(3, 5, 20, 5, "Harbor Street policy", "design")
    paged = [Paged(START, 0)]

    assert next_step(case(paged=paged), at=after(4), deadlines=own).kind == "wait"
    assert next_step(case(paged=paged), at=after(5), deadlines=own)[:2] == ("page", 1)


def test_a_poller_that_slept_an_hour_still_climbs_one_rung_at_a_time():
    step = next_step(case(paged=[Paged(START, 0)]), at=after(75), deadlines=DEADLINES[3])

    assert (step.kind, step.rung, step.next_at) == ("page", 1, after(90))


def test_waiting_names_the_next_climb_and_the_contact_deadline():
    step = next_step(case(paged=[Paged(START, 0)]), at=after(3), deadlines=DEADLINES[3])

    assert step == ("wait", None, after(15), after(60))


def test_acknowledging_stops_the_paging_but_not_the_clock_to_contact():
    known = case(paged=[Paged(START, 0)], acknowledged=[after(5)])

    assert next_step(known, at=after(59), deadlines=DEADLINES[3]) == ("wait", None, after(60), after(60))
    assert next_step(known, at=after(60), deadlines=DEADLINES[3])[:2] == ("page", 1)


def test_contact_stops_both_clocks():
    reached = case(paged=[Paged(START, 0)], contacts=[after(30)])

    assert next_step(reached, at=after(600), deadlines=DEADLINES[3]).kind == "rest"


def test_a_closed_case_rests():
    assert next_step(case(closed_at=after(1)), at=after(600), deadlines=DEADLINES[4]).kind == "rest"


def test_a_higher_tier_starts_the_ladder_again_though_somebody_had_acknowledged():
    since = clocks_start_at([(START, 1), (after(10), 4)])
    known = case(since=since, paged=[Paged(START, 0)], acknowledged=[after(5)])

    assert since == after(10)
    assert next_step(known, at=after(10), deadlines=DEADLINES[4])[:2] == ("page", 0)


def test_more_of_the_same_does_not_page_again_whoever_is_on_it():
    assert clocks_start_at([(START, 4), (after(1), 4), (after(2), 2)]) == START


def test_a_flag_after_contact_starts_the_clocks_again():
    assert clocks_start_at([(START, 4), (after(30), 1)], contacts=[after(20)]) == after(30)
    assert clocks_start_at([(START, 4), (after(10), 1)], contacts=[after(20)]) == START


@pytest.mark.parametrize(
    ("minutes", "known", "told"),
    [
        pytest.param(1, {}, "sent", id="just sent"),
        pytest.param(15, {}, "nobody_yet", id="nobody has acknowledged in time"),
        pytest.param(16, {"acknowledged": [after(3)]}, "somebody_has_it", id="acknowledged"),
        pytest.param(60, {"acknowledged": [after(3)]}, "nobody_yet", id="acknowledged but not reached in time"),
        pytest.param(90, {"contacts": [after(40)]}, "somebody_has_it", id="reached"),
    ],
)
def test_the_person_is_told_the_truth(minutes, known, told):
    assert told_to_patient(case(**known), at=after(minutes), deadlines=DEADLINES[3]) == told


def test_a_clinician_closes_after_contact_or_with_a_disposition():
    assert may_close(by_clinician=True, contact_made=True)
    assert may_close(by_clinician=True, contact_made=False, disposition="Taken to the emergency department")


def test_nobody_closes_without_contact_or_disposition_and_only_clinicians_close():
    assert not may_close(by_clinician=True, contact_made=False, disposition="  ")
    assert why_not_close(by_clinician=False, contact_made=True) == (CLOSING_NEEDS_A_CLINICIAN,)
    assert why_not_close(by_clinician=False, contact_made=False) == (
        CLOSING_NEEDS_A_CLINICIAN,
        CLOSING_NEEDS_CONTACT_OR_DISPOSITION,
    )
