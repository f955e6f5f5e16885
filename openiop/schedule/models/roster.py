"""Who is expected: a patient's place in one session, whom not to put together, and calls to those who did not come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people import access
from openiop.people.models import Person, Row
from openiop.people.support import SupporterLink
from openiop.programs.models import Audience, Enrolment, Modality
from openiop.schedule.models.refused import HasBegun


class NotTogether(Row):
    """Two patients who are not put in one session. Why is for those who decide, never for a roster."""

    first = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(first=F("second")), name="two_people_kept_apart")]


class RosterQuerySet(models.QuerySet["RosterEntry"]):
    def standing(self) -> RosterQuerySet:
        return self.filter(stands=True)

    def visible_to(self, person: access.Actor) -> RosterQuerySet:
        return self.filter(clinic_id=person.clinic_id).filter(access.schedule_of(person))


class RosterEntry(Row):
    """A patient's place in one session, and what became of it.

    `status` is empty until the session is closed, except for a cancellation, which is noted beforehand. From
    `attested_at` on, when a note with these minutes was signed, they are neither counted again nor corrected.
    The arrival code is for this session only; it tells the kiosk who is there without a list of names.
    """

    session = models.ForeignKey("schedule.CareSession", on_delete=models.PROTECT, related_name="roster")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="+")
    audience = models.TextField(choices=Audience.choices)
    during = DateTimeRangeField()
    modality = models.TextField(choices=Modality.choices)
    stands = models.BooleanField(default=True)
    arrival_code = models.TextField()
    status = models.TextField(
        blank=True,
        choices=[
            ("attended", _("Attended")),
            ("late", _("Came late")),
            ("left_early", _("Left early")),
            ("absent", _("Absent")),
            ("cancelled_late", _("Cancelled late")),
        ],
    )
    excused = models.BooleanField(null=True)
    attested_at = models.DateTimeField(null=True)

    objects = RosterQuerySet.as_manager()

    LATE_NOTICE = timedelta(hours=24)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "patient"], name="one_place_each"),
            ExclusionConstraint(
                name="patient_booked_once",
                expressions=[("patient", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(stands=True),
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message=_("This person already has something at that time."),
            ),
        ]

    @transaction.atomic
    def cancel(self, *, excused: bool, by: Any, at: datetime) -> None:
        """Take the place back: the patient is free at that time. Within a day of the session it is a late one.

        Raises HasBegun when the session was closed.
        """
        if self.session.closed_at:
            raise HasBegun(_("This session is closed; correct the minutes instead."))
        self.stands = False
        self.excused = excused
        self.status = "cancelled_late" if at > self.session.begins_at - self.LATE_NOTICE else ""
        self.save(update_fields=["stands", "excused", "status"])
        if isinstance(by, Person) and by.kind == Person.STAFF:
            SupporterLink.revoke_all(self.session_id, by=by, at=at, patient_id=self.patient_id)
        trail.record("roster.cancel", patient=self.patient_id, thing=self, excused=excused)


class OutreachCall(Row):
    """Somebody tried to reach a patient who did not come."""

    entry = models.ForeignKey(RosterEntry, on_delete=models.PROTECT, related_name="calls")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    outcome = models.TextField(
        choices=[
            ("coming", _("on the way")),
            ("cancelled", _("not coming today")),
            ("no_answer", _("no answer")),
            ("concern", _("reached, and I am worried")),
        ]
    )
    note = models.TextField(blank=True)
