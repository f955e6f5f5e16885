"""What patients report: an observation at a time, with its source."""

from __future__ import annotations

from datetime import date, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people import access
from openiop.people.models import Person, Row
from openiop.programs.models import Track
from openiop.safety.models import RiskAssessment


class Moment(models.TextChoices):
    """When a track asks for a measure; `calendar.py` says on which days that is."""

    EVERY = "every", _("every so many days")
    WEEKLY = "weekly", _("each week before the first group")
    INTAKE = "intake", _("at the start")
    HALF_WAY = "half_way", _("half-way, four weeks after the start")
    DISCHARGE = "discharge", _("at the end")
    MONTH_1 = "month_1", _("1 month after")
    MONTH_3 = "month_3", _("3 months after")
    MONTH_6 = "month_6", _("6 months after")
    MONTH_12 = "month_12", _("12 months after")


class Cadence(Row):
    """When a track asks for an instrument, and who says so. `every_days` counts for that one moment only."""

    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="cadences")
    instrument = models.TextField(_("Measure"))
    moment = models.TextField(_("When"), choices=Moment.choices, default=Moment.EVERY)
    every_days = models.PositiveSmallIntegerField(_("Every (days)"), default=7)
    source = models.TextField(_("Source"), blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["track", "instrument", "moment"], name="one_cadence_each_moment"),
            models.CheckConstraint(condition=models.Q(every_days__gte=1), name="cadence_of_a_day_or_more"),
        ]

    @classmethod
    def agree(
        cls,
        track: Track,
        *,
        instrument: str,
        every_days: int,
        source: str,
        by: Person,
        at: datetime,
        moment: str = Moment.EVERY,
    ) -> Cadence:
        """From now on `track` asks for `instrument` then; an earlier rule for the same moment is replaced."""
        cadence, _made = cls.objects.update_or_create(
            track=track,
            instrument=instrument,
            moment=moment,
            defaults={"clinic_id": track.clinic_id, "every_days": every_days, "source": source},
        )
        trail.record("cadence.agree", thing=cadence, instrument=instrument, moment=moment, every_days=every_days)
        return cadence

    def drop(self, *, by: Person, at: datetime) -> None:
        """The track no longer asks for it; what was answered stays."""
        trail.record("cadence.drop", thing=self, instrument=self.instrument, moment=self.moment)
        self.delete()


class ResponseQuerySet(models.QuerySet["Response"]):
    def visible_to(self, person: access.Actor) -> ResponseQuerySet:
        return self.filter(clinic_id=person.clinic_id).filter(access.about(person, "patient_id"))


