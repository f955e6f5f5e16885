"""Where each patient is, as they or staff last said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from openiop.people.models import STATES, Person, Row


class WhereaboutsQuerySet(models.QuerySet["Whereabouts"]):
    def told_by(self, *, at: datetime) -> WhereaboutsQuerySet:
        """What still counts at `at`: told within the last twelve hours."""
        return self.filter(told_at__gt=at - Whereabouts.COUNTS_FOR, told_at__lte=at)


class Whereabouts(Row):
    """Where a patient is, as last told: by the door's form, the kiosk or the front desk. Added to, never changed."""

    COUNTS_FOR = timedelta(hours=12)

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="whereabouts")
    told_at = models.DateTimeField()
    place = models.TextField(choices=[("virtual", _("at home or elsewhere")), ("on_site", _("on site"))])
    site = models.ForeignKey("people.Site", on_delete=models.PROTECT, null=True, related_name="+")
    address = models.TextField(blank=True)
    state = models.CharField(max_length=2, choices=[(s, s) for s in STATES], blank=True)
    callback = models.TextField(blank=True)
    company = models.TextField(blank=True)
    headphones = models.BooleanField(null=True)
    private = models.BooleanField(null=True)
    source = models.TextField()

    objects = WhereaboutsQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["clinic", "patient", "-told_at"], name="whereabouts_latest")]

    @classmethod
    def latest(cls, patient_id: Any, *, at: datetime) -> Whereabouts | None:
        """Return where the patient said to be, if told within the last twelve hours."""
        return cls.objects.told_by(at=at).filter(patient_id=patient_id).order_by("-told_at").first()

    @classmethod
    def latest_of(cls, patients: Iterable[Any], *, at: datetime) -> dict[Any, Whereabouts]:
        """As `latest`, by patient; who told nothing within that time is not in it."""
        rows = cls.objects.told_by(at=at).filter(patient__in=list(patients))
        return {row.patient_id: row for row in rows.order_by("patient", "-told_at").distinct("patient")}
