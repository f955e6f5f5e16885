"""Who answers out of hours: shifts and their exchange, days on which the clinic is closed, hours that nobody covers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib import refusals
from openiop.lib.intervals import Span
from openiop.lib.wake import wake
from openiop.messaging.models import EVERY_WAY, send_by
from openiop.people.models import Clinic, Person, Role, Row
from openiop.safety import gaps


class OnCallShift(Row):
    """Who answers out of hours. Rung 1 is asked before rung 2."""

    staff = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("Clinician"))
    rung = models.PositiveSmallIntegerField(_("Asked"), choices=[(1, _("first")), (2, _("second"))], default=1)
    during = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_on_call_per_rung",
                expressions=[
                    ("clinic", RangeOperators.EQUAL),
                    ("rung", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Somebody else is already on call, asked in the same place, in those hours."),
            )
        ]


class ClosedDay(Row):
    """A whole day, in the clinic's own zone, on which it is closed: out of hours from midnight to midnight."""

    on = models.DateField(_("Day"))
    name = models.TextField(_("Why"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "on"], name="closed_once_a_day")]


class ShiftOffer(Row):
    """Somebody asks to be relieved of a shift. Open → accepted by one clinician, or taken back. At most one is open."""

    shift = models.ForeignKey(OnCallShift, on_delete=models.CASCADE, related_name="offers")
    offered_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    offered_at = models.DateTimeField()
    accepted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shift"], condition=Q(accepted_at=None, withdrawn_at=None), name="one_open_offer_a_shift"
            ),
            models.CheckConstraint(
                condition=Q(accepted_by=None, accepted_at=None)
                | Q(accepted_by__isnull=False, accepted_at__isnull=False, withdrawn_at=None),
                name="accepted_by_somebody_or_not",
            ),
        ]


class RotaAlarm(Row):
    """The directors were told that nobody is on call from `gap_begins_at`. `number`: see `gaps.alarm_number`."""

    gap_begins_at = models.DateTimeField()
    gap_ends_at = models.DateTimeField()
    number = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "gap_begins_at", "number"], name="one_alarm_a_gap")]


def staff_are_here(clinic: Clinic, *, at: datetime) -> bool:
    """Is the clinic open at `at`, in its own time zone?"""
    local = at.astimezone(ZoneInfo(clinic.zone))
    within = clinic.opens <= local.time() < clinic.closes
    return within and not ClosedDay.objects.filter(clinic_id=clinic.pk, on=local.date()).exists()


def nobody_on_call(clinic: Clinic, *, begins_at: datetime, ends_at: datetime) -> list[Span]:
    """The hours between the two moments in which staff are not here and nobody is first on call.

    Somebody who has left, or is no clinician any more, is nobody: the ladder does not ask them either.
    """
    days: Iterable[date] = ClosedDay.objects.filter(clinic_id=clinic.pk).values_list("on", flat=True)
    out = gaps.out_of_hours(
        opens=clinic.opens,
        closes=clinic.closes,
        zone=clinic.zone,
        closed=set(days),
        begins_at=begins_at,
        ends_at=ends_at,
    )
    shifts = OnCallShift.objects.filter(
        clinic_id=clinic.pk,
        rung=1,
        during__overlap=(begins_at, ends_at),
        staff__in=Person.objects.filter(clinic_id=clinic.pk).clinicians(),
    )
    return gaps.gaps(out, [(shift.during.lower, shift.during.upper) for shift in shifts])


def gaps_ahead(clinic: Clinic, *, at: datetime) -> list[Span]:
    """The gaps of the coming two weeks, the one that is running first."""
    return nobody_on_call(clinic, begins_at=at, ends_at=at + gaps.AHEAD)


@transaction.atomic
def raise_rota_alarms(clinic: Clinic, *, at: datetime) -> int:
    """Tell the directors of each gap that is running or near, by every way and on their desks; returns how many gaps.

    Each alarm is a row of its own, so that two workers tell them once.
    """
    told = 0
    for gap in _gaps_from_their_beginning(clinic, at=at):
        number = gaps.alarm_number(gap, at=at)
        if number is None:
            continue
        _alarm, is_new = RotaAlarm.objects.get_or_create(
            clinic_id=clinic.pk,
            gap_begins_at=gap.begins_at,
            number=number,
            defaults={"gap_ends_at": gap.ends_at, "made_at": at},
        )
        if is_new:
            _tell_directors(clinic, f"rota {gap.begins_at.timestamp():.0f} {number}", at=at)
            told += 1
    return told


