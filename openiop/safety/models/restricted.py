"""Restricted flags: what only a few people of the clinic may read, and never those it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.refusals import Refused
from openiop.messaging.models import EMAIL, PUSH, Delivery, send_by
from openiop.people.models import STATES, Person, Role, Row
from openiop.safety import reporting

KINDS = [
    (reporting.HARM_TO_OTHERS, _("Harm to others")),
    (reporting.CHILD_ABUSE, _("Abuse or neglect of a child")),
    (reporting.ADULT_ABUSE, _("Abuse or neglect of an elder or dependent adult")),
    (reporting.HARMED_AT_HOME, _("Being harmed at home")),
    (reporting.INCIDENT, _("Incident")),
    (reporting.GRIEVANCE, _("Grievance")),
]
THERAPIST_OF, TEAM_OF, NAMED = "therapist_of", "team_of", "named"
READERS = [
    *Role.choices,
    (THERAPIST_OF, _("The person’s own therapist")),
    (TEAM_OF, _("Clinicians who treat the person")),
]
# Nobody learns from a mail that there is a restricted flag, nor from the outbox what a mail was about.
BECAUSE = "something to read"
OUTSIDE = _(
    "Outside this clinic you can turn to the state agency that licenses it and, about privacy, to the Office for Civil "
    "Rights of the U.S. Department of Health and Human Services."
)
NOBODY_LEFT = _("Nobody here would be left to read this, so it was not kept. Leave out whoever had no part in it.")


class RestrictedFlagQuerySet(models.QuerySet["RestrictedFlag"]):
    """Which rows are seen is the database's to say (`restricted_reads`): every query is bound by it."""

    def visible_to(self, person: Any) -> RestrictedFlagQuerySet:
        return self.filter(clinic_id=person.clinic_id)

    def grievances_of(self, patient: Person) -> RestrictedFlagQuerySet:
        return self.filter(patient=patient, kind=reporting.GRIEVANCE).order_by("-raised_at")

    def worked_on(self) -> RestrictedFlagQuerySet:
        """Those whose worksheet whoever acts may read, not only the words that they wrote."""
        return self.filter(models.Func(models.F("pk"), function="restricted_works", output_field=models.BooleanField()))

    def open(self) -> RestrictedFlagQuerySet:
        """Those whose last line does not close them."""
        last = FollowUp.objects.filter(flag=models.OuterRef("pk")).order_by("-at", "-pk").values("closes")[:1]
        return self.annotate(is_over=models.Subquery(last)).filter(Q(is_over=None) | Q(is_over=False))

    def with_steps(self) -> RestrictedFlagQuerySet:
        """With what its clocks ask for, in a number of queries that does not grow with the flags."""
        return self.select_related("clinic", "patient", "raised_by").prefetch_related(
            "decisions", "reports", "follow_ups", "replies"
        )


