"""What was planned, who was there, and for how long.

A *series* unfolds into dated *care sessions*; each is one room, one door, one roster and one note, made of
ordered *blocks*. Presence is append-only *evidence*; minutes are counted from it when the session is closed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models, transaction
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib import refusals
from openiop.people import access
from openiop.people.models import Device, Person, Row, Site, Tie
from openiop.people.support import SupporterLink
from openiop.programs.models import Audience, Enrolment, Modality, Track
from openiop.schedule import recurrence


class Kind(models.TextChoices):
    """Kinds of service. A break is a block that counts for nothing."""

    GROUP = "group", _("Process group")
    SKILLS = "skills", _("Skills group")
    EDUCATION = "education", _("Education")
    INDIVIDUAL = "individual", _("Individual therapy")
    FAMILY = "family", _("Family therapy")
    COUPLE = "couple", _("Couple therapy")
    INTAKE = "intake", _("Intake")
    MEDICATION = "medication", _("Medication visit")
    CRISIS = "crisis", _("Crisis call")
    BREAK = "break", _("Break")


class Room(Row):
    """A room at a site. Not the live room: that is `room`.

    `device` is the camera and microphone that stand in it; the database refuses one of another site. It may join the
    sessions held in this room and no others.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="rooms", verbose_name=_("Site"))
    name = models.TextField(_("Name"))
    seats = models.PositiveSmallIntegerField(_("Seats"))
    device = models.OneToOneField(Device, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.name}, {self.site.name}"


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


class HasBegun(Exception):
    """What is asked for belongs before the session; the text says so in words for staff."""


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

    series = models.ForeignKey(Series, on_delete=models.PROTECT, null=True, related_name="sessions")
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


class Block(Row):
    """An ordered part of a session, as minutes from its start, so that moving the session moves its blocks."""

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="blocks")
    session_minutes = models.PositiveIntegerField()
    n = models.PositiveSmallIntegerField()
    kind = models.TextField(choices=Kind.choices)
    title = models.TextField()
    offset_minutes = models.PositiveIntegerField()
    minutes = models.PositiveIntegerField()
    counts = models.BooleanField(default=True)

    class Meta:
        ordering = ["session", "n"]
        constraints = [
            models.UniqueConstraint(fields=["session", "n"], name="blocks_in_order"),
            models.UniqueConstraint(fields=["id", "minutes"], name="block_minutes"),
            models.CheckConstraint(
                condition=Q(session_minutes__gte=F("offset_minutes") + F("minutes")), name="block_within_session"
            ),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="block_has_length"),
            models.CheckConstraint(condition=~Q(kind="break") | Q(counts=False), name="breaks_do_not_count"),
        ]

    @property
    def begins_at(self) -> datetime:
        return self.session.begins_at + timedelta(minutes=self.offset_minutes)

    @property
    def ends_at(self) -> datetime:
        return self.begins_at + timedelta(minutes=self.minutes)


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


class NotTogether(Row):
    """Two patients who are not put in one session. Why is for those who decide, never for a roster."""

    first = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(first=F("second")), name="two_people_kept_apart")]


class RosterQuerySet(models.QuerySet["RosterEntry"]):
    def standing(self) -> RosterQuerySet:
        return self.filter(stands=True)

    def visible_to(self, person: access.Actor) -> RosterQuerySet:
        return self.filter(clinic_id=person.clinic_id).filter(access.schedule_of(person))


class RosterEntry(Row):
    """A patient's place in one session, and what became of it.

    `status` is empty until the session is closed, except for a cancellation, which is noted beforehand. From
    `attested_at` on, when a note with these minutes was signed, they are neither counted again nor corrected.
    The arrival code is for this session only; it tells the kiosk who is there without a list of names.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="roster")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="+")
    audience = models.TextField(choices=Audience.choices)
    during = DateTimeRangeField()
    modality = models.TextField(choices=Modality.choices)
    stands = models.BooleanField(default=True)
    arrival_code = models.TextField()
    status = models.TextField(
        blank=True,
        choices=[
            ("attended", _("Attended")),
            ("late", _("Came late")),
            ("left_early", _("Left early")),
            ("absent", _("Absent")),
            ("cancelled_late", _("Cancelled late")),
        ],
    )
    excused = models.BooleanField(null=True)
    attested_at = models.DateTimeField(null=True)

    objects = RosterQuerySet.as_manager()

    LATE_NOTICE = timedelta(hours=24)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "patient"], name="one_place_each"),
            ExclusionConstraint(
                name="patient_booked_once",
                expressions=[("patient", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(stands=True),
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message=_("This person already has something at that time."),
            ),
        ]

    @transaction.atomic
    def cancel(self, *, excused: bool, by: Any, at: datetime) -> None:
        """Take the place back: the patient is free at that time. Within a day of the session it is a late one.

        Raises HasBegun when the session was closed.
        """
        if self.session.closed_at:
            raise HasBegun(_("This session is closed; correct the minutes instead."))
        self.stands = False
        self.excused = excused
        self.status = "cancelled_late" if at > self.session.begins_at - self.LATE_NOTICE else ""
        self.save(update_fields=["stands", "excused", "status"])
        if isinstance(by, Person) and by.kind == Person.STAFF:
            SupporterLink.revoke_all(self.session_id, by=by, at=at, patient_id=self.patient_id)
        trail.record("roster.cancel", patient=self.patient_id, thing=self, excused=excused)


class Evidence(Row):
    """One sign of presence: came, still there, went. Append-only; minutes are counted from these rows alone.

    `connection` tells devices apart (a browser tab, the site's door); `at` is the server's time. Without `treatment`
    the person was in contact with staff but not treated (nobody there is licensed where they are): seen, not counted.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="evidence")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    kind = models.TextField(choices=[("in", "in"), ("beat", "beat"), ("out", "out")])
    source = models.TextField(choices=[(s, s) for s in ("room", "media", "kiosk", "desk", "hand")])
    connection = models.TextField(default="")
    place = models.TextField(choices=[("virtual", _("from home")), ("on_site", _("on site"))])
    treatment = models.BooleanField(default=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["session", "patient", "at"], name="evidence_of_session")]


