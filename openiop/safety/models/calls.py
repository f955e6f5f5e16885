"""Calling staff, going there, taking it back, saying what was found.

The first rung is asked in the transaction of the press, so that it stands on desks whatever else is down; the worker
(`jobs.call_for_staff`) climbs and hands pages to the other ways.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person, Site
from openiop.safety.models.alert_pages import StaffPlace, ask_the_nearest
from openiop.safety.models.alerts import StaffAlert


@transaction.atomic
def call_staff(
    *,
    by: Person,
    at: datetime,
    where: str = "",
    site: Site | None = None,
    drill: bool = False,
    silent: bool = False,
    key: UUID | None = None,
    pressed_at: datetime | None = None,
) -> StaffAlert:
    """Call those nearest. A second press while one's own alert waits for somebody adds where one is, and no more.

    A press whose `key` is known already changes nothing. Raises PermissionDenied for anybody but staff.
    """
    _only_staff(by)
    _one_at_a_time(by)
    if key and (known := StaffAlert.objects.filter(made_by=by, key=key).first()):
        return known
    told = StaffPlace.today_of(by, at=at)
    alert = StaffAlert.objects.ringing().select_for_update().filter(made_by=by, drill=drill, silent=silent).first()
    if alert:
        _say_where(alert, site=site, where=where, told=told, at=at)
    else:
        site = site or (told.site if told else None) or _only_site(by.clinic_id)
        where = where or (told.where if told and told.site_id == (site.pk if site else None) else "")
        alert = StaffAlert.objects.create(
            clinic_id=by.clinic_id,
            site=site,
            where=where,
            drill=drill,
            silent=silent,
            key=key,
            pressed_at=pressed_at,
            made_by=by,
            made_at=at,
            next_step_at=at,
            climb_seconds=by.clinic.alert_climb_seconds,
            found_minutes=by.clinic.alert_found_minutes,
        )
        ask_the_nearest(alert, at=at)
    trail.record("alert.call", thing=alert, drill=drill, silent=silent)
    return alert


def _say_where(alert: StaffAlert, *, site: Site | None, where: str, told: StaffPlace | None, at: datetime) -> None:
    """Add the place to a call that waits for somebody. Another site: those nearest there are asked at once, from below.

    Where they said they work today counts only if they said it since; else a press without words would undo what an
    earlier one said. A room that came with the former site is not taken along.
    """
    of_former_site = told is not None and told.site_id == alert.site_id and told.where == alert.where
    if told and told.told_at > (alert.moved_at or alert.made_at):
        where = where or (told.where if site in (None, told.site) else "")
        site = site or told.site
    moved = site is not None and site.pk != alert.site_id
    alert.where = where or ("" if moved and of_former_site else alert.where)
    if moved:
        alert.site, alert.moved_at, alert.next_step_at = site, at, at
    alert.save(update_fields=["where", "site", "moved_at", "next_step_at"])
    if moved:
        ask_the_nearest(alert, at=at)
    wake(f"desk.{alert.clinic_id}")


def _only_staff(person: Person) -> None:
    if person.kind != Person.STAFF or not person.active:
        raise PermissionDenied


def _one_at_a_time(by: Person) -> None:
    """Two presses at the same moment are one call: the second waits until the first is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"alert of {by.pk}"])


def _only_site(clinic_id: Any) -> Site | None:
    found = list(Site.objects.filter(clinic_id=clinic_id)[:2])
    return found[0] if len(found) == 1 else None


@transaction.atomic
def take_alert(alert: StaffAlert, *, by: Person, at: datetime) -> bool:
    """`by` goes there: the asking stops. False, and nothing changes, where somebody has it or it is one's own."""
    _only_staff(by)
    alert = _held(alert)
    if not alert.may_be_taken_by(by, at=at):
        return False
    alert.taken_by, alert.taken_at, alert.next_step_at = by, at, at
    alert.save(update_fields=["taken_by", "taken_at", "next_step_at"])
    trail.record("alert.take", thing=alert)
    wake(f"desk.{alert.clinic_id}")
    return True


@transaction.atomic
def take_alert_back(alert: StaffAlert, *, because: str, by: Person, at: datetime) -> None:
    """Whoever called says that it was not needed. It goes on asking: somebody goes and looks all the same.

    Raises PermissionDenied for others and ValueError without a reason. Twice keeps the first.
    """
    _only_staff(by)
    if not because.strip():
        raise ValueError("a call for help is taken back with a reason")
    alert = _held(alert)
    if alert.made_by_id != by.pk:
        raise PermissionDenied
    if alert.withdrawn_at or alert.over_at:
        return
    alert.withdrawn_at, alert.withdrawn_because = at, because
    alert.save(update_fields=["withdrawn_at", "withdrawn_because"])
    trail.record("alert.take-back", thing=alert)
    wake(f"desk.{alert.clinic_id}")


@transaction.atomic
def end_alert(alert: StaffAlert, *, outcome: str, by: Person, at: datetime) -> None:
    """It is over, with a word on what was found. Ending twice keeps the first.

    Raises ValueError without a word, PermissionDenied for whoever called, unless it is a drill.
    """
    _only_staff(by)
    if not outcome.strip():
        raise ValueError("an alert ends with a word on what was found")
    alert = _held(alert)
    if alert.over_at:
        return
    if not alert.may_be_ended_by(by):
        raise PermissionDenied
    alert.over_by, alert.over_at, alert.outcome = by, at, outcome
    alert.save(update_fields=["over_by", "over_at", "outcome"])
    trail.record("alert.end", thing=alert)
    wake(f"desk.{alert.clinic_id}")


def _held(alert: StaffAlert) -> StaffAlert:
    return StaffAlert.objects.select_for_update().get(pk=alert.pk)


def open_alerts(person: Person) -> list[StaffAlert]:
    """What stands on this person's desk until somebody says that it is over: the newest first."""
    found = StaffAlert.objects.open().shown_to(person).with_asked(person)
    return list(found.select_related("site", "made_by", "taken_by").order_by("-made_at"))


def somebody_calls(person: Person, *, at: datetime) -> bool:
    """Does any call from staff sound at this person's desk?"""
    open_ones = StaffAlert.objects.open().shown_to(person).with_asked(person)
    return any(alert.rings_for(person, at=at) for alert in open_ones)
