"""Who stays with a person at high risk: rows that are added to, each moment set once. The verbs: `staying`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Person, Row, Site
from openiop.safety import one_to_one, rungs
from openiop.safety.assessing import HIGH
from openiop.safety.models.case import Case
from openiop.safety.models.whereabouts import Whereabouts

PLACES = [(rungs.ON_SITE, _("in the room with them")), (rungs.AT_HOME, _("on the line with them"))]
ENDS = [
    (one_to_one.HANDED, _("handed on")),
    (one_to_one.OVER, _("not needed any more")),
    (one_to_one.INSTEAD, _("somebody else was named instead")),
]
WHYS = [
    (one_to_one.LOWERED, _("The risk was assessed again and is lower")),
    (one_to_one.AMBULANCE, _("Left with an ambulance")),
    (one_to_one.OTHER_CARE, _("In other professional care")),
    (one_to_one.FAMILY, _("Picked up by somebody of theirs")),
    (one_to_one.LEFT, _("Left, or ended the call, alone")),
]


class OneToOneClock(Row):
    """Within how many minutes somebody is with them, by the clinic, from a moment on. Added to, never changed."""

    minutes = models.PositiveSmallIntegerField(_("Somebody is with them within (minutes)"))
    source = models.TextField(_("Where this number is from"))
    effective_from = models.DateTimeField(_("In force from"))
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(minutes__range=(1, 60)), name="one_to_one_within_an_hour"),
            models.CheckConstraint(condition=~Q(source=""), name="one_to_one_clock_names_its_source"),
        ]

    @classmethod
    def in_force(cls, clinic_id: Any, *, at: datetime) -> one_to_one.Clock:
        """The clinic's own at `at`, else what every clinic begins with."""
        ours = cls.objects.filter(clinic_id=clinic_id, effective_from__lte=at)
        own = ours.order_by("-effective_from", "-at").first()
        return one_to_one.Clock(own.minutes, own.source) if own else one_to_one.BEGUN_WITH


class OneToOneQuerySet(models.QuerySet["OneToOne"]):
    def open(self) -> OneToOneQuerySet:
        return self.filter(ended_at=None)

    def visible_to(self, person: Any) -> OneToOneQuerySet:
        """Clinicians see the clinic's; everybody else of the staff their own."""
        ours = self.filter(clinic_id=person.clinic_id)
        if not isinstance(person, Person) or person.kind != Person.STAFF:
            return ours.none()
        return ours if person.is_clinician else ours.filter(who=person)

    def with_people(self) -> OneToOneQuerySet:
        return self.select_related("case__patient", "case__clinic", "who", "named_by", "site")


