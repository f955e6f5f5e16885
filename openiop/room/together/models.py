"""The tables of what a group does together. Who may read what is in the migrations."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from openiop.people.models import Person, Row
from openiop.schedule.models import CareSession


class TimerKind(models.TextChoices):
    BREAK = "break", "break"
    EXERCISE = "exercise", "exercise"


class Timer(Row):
    """A clock that everybody in the group sees: a break, or so many minutes for an exercise.

    Running (`stopped_at` empty and `ends_at` ahead) → over, by the clock alone → put away (`stopped_at`): stopped by a
    facilitator, or another timer took its place. One at a time that is not put away. It changes no minutes: those
    follow the plan's blocks.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="timers")
    kind = models.TextField(choices=TimerKind.choices)
    started_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session"], condition=Q(stopped_at=None), name="one_timer_at_a_time"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("started_at")), name="timer_takes_time"),
            models.CheckConstraint(condition=Q(kind__in=TimerKind.values), name="timer_is_for_something"),
        ]

    def is_over(self, *, at: datetime) -> bool:
        return self.ends_at <= at
