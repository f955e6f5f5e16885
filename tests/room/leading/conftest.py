"""What tests of being called share: another clinician on call."""

from datetime import timedelta

import pytest

from openiop.people.access import acting
from openiop.people.models import Login, Person
from openiop.safety.models import OnCallShift
from tests.room.leading.being_called import NOW


@pytest.fixture
def dana(cast):
    """Another clinician of the clinic, second on call."""
    with acting(cast["okafor"]):
        person = Person.objects.create(
            clinic_id=cast["bea"].clinic_id,
            kind=Person.STAFF,
            roles=["therapist"],
            login=Login.objects.create(email="dana@clinic.example"),
            given_name="Dana",
            family_name="Ruiz",
            called="Dana",
        )
        during = (NOW - timedelta(days=1), NOW + timedelta(days=1))
        OnCallShift.objects.create(clinic_id=person.clinic_id, staff=person, rung=2, during=during)
        cast["dana"] = person
        return person
