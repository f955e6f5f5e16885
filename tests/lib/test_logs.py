"""No patient data in logs: a fault is written without its own words."""

import logging
import sys

from django.conf import settings

from openiop.lib.logs import WithoutWords


def test_a_fault_is_logged_with_its_place_and_kind_and_without_its_words():
    row = "Maya, 14 Orchard Lane"
    try:
        raise ValueError(f"Failing row contains ({row})")
    except ValueError:
        record = logging.LogRecord("room", logging.ERROR, __file__, 1, "A seat could not be taken.", (), None)
        record.exc_info = sys.exc_info()

    said = WithoutWords("%(message)s").format(record)

    assert "A seat could not be taken." in said
    assert "test_logs.py" in said and "ValueError" in said
    assert row not in said


def test_every_handler_of_ours_writes_that_way():
    formatters = {handler["formatter"] for handler in settings.LOGGING["handlers"].values()}

    assert {settings.LOGGING["formatters"][name]["()"] for name in formatters} == {"openiop.lib.logs.WithoutWords"}
