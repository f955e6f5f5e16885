"""The clinic's own escalation ladders, as dated versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people import access
from openiop.people.models import CLINICIANS, Person, Role, Row
from openiop.safety import ladder, rungs
from openiop.safety.rungs import Plan

ASKS = [
    (rungs.LIVE, _("who is with them now")),
    (rungs.PRIMARY, _("their therapist")),
    (rungs.ON_CALL, _("first on call")),
    (rungs.SECOND_ON_CALL, _("second on call")),
    (rungs.SUPERVISOR, _("supervisor")),
    (rungs.EVERYONE, _("everyone at the desk")),
    (rungs.ROLE, _("everybody with a role")),
    (rungs.PERSON, _("a named clinician")),
]
WAYS = [(rungs.DESK, _("desk")), ("push", _("notification")), ("sms", _("text message")), ("email", _("e-mail"))]
PLACES = [(rungs.AT_HOME, _("at home or elsewhere")), (rungs.ON_SITE, _("on site"))]

FAULTS = {
    rungs.HOLE: _("This rung is empty, and others follow it. Fill it in or close the gap."),
    rungs.NO_CLOCK: _("This rung has no clock. Say after how many minutes the next is asked."),
    rungs.EMPTY_RUNG: _("Nobody of the clinic has this role."),
    rungs.NOBODY_LEFT: _("This person no longer works here as a clinician."),
    rungs.TWICE: _("This is asked twice."),
    rungs.NO_SUPERVISOR: _("The supervisor is missing from the ladder."),
    rungs.NOT_EVERYONE_LAST: _("The last rung must be everyone at the desk, so that somebody is always asked."),
    rungs.NO_WAY: _("The desk must be one of the ways: it works when all others are down."),
    rungs.CONTACT_TOO_SOON: _("Contact cannot be due before the first rung’s time is over."),
}


class BrokenLadder(ValueError):
    """The ladder would leave somebody unasked. `faults` are (row, key); FAULTS has their sentences."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        super().__init__(", ".join(key for _row, key in faults))
        self.faults = faults


class LadderQuerySet(models.QuerySet["Ladder"]):
    def in_force(self, clinic_id: Any, *, tier: int, place: str, in_hours: bool, at: datetime) -> Ladder | None:
        """The clinic's own ladder at `at`, or None where it has set none: then `rungs.begun_with` holds."""
        ours = self.filter(clinic_id=clinic_id, tier=tier, place=place, in_hours=in_hours, effective_from__lte=at)
        return ours.prefetch_related("rungs").order_by("-effective_from", "-made_at").first()


class Ladder(Row):
    """One version of whom the clinic asks about a tier, at a place, while staff are here or not.

    In force from `effective_from` until a later one of the same tier, place and hours. Added to, never changed; the
    database refuses one with a hole, without a supervisor, or whose last rung is not everyone at the desk.
    """

    tier = models.PositiveSmallIntegerField()
    place = models.TextField(choices=PLACES)
    in_hours = models.BooleanField()
    effective_from = models.DateTimeField(_("In force from"))
    contact_minutes = models.PositiveSmallIntegerField(_("Contact made within (minutes)"))
    repeat_minutes = models.PositiveSmallIntegerField(_("Last rung asked again every (minutes)"))
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    why = models.TextField(_("Why it is changed"))

    objects = LadderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(tier__range=(1, 4)), name="ladder_tier"),
            models.CheckConstraint(condition=Q(place__in=rungs.PLACES), name="ladder_place"),
            models.CheckConstraint(
                condition=Q(contact_minutes__range=(1, 2880)) & Q(repeat_minutes__range=(1, 1440)),
                name="ladder_has_its_clocks",
            ),
            models.CheckConstraint(condition=~Q(why=""), name="ladder_says_why"),
        ]
        indexes = [
            models.Index(fields=["clinic", "tier", "place", "in_hours", "-effective_from"], name="ladder_in_force")
        ]

    def as_plan(self) -> Plan:
        mine = sorted(self.rungs.all(), key=lambda rung: rung.rung)
        return Plan(tuple(rung.as_ask() for rung in mine), self.contact_minutes, self.repeat_minutes)


