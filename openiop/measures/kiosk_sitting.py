"""A patient's turn at the site's kiosk, and the one-time code that opens it. Its rules: `kiosk`."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models

from openiop.audit import trail
from openiop.people.models import Device, Person, Row, hashed

CODE_HOLDS = timedelta(minutes=10)
CODE_DIGITS = 6


class KioskSitting(Row):
    """One patient's turn at a kiosk, from the code that opens it.

    Made, with a code of which we keep the hash, good once and for ten minutes → begun at a device → ended, when
    nothing is left to ask or the person stops. Untouched for twice the clinic's minutes it counts as ended; the page
    has cleared itself after once. A newer code ends an older one, and whoever begins at a device ends the turn before.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    code_hash = models.TextField()
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    good_until = models.DateTimeField()
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="+")
    begun_at = models.DateTimeField(null=True)
    active_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(begun_at=None, device=None, active_at=None)
                | models.Q(begun_at__isnull=False, device__isnull=False, active_at__isnull=False),
                name="a_sitting_is_at_a_device",
            )
        ]
        indexes = [models.Index(fields=["patient", "-made_at"], name="kiosk_sittings")]

    @classmethod
    def make_code(cls, patient: Person, *, by: Person, at: datetime) -> str:
        """Return six digits that let `patient` answer at a kiosk, once. They cannot be read again later."""
        cls.objects.filter(patient=patient, begun_at=None, good_until__gt=at).update(good_until=at)
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        made = cls.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            code_hash=code_hash(patient.pk, code),
            made_by=by,
            made_at=at,
            good_until=at + CODE_HOLDS,
        )
        trail.record("kiosk.code", patient=patient, thing=made)
        return code

    @classmethod
    def touch(cls, pk: UUID, *, at: datetime) -> None:
        cls.objects.filter(pk=pk, ended_at=None).update(active_at=at)

    @classmethod
    def end(cls, pk: UUID, *, patient: Person, at: datetime) -> None:
        """Nothing is left to ask, or the person stops; ending twice keeps the first."""
        cls.objects.filter(pk=pk, ended_at=None).update(ended_at=at)
        trail.record("kiosk.end", patient=patient, sitting=str(pk))


def code_hash(patient_id: Any, code: str) -> str:
    return hashed(f"{patient_id} {code}")
