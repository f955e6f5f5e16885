"""A recurring evening, who belongs to it and who leads it, and the days on which it is otherwise."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people.models import Person, Row
from openiop.programs.models import Enrolment, Modality, Track
from openiop.schedule import recurrence
from openiop.schedule.models.rooms import Room
from openiop.schedule.models.sessions import CareSession


class Series(Row):
    """A recurring evening. `rrule` is RFC 5545 without DTSTART; `starts` is wall time in `zone`.

    `blocks`: ordered list of {"kind", "title", "minutes"}; breaks are blocks of kind "break".
    """

    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="+", verbose_name=_("Track"))
    name = models.TextField(_("Name"))
    rrule = models.TextField(_("Repeats"), default="FREQ=WEEKLY;BYDAY=MO,TU,TH")
    first_on = models.DateField(_("First on"))
    until = models.DateField(_("Until"), null=True, blank=True)
    starts = models.TimeField(_("Starts at"))
    zone = models.TextField(_("Time zone"))
    blocks = models.JSONField(_("Blocks"))
    modality = models.TextField(_("Held"), choices=Modality.choices, default=Modality.HYBRID)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    capacity = models.PositiveSmallIntegerField(_("Places"), default=10)
    facilitators = models.ManyToManyField(Person, related_name="+", through="SeriesFacilitator")
    bring = models.TextField(_("What to bring"), blank=True)

    def __str__(self) -> str:
        return self.name

    @property
    def minutes(self) -> int:
        return sum(block["minutes"] for block in self.blocks)

    @transaction.atomic
    def unfold(self, *, until: date, by: Any, at: datetime, from_on: date | None = None) -> list[CareSession]:
        """Make the sessions from the first day (or `from_on`) to `until`, but those that exist. Returns the new ones.

        Wall time is kept across clock changes. Cancelled and moved days follow the series' exceptions.
        """
        known = set(self.sessions.values_list("unfolded_on", flat=True))
        occurrences = recurrence.unfold(
            self.rrule,
            starts=self.starts,
            zone=self.zone,
            first_on=self.first_on,
            until=min(until, self.until or until),
            from_on=from_on,
            exceptions=self.exceptions_to_its_rule(),
        )
        made = [self._session(occurrence) for occurrence in occurrences if occurrence.on not in known]
        if made:
            trail.record("series.unfold", thing=self, sessions=len(made))
        return made

    def exceptions_to_its_rule(self) -> recurrence.Exceptions:
        rows = list(self.exceptions.all())
        return recurrence.Exceptions(
            cancelled=frozenset(row.on for row in rows if row.moved_to_on is None),
            moved={
                row.on: (row.moved_to_on, row.moved_to_time) for row in rows if row.moved_to_on and row.moved_to_time
            },
        )

    def _session(self, occurrence: recurrence.Occurrence) -> CareSession:
        return CareSession.plan(
            series=self,
            unfolded_on=occurrence.on,
            track=self.track,
            name=self.name,
            begins_at=occurrence.begins_at,
            blocks=self.blocks,
            modality=self.modality,
            room=self.room,
            capacity=self.capacity,
            staff=self.facilitators.all(),
            zone=self.zone,
        )


class SeriesFacilitator(Row):
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")


class SeriesMember(Row):
    """A patient who belongs to a series from a day on: each new session's roster starts with them."""

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="members")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="+")
    modality = models.TextField(choices=Modality.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "patient"], name="one_place_in_a_series")]


class SeriesException(Row):
    """On this day the series does not meet (`moved_to_on` empty), or meets at another date and wall time."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="exceptions")
    on = models.DateField()
    moved_to_on = models.DateField(null=True, blank=True)
    moved_to_time = models.TimeField(null=True, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "on"], name="one_exception_a_day"),
            models.CheckConstraint(
                condition=Q(moved_to_on=None, moved_to_time=None)
                | Q(moved_to_on__isnull=False, moved_to_time__isnull=False),
                name="moved_to_a_day_and_a_time",
            ),
        ]
