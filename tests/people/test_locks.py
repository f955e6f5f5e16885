"""The lower lock: what PostgreSQL shows the web role, whoever forgot to ask."""

import pytest

from openiop.measures.models import Response
from openiop.people.access import acting
from openiop.people.models import Person, Tie
from openiop.schedule.models import CareSession, RosterEntry

pytestmark = pytest.mark.django_db


def test_with_nobody_set_no_patient_exists(cast):
    assert not Person.objects.exists()
    assert not RosterEntry.objects.exists()


def test_a_patient_sees_themselves_and_the_staff_but_no_other_patient(cast):
    with acting(cast["maya"]):
        patients = set(Person.objects.filter(kind="patient").values_list("pk", flat=True))

        assert patients == {cast["maya"].pk}
        assert Person.objects.filter(kind="staff").count() == 7


def test_a_patient_sees_their_own_sessions_and_places_only(cast):
    with acting(cast["maya"]):
        assert CareSession.objects.exists()
        assert set(RosterEntry.objects.values_list("patient_id", flat=True)) == {cast["maya"].pk}
        mine = set(CareSession.objects.values_list("pk", flat=True))
    with acting(cast["leo"]):
        assert not mine & set(CareSession.objects.values_list("pk", flat=True))


def test_what_a_patient_writes_about_another_is_refused(cast):
    from django.db import ProgrammingError
    from django.utils import timezone

    maya, theo = cast["maya"], cast["theo"]
    with acting(maya), pytest.raises(ProgrammingError, match="row-level security"):
        Response.objects.create(
            clinic_id=maya.clinic_id,
            patient_id=theo.pk,
            instrument="phq9",
            version=1,
            for_day=timezone.now().date(),
            started_at=timezone.now(),
        )


def test_a_facilitator_opens_the_records_of_their_roster_and_the_front_desk_opens_none(cast):
    with acting(cast["bea"]):
        seen = Person.objects.visible_to(cast["bea"]).patients()

        assert cast["maya"] in seen
        assert cast["leo"] not in seen
    with acting(cast["hal"]):
        assert not Person.objects.visible_to(cast["hal"]).patients().exists()
        assert not Tie.objects.filter(staff=cast["hal"]).exists()
