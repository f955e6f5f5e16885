"""A case and the rows that hang on it: evidence, pages, who took it, who reached the person, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from openiop.people import access
from openiop.people.models import Person, Role, Row
from openiop.safety import ladder, one_to_one, rungs


class Holding(NamedTuple):
    """Who has a case in hand, and since when."""

    by: Person
    at: datetime


class CaseQuerySet(models.QuerySet["Case"]):
    def open(self) -> CaseQuerySet:
        return self.filter(closed_at__isnull=True)

    def visible_to(self, person: access.Actor) -> CaseQuerySet:
        """All of the clinic's clinicians: the ladder may reach any of them, and a crisis waits for nobody's roster."""
        ours = self.filter(clinic_id=person.clinic_id)
        if access.kind_of(person) == "patient":
            return ours.filter(patient_id=person.pk)
        return ours if isinstance(person, Person) and person.is_clinician else ours.none()

    def due(self, at: datetime) -> CaseQuerySet:
        return self.open().filter(next_step_at__lte=at)

    def with_steps(self) -> CaseQuerySet:
        """With what `told` and the desk ask for, in a number of queries that does not grow with the cases."""
        return self.select_related("clinic", "patient").prefetch_related(
            models.Prefetch("flags", Flag.objects.order_by("-raised_at")),
            models.Prefetch("pages", Page.objects.select_related("to").order_by("made_at", "rung")),
            models.Prefetch("acknowledgements", Acknowledgement.objects.select_related("by").order_by("at")),
        )

    def with_attempts(self) -> CaseQuerySet:
        """With what was tried and decided, for staff."""
        return self.prefetch_related(
            models.Prefetch("contacts", Contact.objects.select_related("by").order_by("at")),
            "decisions__by",
            "handed__to",
        )

    def with_one_to_ones(self) -> CaseQuerySet:
        """With who was asked to stay with the person, and what was decided about it: two queries."""
        field: Any = self.model._meta.get_field
        turns, ends = (field(name).related_model for name in ("one_to_ones", "one_to_one_ends"))
        return self.prefetch_related(
            models.Prefetch("one_to_ones", turns._default_manager.select_related("who", "site", "named_by")),
            models.Prefetch("one_to_one_ends", ends._default_manager.select_related("by")),
        )


class Case(Row):
    """Everything about one patient's present danger. At most one is open for each patient.

    Open → acknowledged (paging stops until contact is due) → contact made → closed. `tier` is the highest of its
    flags and never falls. `since` is when its clocks started: with the latest evidence that nobody has answered.
    `contacted_at` is when the patient was last reached. `next_step_at` is when the worker looks again; it is moved
    ahead to claim the case, so that a crash means one more look, never none. The three minutes are the clocks of the
    ladder in force when `since` was set; empty on cases from before there were ladders. `tries_again_at`: until when a
    clinician last decided to keep trying.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="cases")
    tier = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    since = models.DateTimeField()
    contacted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    next_step_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)
    tries_again_at = models.DateTimeField(null=True)
    acknowledge_minutes = models.PositiveSmallIntegerField(null=True)
    contact_minutes = models.PositiveSmallIntegerField(null=True)
    repeat_minutes = models.PositiveSmallIntegerField(null=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=Q(closed_at=None), name="one_open_case"),
            models.UniqueConstraint(fields=["id", "patient"], name="case_patient"),
            models.CheckConstraint(condition=Q(tier__range=(1, 4)), name="tier_1_to_4"),
        ]
        indexes = [models.Index(fields=["next_step_at"], condition=Q(closed_at=None), name="case_due")]

    @property
    def deadlines(self) -> ladder.Deadlines:
        tiers = ladder.deadlines_for(self.tier, self.clinic.deadlines)
        return tiers._replace(
            acknowledge_minutes=self.acknowledge_minutes or tiers.acknowledge_minutes,
            contact_minutes=self.contact_minutes or tiers.contact_minutes,
            repeat_minutes=self.repeat_minutes or tiers.repeat_minutes,
        )

    @property
    def ack_due_at(self) -> datetime:
        return self.since + timedelta(minutes=self.deadlines.acknowledge_minutes)

    @property
    def contact_due_at(self) -> datetime:
        return self.since + timedelta(minutes=self.deadlines.contact_minutes)

    @property
    def reached(self) -> bool:
        """Was the patient reached since the latest evidence?"""
        return self.contacted_at is not None and self.contacted_at >= self.since

    @property
    def acknowledgement(self) -> Acknowledgement | None:
        """Who took it last, since the latest evidence."""
        taken = [row for row in self.acknowledgements.all() if row.at >= self.since]
        return max(taken, key=lambda row: row.at, default=None)

    @property
    def holding(self) -> Holding | None:
        """Who has it in hand, and since when: who took it, reached the person or took it over last.

        Since the latest evidence, and nobody where nobody did. Reads `with_attempts`.
        """
        taken = [Holding(row.by, row.at) for row in self.acknowledgements.all() if row.at >= self.since]
        reached = [Holding(row.by, row.at) for row in self.contacts.all() if row.reached and row.at >= self.since]
        handed = [Holding(row.to, row.at) for row in self.handed.all() if row.to and row.at >= self.since]
        return max([*handed, *taken, *reached], key=lambda held: held.at, default=None)

    def told(self, *, at: datetime) -> str:
        """`sent`, `somebody_has_it` or `nobody_yet`: what is true for the patient at `at`."""
        return ladder.told_to_patient(self.on_the_ladder(), at=at, deadlines=self.deadlines)

    @property
    def is_private(self) -> bool:
        """Is there nothing in it but what the patient's own pages must not show?"""
        flags = self.flags.all()
        return bool(flags) and all(flag.is_private for flag in flags)

    @property
    def holds_private(self) -> bool:
        return any(flag.is_private for flag in self.flags.all())

    def rings(self, *, at: datetime) -> bool:
        """Is somebody still being looked for, so that desks sound?"""
        return self.closed_at is None and self.told(at=at) != "somebody_has_it"

    def on_the_ladder(self, rungs: Sequence[ladder.Rung] = (), *, order: Sequence[str] = ladder.ORDER) -> ladder.Case:
        """The case as the ladder's rules see it; pages need the rungs of this moment, and their plan's order."""
        return ladder.Case(
            since=self.since,
            rungs=rungs,
            paged=[
                ladder.Paged(at=page.made_at, rung=ladder.place_of(page.because, rungs, order=order))
                for page in self.pages.all()
                if page.because != ladder.ASKED_FOR and not page.is_to_stay
            ],
            acknowledged=[row.at for row in self.acknowledgements.all()],
            contacts=[self.contacted_at] if self.contacted_at else [],
            tries_again_at=self.tries_again_at,
            closed_at=self.closed_at,
        )


