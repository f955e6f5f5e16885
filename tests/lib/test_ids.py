"""Ids say in which order rows were made."""

from datetime import UTC, datetime

import time_machine

from openiop.lib.ids import uuid7


def test_ids_made_one_after_the_other_sort_in_that_order():
    made = [uuid7() for _each in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_they_do_where_the_clock_stands_still_too():
    with time_machine.travel(datetime(2026, 11, 24, tzinfo=UTC), tick=False):
        made = [uuid7() for _each in range(2_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_id_is_a_uuid_of_version_seven():
    made = uuid7()

    assert (made.version, made.variant) == (7, "specified in RFC 4122")