class RestrictedFlag(Row):
    """One matter that few may read: who raised it, what was seen, and since when the clinic knows.

    Added to, never changed. Raised → decided (`ReportDecision`) → told, where it is to be (`ReportMade`) → followed up
    → over (a `FollowUp` that closes it; a later line opens it again). A grievance is acknowledged and answered
    (`GrievanceReply`) instead. `state`: the state whose rules run. Only an incident may be about no patient.
    `let_know_at`: the worker has written to its readers that something waits, in no more words. The trail
    names the flag in its lines and not the patient, and the database shows those lines to its readers alone.
    """

    kind = models.TextField(_("What it is"), choices=KINDS)
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    raised_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()
    learned_at = models.DateTimeField(_("When the clinic learned of it"))
    state = models.CharField(_("State whose rules run"), max_length=2, choices=[(s, s) for s in STATES], blank=True)
    words = models.TextField(_("What was seen and said"))
    session_id = models.UUIDField(null=True)
    let_know_at = models.DateTimeField(null=True)

    objects = RestrictedFlagQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=reporting.KINDS), name="restricted_kind"),
            models.CheckConstraint(
                condition=Q(patient__isnull=False) | Q(kind=reporting.INCIDENT), name="only_an_incident_is_about_nobody"
            ),
            models.CheckConstraint(condition=~Q(words=""), name="restricted_flag_has_words"),
            models.CheckConstraint(condition=Q(learned_at__lte=models.F("raised_at")), name="learned_before_raised"),
        ]
        indexes = [models.Index(fields=["clinic", "-raised_at"], name="restricted_newest")]

    @property
    def is_grievance(self) -> bool:
        return self.kind == reporting.GRIEVANCE

    @property
    def about_whom(self) -> str:
        """The patient's name, or nothing for an incident about nobody."""
        return self.patient.full_name if self.patient else ""

    @property
    def decision(self) -> ReportDecision | None:
        return max(self.decisions.all(), key=_at, default=None)

    @property
    def done(self) -> reporting.Done:
        """What its clocks need to know."""
        replies, told = list(self.replies.all()), list(self.reports.all())
        line = max(self.follow_ups.all(), key=_at, default=None)
        return reporting.Done(
            decided=self.decision.report if self.decision else None,
            first_at=min((row.told_at for row in told), default=None),
            written_at=min((row.told_at for row in told if row.written), default=None),
            acknowledged_at=min((row.at for row in replies if not row.answers), default=None),
            answered_at=min((row.at for row in replies if row.answers), default=None),
            follow_up_at=line.next_at if line else None,
            closed=bool(line and line.closes),
        )


class Implicated(Row):
    """Somebody the matter is about, or who may have had a part in it: staff never read it, a guardian is never told.

    Added to, never changed. `person` is staff, a patient or a supporter; `guardian` a minor's; else a name alone.
    """

    flag = models.ForeignKey(RestrictedFlag, on_delete=models.PROTECT, related_name="implicated")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    guardian = models.ForeignKey("safety.Guardian", on_delete=models.PROTECT, null=True, related_name="+")
    name = models.TextField(_("Name"), blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False) | Q(guardian__isnull=False) | ~Q(name=""), name="implicated_is_named"
            )
        ]

    def __str__(self) -> str:
        return self.name or str(self.person or self.guardian)


class ReadingRule(Row):
    """One line of the clinic's table of who reads which kind: a role, a relation to the patient, or a named person.

    A kind without any line is read as the database's `restricted_table` says. The privacy officer reads every kind in
    which Part 2 may ask for a decision, whatever the table says.
    """

    kind = models.TextField(choices=KINDS)
    reader = models.TextField(choices=[*READERS, (NAMED, _("A named person"))])
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "kind", "reader", "person"], name="one_reading_rule", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(reader=NAMED, person__isnull=False) | (~Q(reader=NAMED) & Q(person=None)),
                name="named_reader_has_a_name",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=reporting.KINDS) & Q(reader__in=[*(key for key, _label in READERS), NAMED]),
                name="reading_rule_words",
            ),
        ]


class GrievanceClock(Row):
    """How soon a grievance is acknowledged and answered, in days: the clinic's own policy, one row a clinic.

    Without a row the days below hold, which are this project's own design and no state's rule.
    """

    ACKNOWLEDGE_DAYS, ANSWER_DAYS = 2, 14

    acknowledge_days = models.PositiveSmallIntegerField(_("Acknowledged within (days)"), default=ACKNOWLEDGE_DAYS)
    answer_days = models.PositiveSmallIntegerField(_("Answered within (days)"), default=ANSWER_DAYS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic"], name="one_grievance_clock"),
            models.CheckConstraint(
                condition=Q(acknowledge_days__range=(0, 60))
                & Q(answer_days__range=(models.F("acknowledge_days"), 180)),
                name="grievance_days",
            ),
        ]

    @classmethod
    def of(cls, clinic_id: Any) -> GrievanceClock:
        return cls.objects.filter(clinic_id=clinic_id).first() or cls(clinic_id=clinic_id)