HARMED = "harmed"


class Flag(Row):
    """One reason for concern with its evidence, copied: label, value and where to look. Added to, never changed.

    `key` names the evidence, so that the same answer sent twice raises one flag; `reason` is the ladder's word for it.
    `contact_minutes` is the clock to contact that it started, empty where it joined clocks that ran. `kind` HARMED is
    private: somebody near the person harms them, so nothing of it stands on a shared screen or on the patient's own
    pages (docs/rules/private.md).
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="flags")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    key = models.TextField()
    reason = models.TextField(default="")
    tier = models.PositiveSmallIntegerField()
    label = models.TextField()
    value = models.TextField()
    url = models.TextField(blank=True)
    kind = models.TextField(blank=True, default="", choices=[(HARMED, _("being harmed"))])
    raised_at = models.DateTimeField()
    contact_minutes = models.PositiveSmallIntegerField(null=True)

    class Meta:
        # By patient, not by clinic: keys are made on patients' devices, and none may silence another's.
        constraints = [models.UniqueConstraint(fields=["patient", "key"], name="one_flag_per_evidence")]

    @property
    def is_private(self) -> bool:
        return self.kind == HARMED


class Page(Row):
    """Somebody is being called to a case. Shown on their desk at once; `sent_at`: handed to their mail as well."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="pages")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    rung = models.PositiveSmallIntegerField()
    to = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    because = models.TextField()
    ways = ArrayField(models.TextField(), db_default=list(rungs.WAYS))
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    @property
    def is_to_stay(self) -> bool:
        """Are they asked to stay with the person, or to see that somebody does? It uses up no rung of the ladder."""
        return self.because.startswith(one_to_one.PAGED)

    @property
    def because_in_words(self) -> Any:
        return because_in_words(self.because)

    @property
    def delivered_as(self) -> str:
        """What its deliveries say they are written for."""
        return f"page {self.pk}"


def because_in_words(because: str) -> Any:
    """Why somebody is asked: a rung of every clinic, or one of the clinic's own by role or name."""
    if because.startswith(one_to_one.PAGED):
        if because == one_to_one.NAMED:
            return _("is to stay with them")
        rung = because_in_words(because.removeprefix(one_to_one.PAGED))
        return format_lazy(_("somebody is to stay with them; {why}"), why=rung)
    if because.startswith(OF_A_ROLE):
        return Role(because.removeprefix(OF_A_ROLE)).label
    return BECAUSE.get(because, _("named in the ladder"))


OF_A_ROLE = f"safety.{rungs.ROLE}."


BECAUSE = {
    ladder.ASKED_FOR: _("the patient asked for them"),
    ladder.LIVE: _("is with them now, or at the same site"),
    ladder.PRIMARY: _("their therapist"),
    ladder.ON_CALL: _("on call"),
    ladder.SECOND_ON_CALL: _("second on call"),
    ladder.SUPERVISOR: _("supervisor"),
    ladder.EVERYONE_ON_THE_DESK: _("everyone at the desk is asked"),
}


class Acknowledgement(Row):
    """A clinician took a case at `at`. It stops the paging until contact is due, and nothing else."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="acknowledgements")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class Contact(Row):
    """One attempt to reach the patient. Added to, never changed."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="contacts")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    how = models.TextField(
        _("How"),
        choices=[
            ("phone", _("by telephone")),
            ("room", _("in the room")),
            ("person", _("in person")),
            ("message", _("by message")),
            ("emergency", _("through emergency services")),
        ],
    )
    reached = models.BooleanField(_("Reached"))
    note = models.TextField(_("What was said and agreed"), blank=True)


class Closure(Row):
    """A clinician ended a case, with what was found and done. `disposition` may be empty only after contact."""

    NOT_A_RISK = "not_a_risk"

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="closure")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    disposition = models.TextField(
        _("How it ended"),
        blank=True,
        choices=[
            ("safe_with_plan", _("Safe, with a plan")),
            ("same_day_assessment", _("Assessed today")),
            ("higher_level", _("Referred to a higher level of care")),
            ("emergency", _("Emergency services took over")),
            ("with_other_care", _("In other professional care")),
            (NOT_A_RISK, _("Found not to be a risk")),
        ],
    )
    note = models.TextField(_("What was found and done"), blank=True)
