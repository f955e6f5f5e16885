"""Asking each partner alone, before two people are seen together.

What somebody said here is for clinicians. It stands on no page of a patient's, and the partner learns only that the
meeting is not open yet, which has many reasons.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people.models import Person, Row

STATES = {
    "suitable": _("asked alone; together is suitable"),
    "never": _("not asked alone yet"),
    "unsuitable": _("asked alone; together is not suitable now"),
    "expired": _("asked too long ago"),
    "harm": _("said since then that they are not safe"),
}


class JointScreen(Row):
    """A clinician asked one partner, alone, about violence and control, and says whether a joint session is suitable.

    Added to, never changed; the newest counts. It holds for `Clinic.joint_screen_days`, and no longer than until the
    same person says that they are not safe (a flag whose reason is in `safety.ladder.HARM`, or words about being
    harmed). How it stands is decided by the database function `joint_screen_state` alone, which the room's guards ask
    too.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    alone = models.BooleanField()
    safe_at_home = models.TextField(choices=[("yes", _("Yes")), ("not_sure", _("Not sure")), ("no", _("No"))])
    suitable = models.BooleanField()
    reasons = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(alone=True), name="joint_screen_is_alone"),
            models.CheckConstraint(condition=~Q(reasons=""), name="joint_screen_has_reasons"),
            models.CheckConstraint(
                condition=Q(suitable=False) | Q(safe_at_home="yes"), name="suitable_only_where_safe_at_home"
            ),
        ]
        indexes = [models.Index(fields=["patient", "-at"], name="joint_screen_latest")]

    @classmethod
    def record(
        cls, patient: Person, *, safe_at_home: str, suitable: bool, reasons: str, by: Person, at: datetime
    ) -> JointScreen:
        """Keep what a clinician found who asked this partner alone."""
        screen = cls.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            by=by,
            at=at,
            alone=True,
            safe_at_home=safe_at_home,
            suitable=suitable,
            reasons=reasons,
        )
        trail.record("joint-screen.record", patient=patient, thing=screen)
        return screen


def states_of(patients: list[Any], *, at: datetime) -> dict[Any, str]:
    """For clinicians: how it stands with each of these patients (ids), in the words of STATES."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT patient_id, state FROM joint_screens(%s, %s)", [patients, at])
        return dict(cursor.fetchall())
