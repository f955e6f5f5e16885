"""Staff call staff: one press for help in a room or for oneself. About a place, never about a patient.

Its verbs: `calls`; whom it asks: `alert_pages`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Person, Row, Site
from openiop.safety import ladder

# This long after it was due the worker has not looked: then every desk rings, for nobody climbs.
WORKER_IS_LATE = timedelta(seconds=30)


class StaffAlertQuerySet(models.QuerySet["StaffAlert"]):
    def open(self) -> StaffAlertQuerySet:
        return self.filter(over_at=None)

    def ringing(self) -> StaffAlertQuerySet:
        return self.open().filter(taken_at=None)

    def due(self, at: datetime) -> StaffAlertQuerySet:
        return self.open().filter(next_step_at__lte=at).exclude(found_minutes=0, taken_at__isnull=False)

    def shown_to(self, person: Person) -> StaffAlertQuerySet:
        """The clinic's, without one's own silent calls: somebody may be looking at that screen."""
        return self.filter(clinic_id=person.clinic_id).exclude(made_by_id=person.pk, silent=True)

    def with_asked(self, person: Person) -> StaffAlertQuerySet:
        """Each with `asked`: was this person asked to come? One query, however often everybody was asked."""
        return self.annotate(asked=Exists(self.model.objects.filter(pk=OuterRef("pk"), pages__to=person)))


class StaffAlert(Row):
    """Somebody of the staff needs people to come.

    Asking, rung by rung → taken by name (the sound stops, the place stays in sight) → over, with what was found. Taken
    and not over after `found_minutes`, it asks again, and somebody else may take it. `withdrawn_at`: whoever called
    took it back, with a reason; somebody goes and looks all the same. Never deleted: false alarms and drills end as
    such; a drill stays on the desks.

    `silent`: pressed without a sign on the presser's screen. `key` was made where it was pressed, so that a press
    kept while the line was down arrives once; `pressed_at` is that device's clock. `next_step_at`: when the worker
    looks again, moved ahead to claim it. `moved_at`: another site was said, and the asking began anew from there. The
    two clocks are the clinic's when it was called; `found_minutes` 0: taken before there was a second clock.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("Site"))
    where = models.TextField(_("Where"), blank=True)
    drill = models.BooleanField(_("This is a drill"), default=False)
    silent = models.BooleanField(default=False, db_default=False)
    key = models.UUIDField(null=True)
    pressed_at = models.DateTimeField(null=True)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    climb_seconds = models.PositiveSmallIntegerField(default=30, db_default=30)
    found_minutes = models.PositiveSmallIntegerField(default=10, db_default=10)
    next_step_at = models.DateTimeField(db_default=Now())
    failures = models.PositiveSmallIntegerField(default=0, db_default=0)
    moved_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField(_("Why you take it back"), blank=True, default="", db_default="")
    over_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    over_at = models.DateTimeField(null=True)
    outcome = models.TextField(_("What was found"), blank=True)

    asked: bool  # only where it was read `with_asked`

    objects = StaffAlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(taken_by=None, taken_at=None) | Q(taken_by__isnull=False, taken_at__isnull=False),
                name="alert_taken_by_name",
            ),
            models.CheckConstraint(
                condition=Q(over_by=None, over_at=None)
                | (Q(over_by__isnull=False, over_at__isnull=False) & ~Q(outcome="")),
                name="alert_over_with_a_word",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_because="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_because="")),
                name="alert_taken_back_with_a_reason",
            ),
            models.UniqueConstraint(fields=["made_by", "key"], name="one_alert_a_press"),
        ]
        indexes = [models.Index(fields=["clinic"], condition=Q(over_at=None), name="alert_open")]

    @property
    def closed_at(self) -> datetime | None:
        return self.over_at

    @property
    def came_late(self) -> bool:
        """Did the press wait for the line? By the two clocks, which may differ a little."""
        return self.pressed_at is not None and self.made_at - self.pressed_at > timedelta(minutes=1)

    def looks_for_somebody(self, *, at: datetime) -> bool:
        """Has nobody gone yet, or has whoever went said nothing for too long?"""
        if self.over_at is not None:
            return False
        return self.taken_at is None or (self.found_minutes > 0 and at >= self.held_until)

    @property
    def held_until(self) -> datetime:
        """Until when going there keeps it quiet without a word on what was found."""
        return ladder.held_until(self.taken_at or self.made_at, since=self.made_at, contact_minutes=self.found_minutes)

    @property
    def asking_since(self) -> datetime:
        """When this opening of the asking began: with the call, with another site said, or as nobody said a word."""
        return self.held_until if self.taken_at else self.moved_at or self.made_at

    def is_left_alone(self, *, at: datetime) -> bool:
        """Has the worker failed to look at it? Then nobody climbs."""
        return self.failures > 0 or self.next_step_at < at - WORKER_IS_LATE

    def rings_for(self, person: Person, *, at: datetime) -> bool:
        """Does it sound at this person's desk: they were asked, or nobody climbs. Never one's own.

        Read it `with_asked` of the same person.
        """
        if self.made_by_id == person.pk or not self.looks_for_somebody(at=at):
            return False
        return self.is_left_alone(at=at) or self.asked

    def may_be_taken_by(self, person: Person, *, at: datetime) -> bool:
        return self.made_by_id != person.pk and self.looks_for_somebody(at=at)

    def may_be_ended_by(self, person: Person) -> bool:
        """Somebody else says what was found: whoever called may be made to say that it is nothing."""
        return self.over_at is None and (self.drill or self.made_by_id != person.pk)
