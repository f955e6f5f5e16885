import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from openiop.schedule.hours import (
    CANNOT_REACH_MINIMUM,
    MINIMA,
    PLAN_BELOW_MINIMUM,
    Delivered,
    Minutes,
    NoMinimum,
    early_warning,
    in_week,
    ledger,
    minimum_for,
    week_of,
)

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/cases/hours.json").read_text(encoding="utf-8"))["cases"]
ZONE = "America/New_York"
MONDAY = datetime(2026, 3, 16, 18, 0, tzinfo=ZoneInfo(ZONE))
WEEK = week_of(MONDAY, zone=ZONE)


def hours(minutes):
    return f"{minutes / 60:.2f}"


def evening(day, attended):
    """Return three hours on a day of the week, 0 for Monday, of which so many minutes were attended."""
    begins_at = MONDAY + timedelta(days=day)
    return [
        Delivered(begins_at + timedelta(hours=n), 60, min(60, max(0, attended - 60 * n)), "group", "virtual")
        for n in range(3)
    ]


def week(*attended, days=(0, 2, 3)):
    return [block for day, minutes in zip(days, attended, strict=True) for block in evening(day, minutes)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_week(case):
    blocks = [
        Delivered(MONDAY, scheduled, attended, kind, place)
        for count, scheduled, attended, kind, place in case["blocks"]
        for _ in range(count)
    ]

    found = ledger(blocks, minimum_minutes=case["minimum"])

    assert (found.scheduled, found.attended) == (case["scheduled"], case["attended"])
    assert (found.shortfall_scheduled, found.shortfall_attended) == (case["short_scheduled"], case["short_attended"])
    assert sum(part.attended for part in found.by_kind.values()) == found.attended
    assert sum(part.scheduled for part in found.by_place.values()) == found.scheduled


def test_the_page_on_hours_tells_the_same_figures():
    page = (ROOT / "docs/rules/hours.md").read_text(encoding="utf-8")

    for case in CASES:
        figures = (
            case["minimum"],
            case["scheduled"],
            case["attended"],
            case["short_scheduled"],
            case["short_attended"],
        )
        assert f"| {case['name']} | {' | '.join(hours(figure) for figure in figures)} |" in page


def test_the_ledger_is_split_by_kind_and_by_place():
    blocks = [Delivered(MONDAY, 60, 60, "skills", "virtual"), Delivered(MONDAY, 60, 46, "process", "on_site")]

    found = ledger(blocks, minimum_minutes=540)

    assert dict(found.by_kind) == {"process": Minutes(60, 46), "skills": Minutes(60, 60)}
    assert dict(found.by_place) == {"on_site": Minutes(60, 46), "virtual": Minutes(60, 60)}


def test_nobody_attends_longer_than_a_block_lasted():
    with pytest.raises(ValueError, match="61 of 60"):
        ledger([Delivered(MONDAY, 60, 61, "group", "virtual")], minimum_minutes=540)


def test_an_adult_is_owed_nine_hours_and_an_adolescent_six():
    assert minimum_for("adult", on=date(2026, 3, 16)).minutes == 540
    assert minimum_for("adolescent", on=date(2026, 3, 16)).minutes == 360
    assert all(row.source and row.trust for row in MINIMA)


def test_a_minimum_holds_from_its_first_day_until_the_day_it_ends():
    ended = [MINIMA[0]._replace(effective_to=date(2026, 4, 1))]

    assert minimum_for("adult", on=date(2026, 3, 31), minima=ended).minutes == 540
    with pytest.raises(NoMinimum):
        minimum_for("adult", on=date(2026, 4, 1), minima=ended)
    with pytest.raises(NoMinimum):
        minimum_for("adult", on=date(2023, 12, 31))


@pytest.mark.parametrize(
    ("local", "starts", "begins", "length_hours"),
    [
        pytest.param("2026-03-16T18:00", "sunday", "2026-03-15T04:00", 168, id="an ordinary week from Sunday"),
        pytest.param("2026-03-16T18:00", "monday", "2026-03-16T04:00", 168, id="an ordinary week from Monday"),
        pytest.param(
            "2026-03-15T23:59", "monday", "2026-03-09T04:00", 168, id="Sunday night ends the week from Monday"
        ),
        pytest.param("2026-03-08T18:00", "sunday", "2026-03-08T05:00", 167, id="the week the clocks go forward"),
        pytest.param("2026-11-01T00:00", "sunday", "2026-11-01T04:00", 169, id="the week the clocks go back"),
    ],
)
def test_a_week_runs_from_midnight_to_midnight_of_the_program(local, starts, begins, length_hours):
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(ZONE))

    found = week_of(at, zone=ZONE, week_starts=starts)

    assert found.begins_at == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert found.ends_at - found.begins_at == timedelta(hours=length_hours)
    assert found.begins_at <= at < found.ends_at


def test_saturday_evening_belongs_to_its_own_week_though_it_is_sunday_in_utc():
    saturday = datetime(2026, 3, 21, 22, 0, tzinfo=ZoneInfo(ZONE))

    assert saturday.astimezone(UTC).date() == date(2026, 3, 22)
    assert in_week([Delivered(saturday, 60, 60, "group", "virtual")], week=WEEK) != []


def wednesday_noon():
    return datetime(2026, 3, 18, 12, 0, tzinfo=ZoneInfo(ZONE))


def test_a_missed_monday_is_said_on_wednesday_while_an_hour_can_still_be_offered():
    found = early_warning(week(0, 0, 0), week=WEEK, minimum_minutes=540, at=wednesday_noon())

    assert found == ((CANNOT_REACH_MINIMUM,), 360, 180)


def test_a_missed_monday_is_not_yet_said_on_tuesday():
    tuesday = wednesday_noon() - timedelta(days=1)

    assert early_warning(week(0, 0, 0), week=WEEK, minimum_minutes=540, at=tuesday).reasons == ()


def test_a_full_monday_gives_no_warning():
    assert early_warning(week(180, 0, 0), week=WEEK, minimum_minutes=540, at=wednesday_noon()) == ((), 540, 0)


def test_a_make_up_evening_takes_the_warning_back():
    planned = week(0, 0, 0, 0, days=(0, 2, 3, 4))

    assert early_warning(planned, week=WEEK, minimum_minutes=540, at=wednesday_noon()).reasons == ()


def test_a_plan_of_fifty_minute_groups_is_said_at_once():
    planned = [block._replace(minutes_scheduled=50, minutes_attended=0) for block in week(0, 0, 0)]

    found = early_warning(planned, week=WEEK, minimum_minutes=540, at=WEEK.begins_at)

    assert found == ((PLAN_BELOW_MINIMUM,), 450, 90)


def test_a_block_that_is_going_on_counts_as_still_to_come():
    during_monday = MONDAY + timedelta(minutes=30)

    found = early_warning(week(0, 0, 0), week=WEEK, minimum_minutes=540, at=during_monday, warn_from=during_monday)

    assert found.reachable_minutes == 540