class ReportDecision(Row):
    """Report, or do not: by whom, why, and with whom they spoke. Added to, never changed; the newest counts."""

    flag = models.ForeignKey(RestrictedFlag, on_delete=models.PROTECT, related_name="decisions")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    report = models.BooleanField()
    why = models.TextField(_("Why"))
    consulted = models.TextField(_("With whom you spoke about it"), blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(why=""), name="a_decision_says_why")]


class PrivacyDecision(Row):
    """The privacy officer says whether anything that identifies the patient may leave under 42 CFR Part 2, and what.

    Added to, never changed; the newest counts. The database takes it from a privacy officer alone, in their own name.
    """

    flag = models.ForeignKey(RestrictedFlag, on_delete=models.PROTECT, related_name="privacy_decisions")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    allowed = models.BooleanField()
    why = models.TextField(_("Why, and what may be told to whom"))

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(why=""), name="a_privacy_decision_says_why")]


class ReportMade(Row):
    """What was told to an agency or to somebody in danger: to whom, when, how, with which number. Never changed.

    The database refuses one that nobody decided, and, under Part 2, one that identifies the patient without a path
    (`reporting.why_not_told`).
    """

    flag = models.ForeignKey(RestrictedFlag, on_delete=models.PROTECT, related_name="reports")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    told_at = models.DateTimeField(_("When it was told"))
    agency = models.TextField(_("Agency, or who was warned"))
    recipient = models.TextField(_("Who took it"))
    written = models.BooleanField(_("In writing"))
    number = models.TextField(_("Report number"), blank=True)
    identifying = models.BooleanField(_("It says who the person is"))
    path = models.TextField(
        _("What allows it under 42 CFR Part 2"),
        blank=True,
        choices=[
            (reporting.CHILD_ABUSE_EXCEPTION, _("First report of child abuse or neglect (§ 2.12(c)(6))")),
            (reporting.PRIVACY_DECISION, _("The privacy officer’s decision on this sheet")),
            (reporting.MEDICAL_EMERGENCY, _("Medical emergency, to medical personnel (§ 2.51)")),
            (reporting.COURT_ORDER, _("A court’s order")),
            (reporting.CONSENT, _("The patient’s written consent")),
        ],
    )
    path_detail = models.TextField(_("Which order or consent, and of when"), blank=True)
    emergency = models.ForeignKey("safety.EmergencyDisclosure", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(agency="") & ~Q(recipient=""), name="a_report_says_to_whom"),
            models.CheckConstraint(condition=Q(told_at__lte=models.F("at")), name="reported_before_it_was_noted"),
            models.CheckConstraint(condition=Q(path__in=["", *reporting.PATHS]), name="report_path"),
        ]


class FollowUp(Row):
    """What was done afterwards, and when to look again; `closes`: nothing more is to be done. Never changed."""

    flag = models.ForeignKey(RestrictedFlag, on_delete=models.PROTECT, related_name="follow_ups")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    what = models.TextField(_("What was done"))
    next_at = models.DateTimeField(_("Look again on"), null=True)
    closes = models.BooleanField(_("Nothing more is to be done"))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(what=""), name="a_follow_up_says_what"),
            models.CheckConstraint(condition=Q(closes=False) | Q(next_at=None), name="what_is_over_is_not_due"),
        ]


class GrievanceReply(Row):
    """What whoever complained is told: that somebody has it, or the answer. The patient reads it. Never changed."""

    flag = models.ForeignKey(RestrictedFlag, on_delete=models.PROTECT, related_name="replies")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    answers = models.BooleanField()
    words = models.TextField(_("What the person reads"), blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(answers=False) | ~Q(words=""), name="an_answer_has_words"),
        ]


def _at(row: Any) -> tuple[datetime, UUID]:
    return row.at, row.pk


# --- raising ---


