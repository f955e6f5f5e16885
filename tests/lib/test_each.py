"""What fails for one of many holds up nobody else."""

import pytest

from openiop.lib.each import one_by_one
from openiop.people.access import acting
from openiop.people.models import Person


@pytest.mark.django_db
def test_the_others_are_done_and_nothing_is_kept_of_the_one_that_failed(cast):
    def rename(key):
        Person.objects.filter(pk=cast[key].pk).update(called="New")
        if key == "theo":
            raise ValueError(key)

    with acting(cast["okafor"]):
        assert list(one_by_one(rename, ["maya", "theo", "sam"])) == [True, False, True]
        assert set(Person.objects.filter(called="New").values_list("given_name", flat=True)) == {"Maya", "Sam"}
