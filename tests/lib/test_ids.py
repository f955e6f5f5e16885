"""Ids say in which order rows were made."""

from openiop.lib.ids import uuid7


def test_ids_made_one_after_the_other_sort_in_that_order():
    made = [uuid7() for _each in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_id_is_a_uuid_of_version_seven():
    made = uuid7()

    assert (made.version, made.variant) == (7, "specified in RFC 4122")
