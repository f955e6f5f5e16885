"""The worker goes through the clinics one by one: what fails in one holds up no other."""

import pytest
from django.db import OperationalError

from openiop.demo import world
from openiop.people import access

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_clinics(cast, monkeypatch):
    """The worker's role sees every clinic; here one stands for two."""
    monkeypatch.setattr(access, "all_clinics", lambda: [cast["okafor"].clinic] * 2)


def failing_first(fault):
    faults = [fault]

    def step(clinic, *, at):
        assert at == world.NOW
        if faults:
            raise faults.pop()
        return 3

    return step


@pytest.mark.usefixtures("two_clinics")
@pytest.mark.parametrize("go_through", [access.in_each_clinic, access.for_each_clinic])
def test_the_next_clinic_is_looked_after_and_of_the_fault_only_its_kind_is_told(go_through, caplog):
    assert go_through(failing_first(ValueError("Maya Rivera")), at=world.NOW) == 3
    assert "ValueError" in caplog.text
    assert "Maya" not in caplog.text


@pytest.mark.usefixtures("two_clinics")
@pytest.mark.parametrize("go_through", [access.in_each_clinic, access.for_each_clinic])
def test_a_database_that_is_gone_is_gone_for_everybody(go_through):
    with pytest.raises(OperationalError):
        go_through(failing_first(OperationalError()), at=world.NOW)
