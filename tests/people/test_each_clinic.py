"""The worker goes through the clinics one by one: what fails in one holds up no other."""

import psycopg
import pytest
from django.db import OperationalError

from openiop.billing import signed_days
from openiop.demo import world
from openiop.messaging import jobs as messaging
from openiop.people import access
from openiop.safety import jobs as safety
from openiop.schedule import jobs as schedule

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


@pytest.mark.usefixtures("two_clinics")
@pytest.mark.parametrize("go_through", [access.in_each_clinic, access.for_each_clinic])
@pytest.mark.parametrize("fault", ["DeadlockDetected", "LockNotAvailable", "QueryCanceled"])
def test_two_that_waited_for_each_others_rows_are_one_clinics_alone(go_through, fault):
    given_up = OperationalError("given up")
    given_up.__cause__ = getattr(psycopg.errors, fault)()
    assert go_through(failing_first(given_up), at=world.NOW) == 3


@pytest.mark.usefixtures("two_clinics")
def test_a_database_that_is_being_shut_down_is_gone_for_everybody():
    shut = OperationalError("terminating")
    shut.__cause__ = psycopg.errors.AdminShutdown()
    with pytest.raises(OperationalError):
        access.for_each_clinic(failing_first(shut), at=world.NOW)


@pytest.mark.usefixtures("two_clinics")
@pytest.mark.parametrize(
    ("module", "does", "job"),
    [
        (safety, "_climb_for", safety.climb),
        (safety, "_climb_for", safety.call_for_staff),
        (messaging, "_send_for", messaging.send_mail),
        (signed_days, "_of_clinic", signed_days.price_signed_days),
    ],
)
def test_cases_calls_pages_and_charges_go_on_where_one_clinic_fails(monkeypatch, module, does, job):
    asked = []

    def first_fails(*_args, **_named):
        asked.append(1)
        if len(asked) == 1:
            raise ValueError("spoilt")
        return 3

    monkeypatch.setattr(module, does, first_fails)
    assert job(world.NOW) == 3


@pytest.mark.usefixtures("two_clinics")
def test_the_coming_weeks_are_made_where_those_of_another_clinic_fail(monkeypatch):
    monkeypatch.setattr(schedule, "_of_clinic", failing_first(ValueError("spoilt")))
    assert schedule.unfold_ahead(int(world.NOW.timestamp())) == 3
