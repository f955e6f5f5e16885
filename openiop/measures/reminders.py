"""Reminders: how a person wants them, which were sent, and in which hours they may be (a pure rule)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people import access
from openiop.people.models import Clinic, Person, Row

ONCE_IN = timedelta(days=7)  # after care; a follow-up is open for three weeks: design


class Hours(NamedTuple):
    """A part of the day on a clock on the wall: from `first` until before `last`."""

    first: time
    last: time


class Window(NamedTuple):
    """The same on one day in one place."""

    opens_at: datetime
    closes_at: datetime

    def holds(self, at: datetime) -> bool:
        return self.opens_at <= at < self.closes_at


def allowed(clinic: Hours, wish: Hours | None) -> Hours | None:
    """Return the hours in which somebody may be reminded; None where their wish and the clinic's hours do not meet."""
    if wish is None:
        return clinic
    both = Hours(max(clinic.first, wish.first), min(clinic.last, wish.last))
    return both if both.first < both.last else None


def window(on: date, hours: Hours, *, zone: ZoneInfo) -> Window:
    """Return when these hours open and close on that day in the person's zone, also on a day whose clocks change."""
    return Window(datetime.combine(on, hours.first, zone), datetime.combine(on, hours.last, zone))


def may_follow_up(reminded_on: Iterable[date], *, on: date) -> bool:
    """May somebody who has left care be reminded on this day? Once in seven days at the most."""
    return all(day <= on - ONCE_IN for day in reminded_on)


class ReminderWish(Row):
    """How one person wants to be reminded. Theirs alone to set; without one it is by mail, in the clinic's hours.

    `first` and `last` narrow the clinic's hours. `after_care`: they agree to be written to once they have left, for the
    follow-ups; without it nobody who has left is reminded. `chosen_at`: also what lifts a STOP said by text before.
    """

    patient = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="+")
    by_email = models.BooleanField(_("By e-mail"), default=True)
    by_text = models.BooleanField(_("By text message"), default=False)
    first = models.TimeField(_("Not before"))
    last = models.TimeField(_("Not after"))
    after_care = models.BooleanField(_("Also after I have finished the program"), default=False, db_default=False)
    chosen_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(first__lt=models.F("last")), name="wished_in_one_day")]

    @classmethod
    def choose(
        cls,
        *,
        by_email: bool,
        by_text: bool,
        first: time,
        last: time,
        after_care: bool = False,
        by: Person,
        at: datetime,
    ) -> ReminderWish:
        """From now on `by` is reminded so, or not at all."""
        wish, _made = cls.objects.update_or_create(
            patient=by,
            defaults={
                "clinic_id": by.clinic_id,
                "by_email": by_email,
                "by_text": by_text,
                "first": first,
                "last": last,
                "after_care": after_care,
                "chosen_at": at,
            },
        )
        trail.record("reminders.choose", patient=by, thing=wish, email=by_email, text=by_text, after_care=after_care)
        return wish

    @property
    def hours(self) -> Hours:
        return Hours(self.first, self.last)


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def visible_to(self, person: access.Actor) -> ReminderQuerySet:
        return self.filter(clinic_id=person.clinic_id).filter(access.about(person, "patient_id"))


class Reminder(Row):
    """One reminder to one person on one of their days, of everything that was due then. Written by the worker alone.

    `asked`: what was due, for staff; no message names it. What became of it stands in its deliveries, none where there
    is no way to the person.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    asked = ArrayField(models.TextField())
    made_at = models.DateTimeField()

    objects = ReminderQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "on"], name="one_reminder_a_day")]

    @property
    def delivered_as(self) -> str:
        """What its deliveries say they are written for."""
        return f"reminder {self.pk}"


def hours_of(clinic: Clinic, wish: ReminderWish | None) -> Hours | None:
    """Return the hours in which a person may be reminded; None where there are none."""
    return allowed(Hours(clinic.reminders_from, clinic.reminders_until), wish.hours if wish else None)
