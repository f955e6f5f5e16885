"""A care session: one room, one door, one roster and one note, planned with its blocks and whoever leads it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models, transaction
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people import access
from openiop.people.models import Person, Row, Tie
from openiop.people.support import SupporterLink
from openiop.programs.models import Audience, Enrolment, Modality, Track
from openiop.schedule.helping import SessionHelper
from openiop.schedule.models.blocks import Block, Kind
from openiop.schedule.models.refused import HasBegun
from openiop.schedule.models.rooms import Room
from openiop.schedule.models.roster import RosterEntry

if TYPE_CHECKING:
    from openiop.schedule.models.series import Series


class CareSessionQuerySet(models.QuerySet["CareSession"]):
    def visible_to(self, person: access.Actor) -> CareSessionQuerySet:
        """Staff who see the schedule: the clinic's. Patients: those they are on the roster of. Supporters: one.

        Helpers: those they are booked for, of which the database shows them no more than is still to come or on.
        """
        ours = self.filter(clinic_id=person.clinic_id)
        if access.kind_of(person) == "patient":
            return ours.filter(pk__in=RosterEntry.objects.standing().filter(patient_id=person.pk).values("session"))
        if access.kind_of(person) == "device":
            return ours
        if access.kind_of(person) == "supporter":
            link = getattr(person, "link", None)
            return ours.filter(pk=link.session_id) if link else ours.none()
        if access.kind_of(person) == Person.HELPER:
            return ours.filter(pk__in=SessionHelper.objects.filter(helper_id=person.pk, stands=True).values("session"))
        return ours if isinstance(person, Person) and person.has_role(*access.SEES_THE_SCHEDULE) else ours.none()

    def led_by(self, person: Person) -> CareSessionQuerySet:
        return self.filter(staff__staff=person, staff__stands=True)

    def standing(self) -> CareSessionQuerySet:
        return self.filter(cancelled_at__isnull=True)

    def between(self, begins_at: datetime, ends_at: datetime) -> CareSessionQuerySet:
        return self.filter(during__overlap=(begins_at, ends_at))

    def in_order(self) -> CareSessionQuerySet:
        return self.order_by(Func(F("during"), function="lower"))


class CareSession(Row):
    """One evening: planned → closed (attendance counted) or cancelled. `during` is half-open, in UTC."""

    series = models.ForeignKey("schedule.Series", on_delete=models.PROTECT, null=True, related_name="sessions")
    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="+")
    audience = models.TextField(choices=Audience.choices)
    name = models.TextField()
    during = DateTimeRangeField()
    minutes = models.PositiveIntegerField()
    begins_on = models.DateField()
    unfolded_on = models.DateField(null=True)
    zone = models.TextField()
    modality = models.TextField(choices=Modality.choices)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, related_name="+")
    capacity = models.PositiveSmallIntegerField()
    cancelled_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    objects = CareSessionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "unfolded_on"], name="unfolded_once"),
            models.UniqueConstraint(fields=["id", "during"], name="session_during"),
            models.UniqueConstraint(fields=["id", "audience"], name="session_audience"),
            models.UniqueConstraint(fields=["id", "minutes"], name="session_minutes"),
            ExclusionConstraint(
                name="room_booked_once",
                expressions=[("room", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(cancelled_at=None, room__isnull=False),
                violation_error_message=_("That room is already booked at that time."),
            ),
        ]
        indexes = [models.Index(fields=["clinic", "begins_on"], name="session_by_day")]

    @property
    def begins_at(self) -> datetime:
        return self.during.lower

    @property
    def ends_at(self) -> datetime:
        return self.during.upper

    @classmethod
    @transaction.atomic
    def plan(
        cls,
        *,
        track: Track,
        name: str,
        begins_at: datetime,
        blocks: list[dict[str, Any]],
        modality: str,
        room: Room | None,
        capacity: int,
        staff: Iterable[Person],
        zone: str,
        series: Series | None = None,
        unfolded_on: date | None = None,
    ) -> CareSession:
        """Plan one session with its blocks and staff; members of the series are put on the roster.

        Raises IntegrityError with the constraint's name when a room, a member of staff or a patient is already
        booked then (`schedule.refusals` has the sentences).
        """
        minutes = sum(block["minutes"] for block in blocks)
        session = cls.objects.create(
            clinic_id=track.clinic_id,
            series=series,
            unfolded_on=unfolded_on,
            track=track,
            audience=track.audience,
            name=name,
            during=(begins_at, begins_at + timedelta(minutes=minutes)),
            minutes=minutes,
            begins_on=begins_at.astimezone(ZoneInfo(zone)).date(),
            zone=zone,
            modality=modality,
            room=room,
            capacity=capacity,
        )
        session.refresh_from_db()
        offset = 0
        for n, block in enumerate(blocks, start=1):
            Block.objects.create(
                clinic_id=session.clinic_id,
                session=session,
                session_minutes=minutes,
                n=n,
                kind=block["kind"],
                title=block.get("title") or str(Kind(block["kind"]).label),
                offset_minutes=offset,
                minutes=block["minutes"],
                counts=block["kind"] != Kind.BREAK,
            )
            offset += block["minutes"]
        for person in staff:
            SessionStaff.objects.create(
                clinic_id=session.clinic_id, session=session, staff=person, during=session.during
            )
        if series:
            for member in series.members.select_related("patient", "enrolment"):
                if session.begins_on in member.enrolment.during:
                    session.put_on_roster(member.patient, member.enrolment, modality=member.modality)
        return session

    def put_on_roster(self, patient: Person, enrolment: Enrolment, *, modality: str) -> RosterEntry:
        """Give `patient` a place, again if they had cancelled it.

        The database refuses a full session, a clash, and those kept apart (`lib.refusals` has the sentences).
        """
        place = {
            "enrolment": enrolment,
            "audience": enrolment.audience,
            "during": self.during,
            "modality": modality,
            "stands": True,
            "status": "",
            "excused": None,
        }
        code = f"{secrets.randbelow(10**6):06d}"
        entry, _made = RosterEntry.objects.update_or_create(
            session=self,
            patient=patient,
            defaults=place,
            create_defaults={**place, "clinic_id": self.clinic_id, "arrival_code": code},
        )
        self.tie_staff_to(patient)
        trail.record("roster.add", patient=patient, thing=self)
        return entry

    def tie_staff_to(self, patient: Person) -> None:
        """Let whoever leads open this patient's record from a week before the session to a week after it."""
        for led in self.staff.filter(stands=True).select_related("staff"):
            Tie.knot(
                staff=led.staff,
                patient=patient,
                role="facilitator",
                because=f"session {self.pk}",
                at=self.begins_at - timedelta(days=7),
                until=self.ends_at + timedelta(days=7),
            )

    @transaction.atomic
    def move(self, *, to: datetime, by: Any, at: datetime) -> None:
        """Move the session to begin at `to`; its blocks, staff and roster go with it, and the same refusals hold.

        Raises HasBegun once somebody was seen or the session was closed: what happened is not moved.
        """
        if self.closed_at or self.evidence.exists():
            raise HasBegun(_("This session has begun already, so it stays where it is."))
        SupporterLink.move_all(self.pk, by_time=to - self.begins_at)
        self.during = (to, to + timedelta(minutes=self.minutes))
        self.begins_on = to.astimezone(ZoneInfo(self.zone)).date()
        self.save(update_fields=["during", "begins_on"])
        self.refresh_from_db()
        for entry in self.roster.standing().select_related("patient"):
            self.tie_staff_to(entry.patient)
        trail.record("session.move", thing=self)

    @transaction.atomic
    def cancel(self, *, by: Person, at: datetime) -> None:
        """Cancel the session; its room, staff and patients are free again."""
        self.cancelled_at = at
        self.save(update_fields=["cancelled_at"])
        self.staff.update(stands=False)
        self.roster.update(stands=False)
        self.helpers.update(stands=False)
        SupporterLink.revoke_all(self.pk, by=by, at=at)
        trail.record("session.cancel", thing=self)


class SessionStaff(Row):
    """Who leads. `during` is the session's, copied by key, so that nobody leads two sessions at once."""

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="staff")
    staff = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    during = DateTimeRangeField()
    stands = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "staff"], name="leads_once"),
            ExclusionConstraint(
                name="staff_booked_once",
                expressions=[("staff", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(stands=True),
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message=_("This member of staff already leads something at that time."),
            ),
        ]