class OneDevice(Row):
    """Two patients of this session take part with one device, as a facilitator saw.

    Here while that is so. No device can say which of the two was there, so none proves anybody's minutes: they come
    from the facilitator's own word with a reason (`Correction`).
    """

    session = models.OneToOneField(CareSession, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    @classmethod
    def say(cls, session: CareSession, *, shared: bool, by: Person, at: datetime) -> None:
        """Note that two patients share a device, or no longer do. Said twice changes nothing."""
        if shared:
            cls.objects.get_or_create(session=session, defaults={"clinic_id": session.clinic_id, "by": by, "at": at})
        else:
            cls.objects.filter(session=session).delete()
        trail.record("session.one-device", thing=session, shared=shared)


class BlockMinutes(Row):
    """Seconds of one patient in one block, counted from the evidence when the session was closed."""

    entry = models.ForeignKey(RosterEntry, on_delete=models.PROTECT, related_name="block_minutes")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    block = models.ForeignKey(Block, on_delete=models.PROTECT, related_name="+")
    block_length = models.PositiveIntegerField()
    seconds = models.PositiveIntegerField()
    place = models.TextField(choices=[("virtual", _("from home")), ("on_site", _("on site"))], blank=True)
    treatment = models.BooleanField(default=True)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "block"], name="counted_once"),
            models.CheckConstraint(condition=Q(seconds__lte=F("block_length") * 60), name="minutes_within_block"),
        ]


class Correction(Row):
    """A facilitator says otherwise, and why. The newest counts; the evidence stays."""

    entry = models.ForeignKey(RosterEntry, on_delete=models.PROTECT, related_name="corrections")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    block = models.ForeignKey(Block, on_delete=models.PROTECT, related_name="+")
    block_length = models.PositiveIntegerField()
    seconds = models.PositiveIntegerField()
    reason = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(seconds__lte=F("block_length") * 60), name="correction_within_block"),
            models.CheckConstraint(condition=~Q(reason=""), name="correction_has_a_reason"),
        ]


class OutreachCall(Row):
    """Somebody tried to reach a patient who did not come."""

    entry = models.ForeignKey(RosterEntry, on_delete=models.PROTECT, related_name="calls")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    outcome = models.TextField(
        choices=[
            ("coming", _("on the way")),
            ("cancelled", _("not coming today")),
            ("no_answer", _("no answer")),
            ("concern", _("reached, and I am worried")),
        ]
    )
    note = models.TextField(blank=True)


class KioskTry(Row):
    """Somebody typed at a kiosk what fitted nobody. Counted for each device, so that guessing gets slower and slower.

    Holds nothing of what was typed.
    """

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["device", "at"], name="kiosk_tries")]


refusals.register(
    {
        "helper_booked_once": ("helper", _("This person is booked for another session at that time.")),
        "device_stands_at_the_rooms_site": ("device", _("This device stands at another site.")),
        "room_booked_once": ("room", _("That room is already booked at that time. Choose another room or time.")),
        "staff_booked_once": (
            "facilitators",
            _("One of the facilitators already leads something at that time. Choose somebody else or another time."),
        ),
        "patient_booked_once": ("patient", _("This person already has something at that time.")),
        "session_is_full": ("patient", _("Every place is taken. Cancel a place first, or choose another session.")),
        "not_together": (
            "patient",
            _("This person cannot join this session. Please ask the director or intake for another one."),
        ),
        "roster_of_one_audience": ("patient", _("Adolescents and adults are never in one group.")),
        "roster_has_the_enrolments_audience": ("patient", _("Adolescents and adults are never in one group.")),
        "one_place_in_a_series": ("patient", _("This person belongs to this series already.")),
        "one_exception_a_day": ("on", _("There is a change for that day already. Take it back first.")),
        "two_people_kept_apart": ("second", _("Choose two different people.")),
        "correction_within_block": ("minutes", _("Nobody can be there longer than the block lasts.")),
    }
)

# Their tables lie with what uses them; Django looks for an app's tables here.
from openiop.schedule.helping import SessionHelper  # noqa: E402
from openiop.schedule.stillness import StillAnswer, StillQuestion  # noqa: E402

__stillness__ = (StillAnswer, StillQuestion)
