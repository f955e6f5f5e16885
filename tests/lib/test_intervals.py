from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from openiop.lib.intervals import Span, clip, length, overlap, union

NEW_YORK = ZoneInfo("America/New_York")


def at(clock, second=0):
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, 16, hour, minute, second, tzinfo=UTC)


def span(begins, ends):
    return Span(at(begins), at(ends))


@pytest.mark.parametrize(
    ("spans", "joined"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([span("18:00", "19:00"), span("18:30", "20:00")], [span("18:00", "20:00")], id="overlapping"),
        pytest.param([span("19:00", "20:00"), span("18:00", "19:00")], [span("18:00", "20:00")], id="touching"),
        pytest.param([span("18:00", "21:00"), span("18:30", "19:00")], [span("18:00", "21:00")], id="one inside"),
        pytest.param(
            [span("18:00", "18:30"), span("18:32", "19:00")],
            [span("18:00", "18:30"), span("18:32", "19:00")],
            id="two minutes apart",
        ),
    ],
)
def test_union_joins_what_overlaps_or_touches(spans, joined):
    assert union(spans) == joined


def test_a_gap_is_bridged_up_to_its_limit_and_nothing_is_added_at_the_ends():
    spans = [span("18:00", "18:30"), span("18:31", "19:00")]

    assert union(spans, gap=timedelta(seconds=60)) == [span("18:00", "19:00")]
    assert union(spans, gap=timedelta(seconds=59)) == spans


def test_overlap_counts_every_moment_of_the_window_once():
    spans = [span("17:00", "18:30"), span("18:15", "18:45"), span("18:50", "22:00")]

    assert overlap(spans, begins_at=at("18:00"), ends_at=at("19:00")) == timedelta(minutes=55)


def test_clip_is_half_open():
    spans = [span("17:00", "18:00"), span("18:00", "18:00"), span("19:00", "19:00"), span("19:00", "20:00")]

    assert clip(spans, begins_at=at("18:00"), ends_at=at("19:00")) == [span("18:00", "18:00")]


def test_time_is_elapsed_time_when_the_clocks_change():
    spring = (datetime(2026, 3, 8, 1, 0, tzinfo=NEW_YORK), datetime(2026, 3, 8, 4, 0, tzinfo=NEW_YORK))
    autumn = (datetime(2026, 11, 1, 0, 30, tzinfo=NEW_YORK), datetime(2026, 11, 1, 2, 30, tzinfo=NEW_YORK))

    assert length(union([spring])) == timedelta(hours=2)
    assert length(union([autumn])) == timedelta(hours=3)


def test_a_span_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="ends before it begins"):
        union([span("19:00", "18:00")])


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        union([(datetime(2026, 3, 16, 18, 0), datetime(2026, 3, 16, 19, 0))])
