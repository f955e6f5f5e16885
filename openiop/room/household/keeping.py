"""Writing the household plan: the patient or a clinician, and the last of two never overwrites the other unread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from openiop.audit import trail
from openiop.people.models import Person
from openiop.room.household.models import PARTS, HouseholdPlan


class NotTheNewest(Exception):
    """The other has written since; theirs is the version to read and to write on from."""


@transaction.atomic
def write(
    patient: Person, parts: Mapping[str, str], *, begun_from: int, by: Person, at: datetime
) -> HouseholdPlan | None:
    """Return the next version of the plan, or the newest where nothing in it changed; None for nothing at all.

    `begun_from`: the version whose words the writer had before them, 0 for none. Raises NotTheNewest where another was
    written since, and PermissionDenied for whoever is neither the patient nor a clinician.
    """
    if by.pk != patient.pk and not by.is_clinician:
        raise PermissionDenied
    texts = {name: parts.get(name, "").strip() for name in PARTS}
    _one_at_a_time(patient)
    newest = HouseholdPlan.objects.newest_of(patient)
    if texts == (newest.texts if newest else dict.fromkeys(PARTS, "")):
        return newest
    standing = newest.version if newest else 0
    if begun_from != standing:
        raise NotTheNewest
    plan = HouseholdPlan.objects.create(
        clinic_id=patient.clinic_id, patient=patient, version=standing + 1, written_by=by, written_at=at, **texts
    )
    trail.record("household-plan.write", patient=patient, thing=plan, version=plan.version)
    return plan


def _one_at_a_time(patient: Person) -> None:
    """Two who write at once make two versions, one after the other, or the second is asked to read the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"household plan of {patient.pk}"])
