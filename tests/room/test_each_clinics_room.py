"""The room's part of the worker goes through the clinics one by one: what fails in one holds up no other."""

import pytest

from openiop.demo import world
from openiop.people import access
from openiop.room import care, e2ee, jobs
from openiop.room.leading import forgetting
from openiop.room.together import polls

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("job", "of"), [("forget_keys", e2ee), ("forget_polls", polls), ("forget_words", forgetting)])
def test_what_fails_in_one_clinic_keeps_nothing_of_the_next(cast, monkeypatch, job, of):
    name = {e2ee: "forget_old", polls: "forget_old", forgetting: "forget_over"}[of]
    asked = []

    def first_fails(*, at):
        asked.append(at)
        if len(asked) == 1:
            raise ValueError("spoilt")
        return 3

    monkeypatch.setattr(of, name, first_fails)
    monkeypatch.setattr(access, "all_clinics", lambda: [cast["bea"].clinic] * 2)
    assert getattr(jobs, job)(int(world.NOW.timestamp())) == 3


def test_whoever_is_lost_in_one_clinic_is_called_back_whatever_fails_in_another(cast, monkeypatch):
    looked = []

    def first_fails(*_, at):
        looked.append(at)
        if len(looked) == 1:
            raise ValueError("spoilt")
        return 2

    monkeypatch.setattr(care, "call_back", first_fails)
    monkeypatch.setattr(access, "all_clinics", lambda: [cast["bea"].clinic] * 2)
    assert jobs.watch(world.NOW) == 2