def _gaps_from_their_beginning(clinic: Clinic, *, at: datetime) -> list[Span]:
    """The gaps that are running or near. An alarm is known by where its gap begins, which must not move as we look.

    A gap that runs for longer than any closure is looked for further back, at last from a day that stays where it is.
    """
    ends_at = at + 2 * gaps.WARN_AHEAD
    begins_at = at - gaps.LONGEST_CLOSURE
    found = nobody_on_call(clinic, begins_at=begins_at, ends_at=ends_at)
    if not any(gap.begins_at == begins_at and gap.ends_at > at for gap in found):
        return found
    return nobody_on_call(clinic, begins_at=datetime(at.year - 1, 1, 1, tzinfo=UTC), ends_at=ends_at)


def _tell_directors(clinic: Clinic, because: str, *, at: datetime) -> None:
    directors = Person.objects.filter(clinic_id=clinic.pk, roles__contains=[Role.DIRECTOR]).clinicians()
    for person in directors.select_related("login"):
        with translation.override(person.language):
            words: dict[str, Any] = {
                "subject": gettext("The rota needs you"),
                "body": gettext("The rota needs you. Open the desk."),
            }
            send_by(EVERY_WAY, person, **words, because=because, at=at)
    trail.record("rota.alarm", about=because)
    wake(f"desk.{clinic.pk}")


class NotOnOffer(Exception):
    """The shift is over, or its offer was taken or taken back in the meantime."""


@transaction.atomic
def offer_shift(shift: OnCallShift, *, by: Person, at: datetime) -> ShiftOffer:
    """Ask to be relieved of one's own shift; it stays one's own until somebody accepts. Asking twice changes nothing.

    Raises PermissionDenied for somebody else's shift (a director may offer anybody's), NotOnOffer for one that is over.
    """
    shift = OnCallShift.objects.select_for_update().get(pk=shift.pk)
    if by.pk != shift.staff_id and not by.has_role(Role.DIRECTOR):
        raise PermissionDenied
    if shift.during.upper <= at:
        raise NotOnOffer
    offer, is_new = ShiftOffer.objects.get_or_create(
        shift=shift,
        accepted_at=None,
        withdrawn_at=None,
        defaults={"clinic_id": shift.clinic_id, "offered_by": by, "offered_at": at},
    )
    if is_new:
        trail.record("on-call.offer", thing=shift, staff=str(shift.staff_id))
    return offer


@transaction.atomic
def accept_shift(offer: ShiftOffer, *, by: Person, at: datetime) -> OnCallShift:
    """`by` takes the shift, or what is left of it; returns it. Raises PermissionDenied (no clinician), NotOnOffer."""
    if not by.is_clinician:
        raise PermissionDenied
    offer = ShiftOffer.objects.select_for_update().get(pk=offer.pk)
    shift = OnCallShift.objects.select_for_update().get(pk=offer.shift_id)
    is_own = by.pk == shift.staff_id
    if offer.accepted_at or offer.withdrawn_at or shift.during.upper <= at or is_own:
        raise NotOnOffer
    offer.accepted_by, offer.accepted_at = by, at
    offer.save(update_fields=["accepted_by", "accepted_at"])
    trail.record("on-call.accept", thing=shift, was=str(shift.staff_id), staff=str(by.pk))
    return _hand_over(shift, to=by, at=at)


def _hand_over(shift: OnCallShift, *, to: Person, at: datetime) -> OnCallShift:
    """What has run stays in the name of who answered then."""
    begins_at, ends_at = shift.during.lower, shift.during.upper
    if begins_at >= at:
        shift.staff = to
        shift.save(update_fields=["staff"])
        return shift
    shift.during = DateTimeTZRange(begins_at, at)
    shift.save(update_fields=["during"])
    return OnCallShift.objects.create(
        clinic_id=shift.clinic_id, staff=to, rung=shift.rung, during=DateTimeTZRange(at, ends_at)
    )


@transaction.atomic
def take_back(offer: ShiftOffer, *, by: Person, at: datetime) -> None:
    """Keep the shift after all. Raises PermissionDenied for others, NotOnOffer once it is taken."""
    offer = ShiftOffer.objects.select_for_update().get(pk=offer.pk)
    if by.pk != offer.offered_by_id and not by.has_role(Role.DIRECTOR):
        raise PermissionDenied
    if offer.accepted_at or offer.withdrawn_at:
        raise NotOnOffer
    offer.withdrawn_at = at
    offer.save(update_fields=["withdrawn_at"])
    trail.record("on-call.take-back", thing=offer)


def open_offers(shifts: Iterable[OnCallShift]) -> dict[Any, ShiftOffer]:
    """By shift, the offer that waits for somebody."""
    waiting = ShiftOffer.objects.filter(shift__in=list(shifts), accepted_at=None, withdrawn_at=None)
    return {offer.shift_id: offer for offer in waiting}


refusals.register(
    {
        "one_on_call_per_rung": (
            "begins_at",
            _("Somebody else is already on call, asked in the same place, in those hours."),
        ),
        "closed_once_a_day": ("on", _("This day is on the list already.")),
    }
)