class OneToOne(Row):
    """One member of staff's time with one patient whose case is open.

    Asked → with them, in their own word (`confirmed_at`) → ended (`how`): handed on to somebody who has confirmed, or
    over by a clinician's decision. Who was asked and has not confirmed may be replaced. At most one at a time is asked
    and one is with them, by the database; each moment is set once. `until_at`: when their duty ends, as it stood when
    they confirmed. `within_minutes`: the clinic's clock when they were named.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="one_to_ones")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    who = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("Who stays with them"))
    place = models.TextField(_("How"), choices=PLACES)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="+")
    where = models.TextField(_("Room"), blank=True)
    named_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField()
    within_minutes = models.PositiveSmallIntegerField()
    confirmed_at = models.DateTimeField(null=True)
    until_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    how = models.TextField(choices=ENDS, blank=True, default="")

    objects = OneToOneQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(confirmed_at__isnull=False, ended_at=None), name="one_is_with_them"
            ),
            models.UniqueConstraint(
                fields=["case"], condition=Q(confirmed_at=None, ended_at=None), name="one_is_asked_to_stay"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, how="") | Q(ended_at__isnull=False, how__in=one_to_one.ENDS),
                name="one_to_one_ends_as_one_of",
            ),
            models.CheckConstraint(
                condition=~Q(how=one_to_one.HANDED) | Q(confirmed_at__isnull=False), name="handed_on_by_who_was_there"
            ),
            models.CheckConstraint(
                condition=~Q(how=one_to_one.INSTEAD) | Q(confirmed_at=None), name="replaced_only_while_asked"
            ),
            models.CheckConstraint(
                condition=Q(place=rungs.ON_SITE) | Q(place=rungs.AT_HOME, site=None), name="one_to_one_has_its_place"
            ),
            models.CheckConstraint(
                condition=Q(until_at=None) | Q(confirmed_at__isnull=False, until_at__gt=models.F("confirmed_at")),
                name="duty_ends_after_it_began",
            ),
        ]
        indexes = [models.Index(fields=["who"], condition=Q(ended_at=None), name="one_to_one_open_of")]

    @property
    def is_asked(self) -> bool:
        return self.confirmed_at is None and self.ended_at is None

    @property
    def is_with_them(self) -> bool:
        return self.confirmed_at is not None and self.ended_at is None

    @property
    def turn(self) -> one_to_one.Turn:
        return one_to_one.Turn(
            self.who_id, self.named_at, self.confirmed_at, self.until_at, self.ended_at, self.who.active
        )

    def is_over_duty(self, *, at: datetime) -> bool:
        return self.is_with_them and self.until_at is not None and self.until_at <= at


class OneToOneEnd(Row):
    """A clinician decided that nobody needs to stay with them any more, and why. Added to, never changed.

    It answers the danger that was known then: a new one asks for somebody again.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="one_to_one_ends")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    why = models.TextField(_("Why nobody needs to stay any more"), choices=WHYS)
    words = models.TextField(_("What was found and agreed"))
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(why__in=one_to_one.WHYS) & ~Q(words=""), name="one_to_one_ends_with_a_reason"
            )
        ]


def states_of(cases: Iterable[Case], *, at: datetime) -> dict[Any, one_to_one.State]:
    """By case, who is with them and what is wrong: two queries, none where no case is high and nobody was named.

    The cases come `with_one_to_ones` and their clinic.
    """
    concerned = [case for case in cases if case.tier >= HIGH or case.one_to_ones.all()]
    if not concerned:
        return {}
    on_site = _told_on_site([case.patient_id for case in concerned], at=at)
    minutes = OneToOneClock.in_force(concerned[0].clinic_id, at=at).minutes
    return {
        case.pk: one_to_one.state(
            tier=case.tier,
            since=case.since,
            told_on_site=on_site.get(case.patient_id, []),
            turns=[row.turn for row in case.one_to_ones.all()],
            ended=max(
                (one_to_one.Ended(row.at, row.why) for row in case.one_to_one_ends.all()),
                key=lambda row: row.at,
                default=None,
            ),
            minutes=minutes,
        )
        for case in concerned
    }


def _told_on_site(patients: Iterable[Any], *, at: datetime) -> dict[Any, list[datetime]]:
    """By patient, when they were said to be on site, back to the last time that they were said to be elsewhere."""
    rows = Whereabouts.objects.told_by(at=at).filter(patient_id__in=list(patients)).order_by("-told_at", "-pk")
    newest_first: dict[Any, list[tuple[str, datetime]]] = {}
    for patient, place, told_at in rows.values_list("patient_id", "place", "told_at"):
        newest_first.setdefault(patient, []).append((place, told_at))
    return {
        patient: [told_at for _place, told_at in takewhile(lambda row: row[0] == rungs.ON_SITE, told)]
        for patient, told in newest_first.items()
    }


def somebody_is_left_alone(cases: Iterable[Case], *, at: datetime) -> bool:
    """Is anybody late to be with one of them, or nobody named in time? Content-free: what a locked desk may sound."""
    return any(found.is_late(at=at) for found in states_of(cases, at=at).values())
