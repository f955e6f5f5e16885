"""Staff call staff: one press for help in a room or for oneself. About a place, never about a patient."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.messaging.models import EVERY_WAY, send_by
from openiop.people.models import Clinic, Person, Row, Site


class StaffAlertQuerySet(models.QuerySet["StaffAlert"]):
    def open(self) -> StaffAlertQuerySet:
        return self.filter(over_at=None)

    def ringing(self) -> StaffAlertQuerySet:
        return self.open().filter(taken_at=None)


class StaffAlert(Row):
    """Somebody of the staff needs people to come.

    Ringing on every desk → taken by name (the sound stops, the place stays in sight) → over. `sent_at`: handed to
    everybody's other ways as well; a drill never is. Never deleted: false alarms and drills end as such.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("Site"))
    where = models.TextField(_("Where"), blank=True)
    drill = models.BooleanField(_("This is a drill"), default=False)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    over_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    over_at = models.DateTimeField(null=True)
    outcome = models.TextField(_("What it was"), blank=True)

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
        ]
        indexes = [models.Index(fields=["clinic"], condition=Q(over_at=None), name="alert_open")]


@transaction.atomic
def call_staff(
    *, by: Person, at: datetime, where: str = "", site: Site | None = None, drill: bool = False
) -> StaffAlert:
    """Call everybody. A second press while one's own alert rings adds where one is and calls nobody twice.

    Raises PermissionDenied for anybody but staff.
    """
    if by.kind != Person.STAFF or not by.active:
        raise PermissionDenied
    sites = Site.objects.filter(clinic_id=by.clinic_id)
    site = site or (sites.get() if sites.count() == 1 else None)
    mine = StaffAlert.objects.ringing().select_for_update().filter(made_by=by, drill=drill).first()
    if mine is None:
        mine = StaffAlert(clinic_id=by.clinic_id, made_by=by, made_at=at, drill=drill)
    mine.where, mine.site = where or mine.where, site or mine.site
    mine.save()
    trail.record("alert.call", thing=mine, drill=drill)
    wake(f"desk.{by.clinic_id}")
    return mine


@transaction.atomic
def take_alert(alert: StaffAlert, *, by: Person, at: datetime) -> bool:
    """`by` goes there: the sound stops. False, and nothing changes, where somebody was faster or it is one's own."""
    if by.kind != Person.STAFF or not by.active:
        raise PermissionDenied
    alert = StaffAlert.objects.select_for_update().get(pk=alert.pk)
    if alert.taken_at or alert.over_at or alert.made_by_id == by.pk:
        return False
    alert.taken_by, alert.taken_at = by, at
    alert.save(update_fields=["taken_by", "taken_at"])
    trail.record("alert.take", thing=alert)
    wake(f"desk.{alert.clinic_id}")
    return True


@transaction.atomic
def end_alert(alert: StaffAlert, *, outcome: str, by: Person, at: datetime) -> None:
    """It is over, with a word on what it was. Ending twice keeps the first. Raises ValueError without a word."""
    if by.kind != Person.STAFF or not by.active:
        raise PermissionDenied
    if not outcome.strip():
        raise ValueError("an alert ends with a word on what it was")
    alert = StaffAlert.objects.select_for_update().get(pk=alert.pk)
    if alert.over_at:
        return
    alert.over_by, alert.over_at, alert.outcome = by, at, outcome
    alert.save(update_fields=["over_by", "over_at", "outcome"])
    trail.record("alert.end", thing=alert)
    wake(f"desk.{alert.clinic_id}")


@transaction.atomic
def send_alerts(clinic: Clinic, *, at: datetime) -> int:
    """The worker hands each alert to everybody's other ways, once; returns how many. Drills stay on the desks."""
    waiting = StaffAlert.objects.ringing().filter(clinic_id=clinic.pk, sent_at=None, drill=False)
    alerts = list(waiting.select_for_update(skip_locked=True))
    staff = Person.objects.filter(clinic_id=clinic.pk, active=True).staff().select_related("login")
    for alert in alerts:
        for person in staff.exclude(pk=alert.made_by_id):
            with translation.override(person.language):
                words: dict[str, Any] = {
                    "subject": gettext("Someone needs you"),
                    "body": gettext("Someone needs you. Open the desk."),
                }
                send_by(EVERY_WAY, person, **words, because=f"alert {alert.pk}", at=at)
        alert.sent_at = at
        alert.save(update_fields=["sent_at"])
    return len(alerts)


def open_alerts(clinic_id: Any) -> list[StaffAlert]:
    """What stands on every desk until somebody says that it is over: the newest first."""
    found = StaffAlert.objects.open().filter(clinic_id=clinic_id)
    return list(found.select_related("site", "made_by", "taken_by").order_by("-made_at"))
