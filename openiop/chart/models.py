"""The written record: plans with goals, group notes with a part for each patient, signatures and addenda."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.people import access
from openiop.people.models import Person, Row
from openiop.schedule.models import CareSession, RosterEntry


class PlanQuerySet(models.QuerySet["Plan"]):
    def visible_to(self, person: access.Actor) -> PlanQuerySet:
        return self.filter(clinic_id=person.clinic_id).filter(access.about(person, "patient_id"))

    def signed(self) -> PlanQuerySet:
        return self.filter(signed_at__isnull=False)


class Plan(Row):
    """A treatment plan: drafted, then signed and frozen; a change is a new version."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="plans")
    version = models.PositiveSmallIntegerField()
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    objects = PlanQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "version"], name="one_plan_per_version")]


class Goal(Row):
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="goals")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    n = models.PositiveSmallIntegerField()
    text = models.TextField(_("Goal"))

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["plan", "n"], name="goals_in_order")]


class GroupNote(Row):
    """The part of a session's note that is the same for all: written once, about nobody."""

    session = models.OneToOneField(CareSession, on_delete=models.PROTECT, related_name="note")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    topic = models.TextField(_("Topic"), blank=True)
    intervention = models.TextField(_("What we did"), blank=True)
    present = models.PositiveSmallIntegerField(_("Number present"), null=True)
    signed_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField()


class NotePartQuerySet(models.QuerySet["NotePart"]):
    def visible_to(self, person: access.Actor) -> NotePartQuerySet:
        return self.filter(clinic_id=person.clinic_id).filter(access.about(person, "patient_id"))


class NotePart(Row):
    """One patient's part of the group note.

    `facts` (times, minutes by block, modality, places) is filled by us and frozen by the signature, which
    attests it. `name_override` is why another member's name stands in the text, if it must.
    """

    note = models.ForeignKey(GroupNote, on_delete=models.PROTECT, related_name="parts")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="note_parts")
    entry = models.OneToOneField(RosterEntry, on_delete=models.PROTECT, related_name="+")
    participation = models.TextField(_("Participation"), blank=True)
    affect = models.TextField(_("Affect"), blank=True)
    response = models.TextField(_("Response"), blank=True)
    risk = models.TextField(_("Risk"), blank=True)
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, null=True, related_name="+")
    next_step = models.TextField(_("Next step"), blank=True)
    name_override = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    signed_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    attestation = models.TextField(blank=True)
    digest = models.TextField(blank=True)

    objects = NotePartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["note", "patient"], name="one_part_each"),
            models.CheckConstraint(
                condition=Q(signed_at=None) | (Q(signed_by__isnull=False) & ~Q(attestation="")),
                name="a_signature_has_a_signer",
            ),
        ]


class Addendum(Row):
    """What was added to a signed part. Append-only."""

    part = models.ForeignKey(NotePart, on_delete=models.PROTECT, related_name="addenda")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()