class LadderRung(Row):
    """One rung of one version. `asks` is on a closed list: family, police and emergency contacts cannot be rungs."""

    ladder = models.ForeignKey(Ladder, on_delete=models.PROTECT, related_name="rungs")
    rung = models.PositiveSmallIntegerField()
    asks = models.TextField(choices=ASKS)
    role = models.TextField(choices=[(role, Role(role).label) for role in sorted(CLINICIANS)], blank=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    minutes = models.PositiveSmallIntegerField()
    ways = ArrayField(models.TextField(choices=WAYS))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ladder", "rung"], name="one_rung_a_place"),
            models.UniqueConstraint(
                fields=["ladder", "asks", "role", "person"], name="nobody_on_two_rungs", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(asks__in=rungs.ASKS), name="rung_asks_the_clinics_own"),
            models.CheckConstraint(
                condition=(Q(asks=rungs.ROLE, role__in=sorted(CLINICIANS)) | (~Q(asks=rungs.ROLE) & Q(role=""))),
                name="rung_role",
            ),
            models.CheckConstraint(
                condition=Q(asks=rungs.PERSON, person__isnull=False) | (~Q(asks=rungs.PERSON) & Q(person=None)),
                name="rung_person",
            ),
            models.CheckConstraint(condition=Q(minutes__range=(1, 1440)), name="rung_has_its_clock"),
            models.CheckConstraint(
                condition=Q(ways__contains=[rungs.DESK]) & Q(ways__contained_by=list(rungs.WAYS)),
                name="rung_has_its_ways",
            ),
        ]

    @property
    def who(self) -> Any:
        return self.role or self.person_id or ""

    def as_ask(self) -> rungs.Ask:
        return rungs.Ask(self.asks, self.minutes, self.who, tuple(self.ways))


def set_ladder(
    *,
    tier: int,
    place: str,
    in_hours: bool,
    rows: Sequence[rungs.Ask | None],
    contact_minutes: int,
    repeat_minutes: int,
    effective_from: datetime,
    why: str,
    by: Person,
    at: datetime,
) -> Ladder:
    """Write a new version; `rows` are its rungs as typed, None for a row left empty.

    Raises BrokenLadder with what is wrong, and PermissionDenied for anybody but a director. A version never begins in
    the past: what was asked then was asked by another ladder.
    """
    access.require(by, Role.DIRECTOR)
    if found := rungs.faults(rows, contact_minutes=contact_minutes, staffing=staffing(by.clinic_id)):
        raise BrokenLadder(found)
    with transaction.atomic():
        made = Ladder.objects.create(
            clinic_id=by.clinic_id,
            tier=tier,
            place=place,
            in_hours=in_hours,
            effective_from=max(effective_from, at),
            contact_minutes=contact_minutes,
            repeat_minutes=repeat_minutes,
            made_by=by,
            made_at=at,
            why=why,
        )
        LadderRung.objects.bulk_create(
            LadderRung(
                clinic_id=by.clinic_id,
                ladder=made,
                rung=number,
                asks=row.asks,
                role=row.who if row.asks == rungs.ROLE else "",
                person_id=row.who if row.asks == rungs.PERSON else None,
                minutes=row.minutes or 0,
                ways=list(row.ways),
            )
            for number, row in enumerate(row for row in rows if row is not None)
        )
        trail.record("ladder.set", thing=made, tier=tier, place=place, in_hours=in_hours)
    return made


def staffing(clinic_id: Any) -> dict[tuple[str, Any], int]:
    """How many active clinicians stand behind each role and each name."""
    found: dict[tuple[str, Any], int] = {}
    for pk, roles in Person.objects.filter(clinic_id=clinic_id).clinicians().values_list("pk", "roles"):
        found[(rungs.PERSON, pk)] = 1
        for role in roles:
            found[(rungs.ROLE, role)] = found.get((rungs.ROLE, role), 0) + 1
    return found


def plan_for(clinic: Any, *, tier: int, place: str, in_hours: bool, at: datetime) -> Plan:
    """The clinic's own plan in force, else the one that every clinic begins with, with the clinic's own deadlines."""
    own = Ladder.objects.in_force(clinic.pk, tier=tier, place=place, in_hours=in_hours, at=at)
    return own.as_plan() if own else rungs.begun_with(ladder.deadlines_for(tier, clinic.deadlines), in_hours=in_hours)