class Response(Row):
    """One patient's answers to one version of an instrument for one day (the day in the patient's zone)."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="responses")
    instrument = models.TextField()
    version = models.PositiveSmallIntegerField()
    for_day = models.DateField()
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    total = models.SmallIntegerField(null=True)
    band = models.TextField(blank=True)
    prorated = models.BooleanField(default=False)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "instrument", "for_day"], name="one_response_a_day")]


class Answer(Row):
    """One tap or word. Append-only: a corrected tap is a further answer, and the newest counts.

    `key` is made on the device; an answer sent twice is stored once. `by` is who wrote it down where that was not the
    person, and `how` they came to know it.
    """

    HOW = [
        ("self", _("by themselves")),
        ("kiosk", _("by themselves, at the site’s kiosk")),
        ("read_out", _("read out by staff")),
        ("paper", _("copied from paper")),
    ]

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="answers")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    item = models.TextField()
    value = models.JSONField()
    key = models.UUIDField()
    answered_at = models.DateTimeField()
    received_at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    how = models.TextField(choices=HOW, default="self")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "patient", "key"], name="an_answer_is_stored_once"),
            models.CheckConstraint(
                condition=models.Q(how__in=("self", "kiosk"), by=None)
                | (~models.Q(how__in=("self", "kiosk")) & models.Q(by__isnull=False)),
                name="what_staff_wrote_down_names_them",
            ),
        ]
        indexes = [
            models.Index(fields=["response", "item", "received_at"], name="answer_newest"),
            models.Index(fields=["patient", "item"], name="answers_of_a_patient"),
        ]


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def open(self) -> AssignmentQuerySet:
        return self.filter(answered=None, assessed=None, withdrawn_at=None)

    def visible_to(self, person: access.Actor) -> AssignmentQuerySet:
        return self.filter(clinic_id=person.clinic_id).filter(access.about(person, "patient_id"))


class Assignment(Row):
    """A measure that somebody or something asked for once, beside what the calendar asks for.

    Open until a completed response answers it or staff withdraw it. `because`: a member of staff asked (`by`), a
    screen came out positive, or an answer (`sign`) or a positive screen for suicide risk (`risk`) has to be followed by
    a clinician's assessment the same day; then `asked_of` is staff, and the response that led to it is `evidence`.
    What is asked of a clinician is done with a risk assessment too (`assessed`), and never withdrawn.
    """

    PATIENT, STAFF = "patient", "staff"
    BECAUSE = [
        ("hand", _("asked for by staff")),
        ("screen", _("a positive screen")),
        ("sign", _("an answer about death or self-harm")),
        ("risk", _("a positive screen for suicide risk")),
    ]

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    instrument = models.TextField(_("Measure"))
    asked_of = models.TextField(choices=[(PATIENT, _("the patient")), (STAFF, _("a clinician"))], default=PATIENT)
    because = models.TextField(choices=BECAUSE)
    evidence = models.ForeignKey(Response, null=True, on_delete=models.PROTECT, related_name="+")
    opens_on = models.DateField()
    due_on = models.DateField(_("Until"))
    made_at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    answered = models.ForeignKey(Response, null=True, on_delete=models.PROTECT, related_name="+")
    assessed = models.ForeignKey(RiskAssessment, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "instrument", "asked_of"],
                condition=models.Q(answered=None, assessed=None, withdrawn_at=None),
                name="asked_for_once_at_a_time",
            ),
            models.CheckConstraint(condition=models.Q(due_on__gte=models.F("opens_on")), name="asked_for_then_due"),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None, withdrawn_by=None)
                | models.Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False, answered=None),
                name="withdrawn_by_somebody_and_unanswered",
            ),
            models.CheckConstraint(
                condition=models.Q(assessed=None) | models.Q(asked_of="staff"),
                name="only_a_clinicians_task_is_assessed",
            ),
        ]

    @classmethod
    def ask(
        cls,
        patient: Person,
        *,
        instrument: str,
        because: str,
        on: date,
        until: date,
        at: datetime,
        asked_of: str = PATIENT,
        by: Person | None = None,
        evidence: Response | None = None,
    ) -> Assignment:
        """Ask for a measure; what is asked for already stays as it is, and the earlier date holds.

        Of a clinician it is then asked anew (`made_at`), so that nobody who had not seen the newer reason has done it.
        """
        asked, made = cls.objects.get_or_create(
            patient=patient,
            instrument=instrument,
            asked_of=asked_of,
            answered=None,
            assessed=None,
            withdrawn_at=None,
            defaults={
                "clinic_id": patient.clinic_id,
                "because": because,
                "evidence": evidence,
                "opens_on": on,
                "due_on": until,
                "made_at": at,
                "by": by,
            },
        )
        if not made and asked_of == cls.STAFF:
            cls.objects.filter(pk=asked.pk).update(made_at=at)
        if made:
            trail.record("measure.ask", patient=patient, thing=asked, instrument=instrument, because=because)
        return asked

    def withdraw(self, *, by: Person, at: datetime) -> None:
        """No longer asked for. What is asked of a clinician is done, not withdrawn. Raises MayNotWithdraw."""
        if self.asked_of == self.STAFF or self.answered_id or self.withdrawn_at:
            raise MayNotWithdraw
        self.withdrawn_at, self.withdrawn_by = at, by
        self.save(update_fields=["withdrawn_at", "withdrawn_by"])
        trail.record("measure.withdraw", patient=self.patient_id, thing=self)


class MayNotWithdraw(Exception):
    """It was answered or withdrawn already, or it is the assessment that follows an answer about death."""


class LicensedWords(Row):
    """The text of an instrument that a clinic was allowed to use. Loaded as a whole; the newest counts.

    Append-only: a response says when it was given, and with that which words were shown.
    """

    instrument = models.TextField()
    version = models.PositiveSmallIntegerField()
    permission = models.TextField(_("Whose permission, with its number or date"))
    words = models.JSONField()
    loaded_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    loaded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["clinic", "instrument", "version", "-loaded_at"], name="newest_words")]


class ReadingRule(Row):
    """How a clinic reads a measure: which definition of reliable change, and how many answers a sum may lack."""

    instrument = models.TextField()
    definition = models.TextField(_("Reliable change"))
    prorate_up_to = models.PositiveSmallIntegerField(_("Missing answers allowed"), default=0)
    source = models.TextField(_("Source"), blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "instrument"], name="one_reading_rule_each")]

    @classmethod
    def agree(cls, instrument: str, *, definition: str, prorate_up_to: int, source: str, by: Person) -> ReadingRule:
        """From now on the clinic of `by` reads `instrument` so. Totals that were stored stay as they are."""
        rule, _made = cls.objects.update_or_create(
            clinic_id=by.clinic_id,
            instrument=instrument,
            defaults={"definition": definition, "prorate_up_to": prorate_up_to, "source": source},
        )
        trail.record("reading.agree", thing=rule, instrument=instrument, definition=definition, prorate=prorate_up_to)
        return rule


# Tables that live with their subject; Django learns of them here.
from openiop.measures.blocks.assembled import CheckInForm  # noqa: E402
from openiop.measures.kiosk_sitting import KioskSitting  # noqa: E402
from openiop.measures.observed.event import SubstanceEvent  # noqa: E402
from openiop.measures.observed.observation import Observation, VitalSign  # noqa: E402
from openiop.measures.observed.own_rules import OwnRule  # noqa: E402
from openiop.measures.observed.result import SubstanceResult  # noqa: E402
from openiop.measures.phrases.own import OwnPhrase, PhraseOff  # noqa: E402
from openiop.measures.reminders import Reminder, ReminderWish  # noqa: E402

__all__ = [
    "Answer",
    "Assignment",
    "AssignmentQuerySet",
    "Cadence",
    "CheckInForm",
    "KioskSitting",
    "LicensedWords",
    "MayNotWithdraw",
    "Moment",
    "Observation",
    "OwnPhrase",
    "OwnRule",
    "PhraseOff",
    "ReadingRule",
    "Reminder",
    "ReminderWish",
    "Response",
    "ResponseQuerySet",
    "SubstanceEvent",
    "SubstanceResult",
    "VitalSign",
]
