"""Whom a call from staff to staff has asked, where staff say they are, and the worker's next step."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.messaging.models import EVERY_WAY, send_by
from openiop.people.models import Person, Role, Row, Site
from openiop.safety import calling, ladder, rungs
from openiop.safety.models.alerts import StaffAlert
from openiop.safety.models.asking import Drawn
from openiop.safety.models.rota import OnCallShift


class AlertPage(Row):
    """Somebody is asked to come. On their desk at once; `sent_at`: handed to their other ways as well."""

    alert = models.ForeignKey(StaffAlert, on_delete=models.PROTECT, related_name="pages")
    to = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    because = models.TextField()
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["alert", "sent_at"], name="alert_page_unsent")]

    @property
    def delivered_as(self) -> str:
        return f"alert page {self.pk}"


class StaffPlace(Row):
    """Where somebody of the staff says they work today. Added to, never changed: the newest counts.

    `site` empty: at none of the clinic's buildings. It holds until the clinic's midnight; after that it only says where
    they were last.
    """

    staff = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("Site"))
    where = models.TextField(_("Room"), blank=True)
    told_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["clinic", "staff", "-told_at"], name="staff_place_newest")]

    @classmethod
    def tell(cls, *, site: Site | None, where: str = "", by: Person, at: datetime) -> StaffPlace:
        """`by` says where they are from now on."""
        told = cls.objects.create(clinic_id=by.clinic_id, staff=by, site=site, where=where, told_at=at)
        trail.record("staff.place", thing=told)
        return told

    @classmethod
    def today_of(cls, person: Person, *, at: datetime) -> StaffPlace | None:
        told = cls.objects.filter(staff=person, told_at__lte=at).select_related("site").order_by("-told_at").first()
        zone = ZoneInfo(person.clinic.zone)
        return told if told and told.told_at.astimezone(zone).date() == at.astimezone(zone).date() else None


def ask_the_nearest(alert: StaffAlert, *, at: datetime) -> list[AlertPage]:
    """The first rung, in the transaction of the press."""
    return page_alert(alert, 0, drawn=ladder_of(alert, at=at), at=at)


def ladder_of(alert: StaffAlert, *, at: datetime) -> Drawn:
    """Who would be asked now, in which order; everybody at once where the site is not known."""
    chosen = calling.plan(climb_seconds=alert.climb_seconds, found_minutes=alert.found_minutes)
    zone = ZoneInfo(alert.clinic.zone)
    people = calling.behind(
        _colleagues(alert, at=at, zone=zone),
        site=alert.site_id,
        only_site=Site.objects.filter(clinic_id=alert.clinic_id).count() == 1,
        today=at.astimezone(zone).date(),
    )
    return Drawn(rungs.drawn(chosen, people), chosen)


def _colleagues(alert: StaffAlert, *, at: datetime, zone: ZoneInfo) -> list[calling.Colleague]:
    told = (
        StaffPlace.objects.filter(clinic_id=alert.clinic_id, told_at__lte=at)
        .order_by("staff_id", "-told_at")
        .distinct("staff_id")
        .values_list("staff_id", "site_id", "told_at")
    )
    last = {staff: (site, told_at.astimezone(zone).date()) for staff, site, told_at in told}
    on_call = set(
        OnCallShift.objects.filter(clinic_id=alert.clinic_id, during__contains=at).values_list("staff_id", flat=True)
    )
    return [
        calling.Colleague(pk, pk in on_call or Role.DIRECTOR in roles, *last.get(pk, (None, None)))
        for pk, roles in _everybody_but_the_caller(alert).values_list("pk", "roles")
    ]


def _everybody_but_the_caller(alert: StaffAlert) -> models.QuerySet[Person]:
    staff = Person.objects.filter(clinic_id=alert.clinic_id, active=True).staff()
    return staff.exclude(pk=alert.made_by_id).order_by("pk")


def page_alert(alert: StaffAlert, rung: int, *, drawn: Drawn, at: datetime) -> list[AlertPage]:
    """Write the pages of one rung; past the last rung, everybody is asked again.

    Asked again, desks ring on. Who has a page of that rung since the asking opened is given no second one: a mail and
    a text go out once.
    """
    step = drawn.rungs[min(rung, len(drawn.rungs) - 1)]
    who: list[Any] = list(_not_asked_yet(alert, step.because) if step.everyone else step.who)
    pages = AlertPage.objects.bulk_create(
        AlertPage(clinic_id=alert.clinic_id, alert=alert, to_id=person, because=step.because, made_at=at)
        for person in who
    )
    trail.record("alert.page", thing=alert, people=len(pages), because=step.because)
    wake(f"desk.{alert.clinic_id}")
    return pages


def _not_asked_yet(alert: StaffAlert, because: str) -> models.QuerySet[Any, Any]:
    asked = alert.pages.filter(because=because, made_at__gte=alert.asking_since).values("to")
    return _everybody_but_the_caller(alert).exclude(pk__in=asked).values_list("pk", flat=True)


def take_alert_step(alert: StaffAlert, *, at: datetime) -> ladder.Step:
    """What the worker does when it looks: ask the rung that is due, hand unsent pages to the other ways.

    The alert must be locked by the caller. Doing it twice in the same moment changes nothing the second time.
    """
    drawn = ladder_of(alert, at=at)
    step = ladder.next_step(_on_the_ladder(alert, drawn), at=at, deadlines=calling.deadlines(drawn.plan))
    if step.kind == "page" and step.rung is not None:
        page_alert(alert, step.rung, drawn=drawn, at=at)
    if not alert.drill and alert.looks_for_somebody(at=at):
        _send_pages(alert, at=at)
    alert.next_step_at, alert.failures = step.next_at or at, 0
    alert.save(update_fields=["next_step_at", "failures"])
    return step


def _on_the_ladder(alert: StaffAlert, drawn: Drawn) -> ladder.Case:
    return ladder.Case(
        since=alert.made_at,
        rungs=drawn.rungs,
        paged=[
            ladder.Paged(newest, ladder.place_of(because, drawn.rungs, order=drawn.plan.order))
            for because, newest in _newest_of_each_rung(alert)
        ],
        acknowledged=[alert.taken_at] if alert.taken_at else [],
        closed_at=alert.over_at,
    )


def _newest_of_each_rung(alert: StaffAlert) -> Iterable[tuple[str, datetime]]:
    """Pages at the place that was said before count no more."""
    pages = alert.pages.filter(made_at__gte=alert.moved_at or alert.made_at)
    return pages.order_by().values_list("because").annotate(newest=models.Max("made_at"))


def _send_pages(alert: StaffAlert, *, at: datetime) -> None:
    """A mail, text and notification for each page without: that somebody is needed, and nothing else."""
    for page in AlertPage.objects.filter(alert=alert, sent_at=None).select_related("to__login"):
        with translation.override(page.to.language):
            words: dict[str, Any] = {
                "subject": gettext("Someone needs you"),
                "body": gettext("Someone needs you. Open the desk."),
            }
            send_by(EVERY_WAY, page.to, **words, because=page.delivered_as, at=at)
        page.sent_at = at
        page.save(update_fields=["sent_at"])
