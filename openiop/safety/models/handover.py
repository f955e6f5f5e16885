"""What passes at the end of a shift or a session: rows that are added to and never changed. The verbs: `handing`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Person, Row
from openiop.safety import handover
from openiop.safety.models.case import Case

KINDS = [
    (handover.SHIFT, _("the end of a shift on call")),
    (handover.SESSION, _("the end of a session")),
    (handover.OWN, _("somebody goes")),
]
ENDS = [
    (handover.TAKEN, _("taken over")),
    (handover.NOTHING_OPEN, _("nothing was open")),
    (handover.STAYS, _("the same person stays")),
]


class HandOverQuerySet(models.QuerySet["HandOver"]):
    def visible_to(self, person: Any) -> HandOverQuerySet:
        """Clinicians of the clinic, as the cases on it are."""
        ours = self.filter(clinic_id=person.clinic_id)
        return ours if isinstance(person, Person) and person.is_clinician else ours.none()

    def waiting(self) -> HandOverQuerySet:
        return self.filter(end=None)

    def with_people(self) -> HandOverQuerySet:
        """With who goes, who was named and what was written, in a number of queries that does not grow."""
        return self.select_related("clinic", "goes", "end__by").prefetch_related(
            models.Prefetch("named", HandOverTo.objects.select_related("to").order_by("at", "pk")),
            models.Prefetch("words", HandOverWord.objects.select_related("by").order_by("at", "pk")),
        )


class HandOver(Row):
    """What is open passes from those who go to one who comes.

    Waiting → ended (`HandOverEnd`): taken over by a person, or nothing was open, or one of those who go stays. Opened
    by the worker at the end of a shift or a session, or by somebody who goes. `key` says which end this is, so that two
    workers open one. `together`: who goes besides `goes`. `patients`: a session's own people. `within_minutes`: the
    clinic's time when it was opened; from `due_at` on it counts.
    """

    kind = models.TextField(choices=KINDS)
    key = models.TextField()
    goes = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    together = ArrayField(models.UUIDField(), default=list)
    patients = ArrayField(models.UUIDField(), default=list)
    session_id = models.UUIDField(null=True)
    due_at = models.DateTimeField()
    within_minutes = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()

    objects = HandOverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "key"], name="one_hand_over_an_end"),
            models.CheckConstraint(condition=Q(kind__in=handover.KINDS), name="hand_over_is_one_of"),
            models.CheckConstraint(condition=Q(within_minutes__range=(1, 240)), name="hand_over_has_a_clock"),
        ]

    @property
    def goers(self) -> list[UUID]:
        return [self.goes_id, *self.together]

    @property
    def to_named(self) -> Person | None:
        """Who was named last to take over; nobody of those who left the clinic since."""
        named = [row.to for row in self.named.all() if row.to.is_clinician]
        return named[-1] if named else None

    @property
    def late_at(self) -> datetime:
        return self.due_at + timedelta(minutes=self.within_minutes)

    def is_late(self, *, at: datetime) -> bool:
        return handover.is_late(due_at=self.due_at, within_minutes=self.within_minutes, at=at)

    def concerns(self, case: Case) -> bool:
        """Is this case on its list? The case comes `with_steps` and `with_attempts`."""
        holder = case.holding.by.pk if case.holding else None
        return handover.concerns(
            self.kind, patient=case.patient_id, holder=holder, patients=self.patients, goes=self.goers
        )

    def passes(self, case: Case) -> bool:
        holder = case.holding.by.pk if case.holding else None
        return handover.passes(holder=holder, goes=self.goers)


class HandOverTo(Row):
    """Who was named to take over. The latest counts. Added to, never changed."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="named")
    to = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("Who takes over"))
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class HandOverWord(Row):
    """A line about one case for the one who comes. Added to, never changed."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="words")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="hand_over_words")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    words = models.TextField(_("A line for the one who comes"))
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(words=""), name="a_line_says_something")]


class HandOverPage(Row):
    """Somebody is asked to take over. On their desk at once; `sent_at`: handed to their other ways as well."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="pages")
    to = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    rung = models.PositiveSmallIntegerField()
    because = models.TextField()
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["hand_over"], condition=Q(sent_at=None), name="hand_over_page_unsent")]


class HandOverEnd(Row):
    """How it ended, once. `by` took over, or stays with it; empty where the worker found nothing to hand over."""

    hand_over = models.OneToOneField(HandOver, on_delete=models.PROTECT, related_name="end")
    how = models.TextField(choices=ENDS)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(how__in=handover.ENDS), name="hand_over_ended_as_one_of"),
            models.CheckConstraint(condition=~Q(how=handover.TAKEN) | Q(by__isnull=False), name="taken_over_by_name"),
        ]


class HandedCase(Row):
    """One case as it stood on the list when somebody took over, or said that they stay. `to` has it from then on:
    they, or whoever else had it in hand and keeps it; nobody where nobody had taken it, and it rings on. Added to,
    never changed.
    """

    end = models.ForeignKey(HandOverEnd, on_delete=models.PROTECT, related_name="cases")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="handed")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    tier = models.PositiveSmallIntegerField()
    to = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["end", "case"], name="handed_once")]


class LeftAtRisk(Row):
    """Somebody at risk left a session early: on every list for a day, until they are assessed again. Never changed."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    session_id = models.UUIDField()
    left_at = models.DateTimeField()
    level = models.PositiveSmallIntegerField()
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "session_id"], name="left_at_risk_once")]
        indexes = [models.Index(fields=["clinic", "left_at"], name="left_at_risk_when")]


def still_responsible(clinic_id: Any, *, at: datetime) -> list[UUID]:
    """Who went off call and whose hand-over nobody has taken: they are asked besides whoever is on call now.

    By a function of the database, for whoever acts: a patient's own answer draws the ladder, and reads no hand-over.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT staff_id FROM still_responsible(%s, %s)", [clinic_id, at])
        return [row[0] for row in cursor.fetchall()]


def a_hand_over_is_late(clinic_id: Any, *, at: datetime) -> bool:
    """Is something not taken over in the clinic's time? Content-free: what a locked desk may sound."""
    waiting = HandOver.objects.waiting().filter(clinic_id=clinic_id, due_at__lte=at)
    return any(row.is_late(at=at) for row in waiting)
