"""The tables of what a group does together. Who may read what is in the migrations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

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


class PollKind(models.TextChoices):
    FEELINGS = "feelings", "feelings, 0 to 10"
    COMMITMENT = "commitment", "commitment, 0 to 10"
    YES_NO = "yes_no", "yes or no"
    CHOICES = "choices", "own options"
    ARRIVAL = "arrival", "one word for how somebody arrives"


ARRIVAL_WORDS = ("calm", "tired", "tense", "hopeful", "sad", "angry", "numb", "glad")
"""How somebody may say that they arrive. No word of danger: nobody is called by a poll, and the page says so."""


class Poll(Row):
    """A question to everybody in the group. Facilitators read this table; patients ask the function `my_poll`.

    Open → closed (`counts` by value are written, and the answers of an anonymous poll deleted) →
    put away. Others see the counts once it is closed and four answered, or when a facilitator shows it (`shown_at`).
    `named`: facilitators see who answered what; said beforehand, never changed. A poll that is not `kept` is deleted
    when it is put away or the session ends. One at a time that is not put away.
    An arrival is never named and never kept; its `options` are codes of `ARRIVAL_WORDS`, which each page says in words.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="polls")
    kind = models.TextField(choices=PollKind.choices)
    question = models.CharField(max_length=200, blank=True)
    options = models.JSONField(default=list)
    named = models.BooleanField()
    kept = models.BooleanField()
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    counts = models.JSONField(null=True)
    shown_at = models.DateTimeField(null=True)
    put_away_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session"], condition=Q(put_away_at=None), name="one_poll_at_a_time"),
            models.CheckConstraint(condition=Q(kind__in=PollKind.values), name="poll_asks_something"),
            models.CheckConstraint(
                condition=Q(closed_at=None, counts=None) | Q(closed_at__isnull=False, counts__isnull=False),
                name="closed_poll_is_counted",
            ),
            models.CheckConstraint(
                condition=Q(shown_at=None, put_away_at=None) | Q(closed_at__isnull=False),
                name="poll_is_closed_before_it_is_shown",
            ),
            models.CheckConstraint(
                condition=~Q(kind=PollKind.ARRIVAL) | Q(named=False, kept=False), name="arrival_is_nobodys_and_not_kept"
            ),
        ]

    def answers_in_words(self) -> list[str]:
        """What each value means, in the reader's language; the same order as `counts`."""
        if self.kind == PollKind.YES_NO:
            return [str(_("Yes")), str(_("No"))]
        return list(self.options) if self.kind == PollKind.CHOICES else [str(n) for n in range(11)]


class PollAnswer(Row):
    """One person's answer, which they may change while the poll is open. Written and counted by database functions.

    Nobody reads it but its writer, and, where the poll is named, staff.
    """

    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="answers")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    value = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["poll", "patient"], name="one_answer_each")]


class LeavingHow(models.TextChoices):
    CALMER = "calmer", _("calmer")
    SAME = "same", _("about the same")
    WORSE = "worse", _("worse")
    NOT_SAFE = "not_safe", _("not safe")


class Leaving(Row):
    """How a patient says they leave the group, in one tap, if they want to. Added to, never changed.

    `key` is made on the device, so that a tap sent again after a lost line is one row. The person, who leads the
    session and clinicians read it; nobody else.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="leavings")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField()
    how = models.TextField(choices=LeavingHow.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "patient", "key"], name="one_leaving_per_tap"),
            models.CheckConstraint(condition=Q(how__in=LeavingHow.values), name="leaving_says_something"),
        ]


class MyPoll(models.Model):
    """The poll that is on, as the acting person may know it, from the database function `my_poll`; never a table."""

    id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    question = models.TextField()
    options = models.JSONField()
    named = models.BooleanField()
    kept = models.BooleanField()
    open = models.BooleanField()
    mine = models.PositiveSmallIntegerField(null=True)
    counts = models.JSONField(null=True)

    class Meta:
        managed = False
        db_table = "my_poll"

    @classmethod
    def of(cls, session_id: Any) -> MyPoll | None:
        return next(iter(cls.objects.raw("SELECT * FROM my_poll(%s)", [session_id])), None)
