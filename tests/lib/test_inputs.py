"""Times typed by people: whose clock it was, and the hour that comes twice or never."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django import forms
from django.utils import timezone

from openiop.lib.inputs import WallTimeField

NEW_YORK, MADRID = ZoneInfo("America/New_York"), ZoneInfo("Europe/Madrid")


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def read(typed, *, now, zone=NEW_YORK):
    field = WallTimeField()
    field.zone = zone
    with time_machine.travel(now, tick=False):
        return field.clean(typed)


@pytest.mark.parametrize(
    ("typed", "now", "moment"),
    [
        pytest.param("2026-11-24T17:40", utc(2026, 11, 24, 23), utc(2026, 11, 24, 22, 40), id="an ordinary day"),
        pytest.param("2026-11-01T01:30", utc(2026, 11, 1, 5, 30), utc(2026, 11, 1, 5, 30), id="now, the first time"),
        pytest.param("2026-11-01T01:30", utc(2026, 11, 1, 6, 30), utc(2026, 11, 1, 6, 30), id="now, the second time"),
        pytest.param("2026-11-01T01:50", utc(2026, 11, 1, 6, 30), utc(2026, 11, 1, 5, 50), id="the first has been"),
        pytest.param("2026-11-01T01:30", utc(2026, 11, 1, 15), utc(2026, 11, 1, 6, 30), id="both have been"),
        pytest.param("2026-11-01T01:30", utc(2026, 10, 31, 15), utc(2026, 11, 1, 5, 30), id="both are to come"),
    ],
)
def test_a_time_is_the_latest_that_the_clock_on_the_wall_has_shown(typed, now, moment):
    assert read(typed, now=now) == moment


def test_an_hour_that_clocks_skip_is_refused_with_a_sentence():
    with pytest.raises(forms.ValidationError, match="Clocks went forward"):
        read("2026-03-08T02:30", now=utc(2026, 3, 9))


@pytest.mark.parametrize("typed", ["yesterday", "2026-11-31T10:00", "9999-12-31T23:59"])
def test_what_is_no_time_is_refused_with_a_sentence(typed):
    with pytest.raises(forms.ValidationError, match="Enter a valid date/time"):
        read(typed, now=utc(2026, 11, 24))


def test_the_clinics_clock_counts_and_the_readers_only_where_no_clinic_is_named():
    with timezone.override(MADRID):
        assert read("2026-11-24T17:40", now=utc(2026, 11, 25)) == utc(2026, 11, 24, 22, 40)
        assert read("2026-11-24T17:40", now=utc(2026, 11, 25), zone=None) == utc(2026, 11, 24, 16, 40)
        # An hour that comes twice in Madrid is an ordinary one in New York.
        assert read("2026-10-25T02:30", now=utc(2026, 10, 26)) == utc(2026, 10, 25, 6, 30)


@pytest.mark.parametrize("now", [utc(2026, 11, 1, 5, 30), utc(2026, 11, 1, 6, 30)])
def test_what_the_page_fills_in_for_now_is_read_as_now(now):
    field = WallTimeField()
    field.zone = NEW_YORK

    shown = field.widget.format_value(field.prepare_value(now))

    assert shown == "2026-11-01T01:30"
    assert read(shown, now=now) == now
