"""What the monthly figures count, rule by rule."""

from datetime import UTC, date, datetime, timedelta

import pytest

from openiop.lib.intervals import Span
from openiop.safety.quality import Assessed, Reassessment, has_plan, modality_on, month_of, reassessments, same_day

ZONE = "America/New_York"


def at(day, hour, minute=0):
    """A moment of November 2026 by the clinic's clock (five hours behind UTC)."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) + timedelta(hours=5)


FOREVER = [Span(at(1, 12) - timedelta(days=400), at(1, 12) + timedelta(days=400))]


@pytest.mark.parametrize(
    ("positives", "assessed", "found", "why"),
    [
        ([at(10, 9)], [at(10, 17)], [True], "assessed that afternoon"),
        ([at(10, 9)], [at(11, 8)], [False], "the morning after is not the same day"),
        ([at(10, 23, 50)], [at(11, 0, 5)], [False], "nor is a quarter of an hour over midnight"),
        ([at(10, 9)], [at(10, 8)], [False], "an assessment from before the answer answers nothing"),
        ([at(10, 9), at(10, 15)], [at(10, 11)], [True], "two answers of one day count once, from the first"),
        ([at(10, 9), at(11, 9)], [at(10, 11)], [True, False], "each day asks anew"),
        ([at(20, 9)], [], [], "today is not over: nobody knows yet"),
        ([at(20, 9)], [at(20, 10)], [True], "today, done"),
        ([], [at(10, 9)], [], "no positive, nothing to count"),
    ],
)
def test_a_positive_item_nine_is_assessed_the_same_day_or_not(positives, assessed, found, why):
    assert same_day(positives, assessed, zone=ZONE, until=at(20, 12)) == found, why


def of(day, due=None):
    return Assessed(at(day, 9), at(due, 9) if due else None)


@pytest.mark.parametrize(
    ("assessed", "care", "found", "why"),
    [
        ([of(1, 8), of(7)], FOREVER, [Reassessment(at(7, 9), True)], "a day early is in time"),
        ([of(1, 8), of(8)], FOREVER, [Reassessment(at(8, 9), True)], "at the very minute is in time"),
        ([of(1, 8), of(9)], FOREVER, [Reassessment(at(8, 9), False)], "a day late counts when it was due"),
        ([of(1, 8)], FOREVER, [Reassessment(at(8, 9), False)], "never done"),
        ([of(1, 25)], FOREVER, [], "not due yet"),
        ([of(1)], FOREVER, [], "no risk found, no clock"),
        ([of(1, 8)], [Span(at(1, 0), at(5, 0))], [], "had left care by then"),
        ([of(1, 8), of(3, 10), of(10)], FOREVER, [Reassessment(at(3, 9), True), Reassessment(at(10, 9), True)], "each"),
    ],
)
def test_a_reassessment_is_settled_when_it_is_done_or_when_it_was_due(assessed, care, found, why):
    assert reassessments(assessed, in_care=care, until=at(20, 12)) == found, why


@pytest.mark.parametrize(
    ("assessed", "closed", "found", "why"),
    [
        ([], [of(1, 8)], [Reassessment(at(8, 9), False)], "closed unassessed and never assessed"),
        ([of(7)], [of(1, 8)], [Reassessment(at(7, 9), True)], "assessed within the time of its tier"),
        ([of(9)], [of(1, 8)], [Reassessment(at(8, 9), False)], "assessed too late"),
        ([of(1, 15), of(7)], [of(2, 9)], [Reassessment(at(7, 9), True)], "two ask, and one assessment does both"),
        ([of(1, 15)], [of(2, 9)], [Reassessment(at(9, 9), False)], "what asks soonest counts"),
        ([of(1, 8)], [of(2, 16)], [Reassessment(at(8, 9), False)], "whichever it is"),
        ([], [of(1)], [], "no clock for its tier"),
    ],
)
def test_a_case_closed_without_an_assessment_asks_for_one_too(assessed, closed, found, why):
    assert reassessments(assessed, unassessed=closed, in_care=FOREVER, until=at(20, 12)) == found, why


def test_a_plan_counts_from_when_both_had_signed_it():
    assert has_plan([at(10, 9)], until=at(10, 9))
    assert not has_plan([at(10, 9)], until=at(10, 8))
    assert not has_plan([], until=at(10, 9))


def test_how_somebody_took_part_is_what_the_enrolment_of_that_day_said():
    care = [("virtual", date(2026, 10, 1), date(2026, 11, 10)), ("on_site", date(2026, 11, 10), None)]

    assert modality_on(date(2026, 11, 9), care) == "virtual"
    assert modality_on(date(2026, 11, 10), care) == "on_site"
    assert modality_on(date(2026, 9, 30), care) == ""


def test_a_month_begins_and_ends_at_the_clinics_own_midnight_also_where_clocks_change():
    november = month_of(date(2026, 11, 24), ZONE)

    assert november.begins_at == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert november.ends_at == datetime(2026, 12, 1, 5, tzinfo=UTC)
    assert month_of(date(2026, 12, 31), ZONE).ends_at == datetime(2027, 1, 1, 5, tzinfo=UTC)