@transaction.atomic
def raise_restricted(
    *,
    kind: str,
    words: str,
    by: Person,
    at: datetime,
    patient: Person | None = None,
    learned_at: datetime | None = None,
    state: str = "",
    session_id: UUID | None = None,
    about: Sequence[Person] = (),
    about_guardians: Sequence[Any] = (),
    about_names: Iterable[str] = (),
) -> RestrictedFlag:
    """Raise a restricted flag. The worker lets those who may read it know (`let_readers_know`).

    `about`: whoever may have had a part in it; staff among them never read it, `by` included. A patient raises a
    grievance of their own and nothing else. Raises PermissionDenied, and Refused where nobody would be left to read it.
    """
    if by.kind != Person.STAFF and (kind != reporting.GRIEVANCE or patient is None or patient.pk != by.pk):
        raise PermissionDenied
    flag = RestrictedFlag.objects.create(
        clinic_id=by.clinic_id,
        kind=kind,
        patient=patient,
        raised_by=by,
        raised_at=at,
        learned_at=learned_at or at,
        state=state,
        words=words,
        session_id=session_id,
    )
    named: list[dict[str, Any]] = [{"person": person} for person in about]
    named += [{"guardian": guardian} for guardian in about_guardians]
    named += [{"name": name.strip()} for name in about_names if name.strip()]
    # Last of all whoever raised it themselves: from then on they no longer see the flag.
    for row in sorted(named, key=lambda row: row.get("person") == by):
        Implicated.objects.create(clinic_id=flag.clinic_id, flag=flag, by=by, at=at, **row)
    if not readers_of(flag):
        raise Refused(format_lazy("{} {}", NOBODY_LEFT, OUTSIDE), field="about")
    trail.record("restricted.raise", thing=flag)
    return flag


def readers_of(flag: RestrictedFlag) -> list[Person]:
    """Who of the clinic may work on this flag now, as the database reckons it. Empty where all are implicated."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT person_id FROM restricted_readers(%s)", [flag.pk])
        found = [row[0] for row in cursor.fetchall()]
    return list(Person.objects.filter(pk__in=found).order_by("family_name", "given_name").select_related("login"))


def table_of(kind: str) -> list[tuple[str, UUID | None]]:
    """Who reads `kind` in the acting clinic: (reader, person) as `ReadingRule` has them, its own lines or the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reader, person_id FROM restricted_table_of(%s) ORDER BY 1, 2", [kind])
        return list(cursor.fetchall())


def may_work_on(flag: RestrictedFlag) -> bool:
    """May whoever acts read and fill in the worksheet? Who raised it without that reads what they wrote, no more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT restricted_works(%s)", [flag.pk])
        return bool(cursor.fetchone()[0])


def is_part2(patient: Person | None) -> bool:
    """Is this patient's record protected by 42 CFR Part 2? For staff."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT restricted_part2(%s)", [patient.pk if patient else None])
        return bool(cursor.fetchone()[0])


def let_readers_know(clinic: Any, *, at: datetime) -> int:
    """For the worker: write to the readers of each new flag that something waits for them; returns how many flags.

    In one transaction with the mark that it was done, so that none is forgotten and nobody is written to twice. Where
    nobody was written to it is not done, and waits for whoever may read it one day.
    """
    new = RestrictedFlag.objects.select_for_update(skip_locked=True).filter(clinic=clinic, let_know_at=None)
    told = 0
    for flag in list(new):
        written = [_write_to(reader, at=at) for reader in readers_of(flag) if reader.pk != flag.raised_by_id]
        if any(written):
            flag.let_know_at = at
            flag.save(update_fields=["let_know_at"])
            trail.record("restricted.let-know", thing=flag)
            told += 1
    return told


def _write_to(reader: Person, *, at: datetime) -> list[Delivery]:
    with translation.override(reader.language):
        return send_by(
            [EMAIL, PUSH],
            reader,
            subject=_("Something waits for you"),
            body=_("Something waits for you to read. Sign in when you can."),
            because=BECAUSE,
            at=at,
        )
