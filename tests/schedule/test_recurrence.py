import json
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from openiop.schedule.recurrence import Exceptions, NoSuchOccurrence, RuleNotUnderstood, unfold

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/cases/recurrence.json").read_text(encoding="utf-8"))["cases"]


def days(texts):
    return frozenset(date.fromisoformat(text) for text in texts)


def exceptions(case):
    moved = {
        date.fromisoformat(on): (date.fromisoformat(new_on), time.fromisoformat(wall))
        for on, (new_on, wall) in case.get("moved", {}).items()
    }
    return Exceptions(cancelled=days(case.get("cancelled", ())), moved=moved)


def mondays(rule="FREQ=WEEKLY;BYDAY=MO", **changed):
    asked = {
        "starts": time(18, 0),
        "zone": "America/New_York",
        "first_on": date(2026, 3, 2),
        "until": date(2026, 3, 16),
    }
    return unfold(rule, **(asked | changed))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_series(case):
    found = unfold(
        case["rule"],
        starts=time.fromisoformat(case["starts"]),
        zone=case["zone"],
        first_on=date.fromisoformat(case["first_on"]),
        until=date.fromisoformat(case["until"]),
        from_on=date.fromisoformat(case["from_on"]) if "from_on" in case else None,
        exceptions=exceptions(case),
    )

    begins = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in case["begins"]]
    assert [occurrence.begins_at for occurrence in found] == begins
    assert {occurrence.on for occurrence in found if occurrence.moved} == set(exceptions(case).moved)


def test_a_moved_session_keeps_the_date_that_names_it():
    moved = Exceptions(moved={date(2026, 3, 9): (date(2026, 3, 10), time(17, 0))})

    found = mondays(exceptions=moved)

    assert [occurrence.on for occurrence in found] == [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16)]
    assert found[1].begins_at == datetime(2026, 3, 10, 21, 0, tzinfo=UTC)


def test_cancelling_a_day_without_a_session_is_refused():
    with pytest.raises(NoSuchOccurrence, match="2026-03-10"):
        mondays(exceptions=Exceptions(cancelled=frozenset({date(2026, 3, 10)})))


def test_an_exception_outside_the_dates_asked_for_is_passed_over():
    assert len(mondays(exceptions=Exceptions(cancelled=frozenset({date(2026, 4, 7)})))) == 3


def test_a_session_cannot_be_both_cancelled_and_moved():
    on = date(2026, 3, 9)
    with pytest.raises(NoSuchOccurrence, match="both"):
        mondays(exceptions=Exceptions(cancelled=frozenset({on}), moved={on: (on, time(12, 0))}))


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "every Monday",
        "FREQ=HOURLY",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;UNTIL=20260401",
        "FREQ=DAILY;BYHOUR=9",
        "FREQ=WEEKLY;BYDAY=MO\nRDATE:20260401T000000",
    ],
)
def test_a_rule_that_is_not_understood_is_refused(rule):
    with pytest.raises(RuleNotUnderstood):
        mondays(rule)
