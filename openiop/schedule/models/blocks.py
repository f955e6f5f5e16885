"""What a session is made of: its blocks, in order, each of one kind."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Row


class Kind(models.TextChoices):
    """Kinds of service. A break is a block that counts for nothing."""

    GROUP = "group", _("Process group")
    SKILLS = "skills", _("Skills group")
    EDUCATION = "education", _("Education")
    INDIVIDUAL = "individual", _("Individual therapy")
    FAMILY = "family", _("Family therapy")
    COUPLE = "couple", _("Couple therapy")
    INTAKE = "intake", _("Intake")
    MEDICATION = "medication", _("Medication visit")
    CRISIS = "crisis", _("Crisis call")
    BREAK = "break", _("Break")


class Block(Row):
    """An ordered part of a session, as minutes from its start, so that moving the session moves its blocks."""

    session = models.ForeignKey("schedule.CareSession", on_delete=models.PROTECT, related_name="blocks")
    session_minutes = models.PositiveIntegerField()
    n = models.PositiveSmallIntegerField()
    kind = models.TextField(choices=Kind.choices)
    title = models.TextField()
    offset_minutes = models.PositiveIntegerField()
    minutes = models.PositiveIntegerField()
    counts = models.BooleanField(default=True)

    class Meta:
        ordering = ["session", "n"]
        constraints = [
            models.UniqueConstraint(fields=["session", "n"], name="blocks_in_order"),
            models.UniqueConstraint(fields=["id", "minutes"], name="block_minutes"),
            models.CheckConstraint(
                condition=Q(session_minutes__gte=F("offset_minutes") + F("minutes")), name="block_within_session"
            ),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="block_has_length"),
            models.CheckConstraint(condition=~Q(kind="break") | Q(counts=False), name="breaks_do_not_count"),
        ]

    @property
    def begins_at(self) -> datetime:
        return self.session.begins_at + timedelta(minutes=self.offset_minutes)

    @property
    def ends_at(self) -> datetime:
        return self.begins_at + timedelta(minutes=self.minutes)
