"""The written record: plans with goals, group notes with a part for each patient, signatures, addenda, medication."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.chart import medication
from openiop.measures.observed.written import WrittenQuerySet
from openiop.people import access
from openiop.people.models import Person, Row
from openiop.schedule.models import CareSession, RosterEntry


class PlanQuerySet(models.QuerySet["Plan"]):
    def visible_to(self, person: access.Actor) -> PlanQuerySet:
        return self.filter(clinic_id=person.clinic_id).filter(access.about(person, "patient_id"))

    def signed(self) -> PlanQuerySet:
        return self.filter(signed_at__isnull=False)


class Plan(Row):
    """A treatment plan: drafted, then signed and frozen; a change is a new version."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="plans")
    version = models.PositiveSmallIntegerField()
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    objects = PlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "version"], name="one_plan_per_version"),
            models.UniqueConstraint(fields=["patient"], condition=Q(signed_at=None), name="one_draft_of_a_plan"),
        ]

    @classmethod
    @transaction.atomic
    def draft(cls, patient: Person, *, goals: list[str], by: Person, at: datetime) -> Plan:
        """Write the patient's draft, replacing its goals; where the newest plan is signed, begin the next version."""
        newest = cls.objects.select_for_update().filter(patient=patient).order_by("-version").first()
        if newest is None or newest.signed_at:
            version = newest.version + 1 if newest else 1
            newest = cls.objects.create(clinic_id=patient.clinic_id, patient=patient, version=version, written_by=by)
        newest.goals.all().delete()
        Goal.objects.bulk_create(
            Goal(clinic_id=patient.clinic_id, plan=newest, patient=patient, n=n, text=text)
            for n, text in enumerate(goals, start=1)
        )
        trail.record("plan.draft", patient=patient, thing=newest, version=newest.version, goals=len(goals))
        return newest

    @transaction.atomic
    def sign(self, *, by: Person, at: datetime) -> None:
        """Freeze the plan; from now on a change is a new version. Raises PlanWithoutGoals when it has none."""
        if not self.goals.exists():
            raise PlanWithoutGoals
        self.signed_at, self.signed_by = at, by
        self.save(update_fields=["signed_at", "signed_by"])
        trail.record("plan.sign", patient=self.patient_id, thing=self, version=self.version)


class PlanWithoutGoals(Exception):
    """A plan without a goal says nothing; write one first."""


class Goal(Row):
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="goals")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    n = models.PositiveSmallIntegerField()
    text = models.TextField(_("Goal"))

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["plan", "n"], name="goals_in_order")]


class Participation(models.TextChoices):
    """Stored as the words themselves, so that a record read in twenty years needs no key."""

    ACTIVE = "Took part actively", _("Took part actively")
    ASKED = "Took part when asked", _("Took part when asked")
    LISTENED = "Listened, said little", _("Listened, said little")
    BACK = "Held back", _("Held back")
    LEFT = "Could not stay with it", _("Could not stay with it")


class Affect(models.TextChoices):
    CALM = "Calm, full range", _("Calm, full range")
    LOW = "Low or sad", _("Low or sad")
    ANXIOUS = "Anxious or tense", _("Anxious or tense")
    IRRITABLE = "Irritable", _("Irritable")
    FLAT = "Flat or numb", _("Flat or numb")
    LABILE = "Changing quickly", _("Changing quickly")


class Progress(models.TextChoices):
    CLEAR = "Clear progress", _("Clear progress")
    SOME = "Some progress", _("Some progress")
    SAME = "No change", _("No change")
    HARDER = "Harder than before", _("Harder than before")


class Risk(models.TextChoices):
    NONE = (
        "Asked: no thoughts of suicide or of harming others",
        _("Asked: no thoughts of suicide or of harming others"),
    )
    NO_SIGN = "Not asked one to one; no sign of danger seen", _("Not asked one to one; no sign of danger seen")
    THOUGHTS = (
        "Thoughts without plan or intent; safety plan gone over",
        _("Thoughts without plan or intent; safety plan gone over"),
    )
    DANGER = "Plan, intent or danger to others; case opened", _("Plan, intent or danger to others; case opened")


RAISES_CONCERN = {Risk.THOUGHTS, Risk.DANGER}


class GroupNote(Row):
    """The part of a session's note that is the same for all: written once, about nobody.

    Open until the first part is signed; from then on frozen, because that signature covers it. `sheet` is the open
    page that wrote last (see `writing`), `place` where the clinician was.
    """

    session = models.OneToOneField(CareSession, on_delete=models.PROTECT, related_name="note")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    topic = models.TextField(_("Topic"), blank=True)
    intervention = models.TextField(_("What we did"), blank=True)
    present = models.PositiveSmallIntegerField(_("Number present"), null=True)
    place = models.TextField(_("Where you were"), blank=True)
    name_override = models.TextField(_("Why a name must stay"), blank=True)
    signed_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField()
    edited_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    sheet = models.UUIDField(null=True)


class NotePartQuerySet(models.QuerySet["NotePart"]):
    def visible_to(self, person: access.Actor) -> NotePartQuerySet:
        """Clinicians, for the patients whose record they may open. Billing, desk and intake read no narrative."""
        ours = self.filter(clinic_id=person.clinic_id)
        if not (isinstance(person, Person) and person.is_clinician):
            return ours.none()
        return ours.filter(access.about(person, "patient_id"))

    def signed(self) -> NotePartQuerySet:
        return self.filter(signed_at__isnull=False)


class NotePart(Row):
    """One patient's part of the group note.

    `facts` (times, minutes by block, modality, places; see `evening`) is filled by us and frozen by the signature,
    which attests it. `location` is where the patient was, written by hand where nobody had told. `name_override` is
    why another member's name stands in the text, if it must. Open → signed; after that only addenda.
    """

    note = models.ForeignKey(GroupNote, on_delete=models.PROTECT, related_name="parts")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="note_parts")
    entry = models.OneToOneField(RosterEntry, on_delete=models.PROTECT, related_name="+")
    risk = models.TextField(_("Risk"), choices=Risk.choices, blank=True)
    response = models.TextField(_("Response"), blank=True)
    participation = models.TextField(_("Participation"), choices=Participation.choices, blank=True)
    affect = models.TextField(_("Affect"), choices=Affect.choices, blank=True)
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, null=True, related_name="+")
    progress = models.TextField(_("Progress"), choices=Progress.choices, blank=True)
    next_step = models.TextField(_("Next step"), blank=True)
    location = models.TextField(_("Where the person was"), blank=True)
    name_override = models.TextField(_("Why a name must stay"), blank=True)
    edited_at = models.DateTimeField(null=True)
    edited_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    sheet = models.UUIDField(null=True)
    facts = models.JSONField(default=dict)
    signed_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    attestation = models.TextField(blank=True)
    digest = models.TextField(blank=True)

    objects = NotePartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["note", "patient"], name="one_part_each"),
            models.CheckConstraint(
                condition=Q(signed_at=None) | (Q(signed_by__isnull=False) & ~Q(attestation="")),
                name="a_signature_has_a_signer",
            ),
        ]
        indexes = [models.Index(fields=["signed_at"], condition=Q(signed_at__isnull=False), name="signed_parts")]


class Sheet(Row):
    """What one open page last sent for one part of a note (`entry` empty: the group part).

    It tells whether a later save from that page changes the part or merely repeats it. `kept` when somebody else
    had changed the part meanwhile: these words are not in the note, and are held until their writer has decided.
    """

    note = models.ForeignKey(GroupNote, on_delete=models.CASCADE, related_name="sheets")
    entry = models.ForeignKey(RosterEntry, on_delete=models.PROTECT, null=True, related_name="+")
    sheet = models.UUIDField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    texts = models.JSONField()
    kept = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["note", "sheet", "entry"], nulls_distinct=False, name="one_state_of_a_part_per_page"
            )
        ]


class Addendum(Row):
    """What was added to a signed part. Append-only."""

    part = models.ForeignKey(NotePart, on_delete=models.PROTECT, related_name="addenda")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ["at"]


class FiledPaperQuerySet(models.QuerySet["FiledPaper"]):
    def visible_to(self, person: access.Actor) -> FiledPaperQuerySet:
        """Clinicians, for the patients whose record they may open. Billing, desk and intake read no narrative."""
        ours = self.filter(clinic_id=person.clinic_id)
        if not (isinstance(person, Person) and person.is_clinician):
            return ours.none()
        return ours.filter(access.about(person, "patient_id"))


class FiledPaper(Row):
    """A paper in one patient's record: a PDF, and its words for whoever cannot see it. Append-only.

    `text` is the alternative to the picture, `digest` the SHA-256 of the PDF as filed.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="filed_papers")
    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    title = models.TextField()
    text = models.TextField()
    pdf = models.BinaryField()
    digest = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    name_override = models.TextField(_("Why a name must stay"), blank=True)

    objects = FiledPaperQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]


class MedicationChangeQuerySet(WrittenQuerySet):
    """Medication may tell of substance use (buprenorphine, methadone, naltrexone), and no list of names would tell
    which does: all of it is read as results of toxicology are, by the treating clinicians. A patient reads their own.
    """

    def visible_to(self, person: access.Actor) -> Self:
        if access.kind_of(person) == "patient":
            return self.filter(clinic_id=person.clinic_id, patient_id=person.pk)
        return super().visible_to(person)

    def called(self) -> Self:
        """Each with `called`: the name of its medication, as it stands now; `fell`: that was entered in error, and
        so what followed it fell with it.
        """
        opening = MedicationChange.objects.filter(root=OuterRef("medication")).order_by("-version")
        other = opening.exclude(root=OuterRef("root"))
        return self.annotate(called=Subquery(opening.values("name")[:1]), fell=Subquery(other.values("in_error")[:1]))


class MedicationChange(Row):
    """One version of one change in what a patient takes. Append-only: a correction is the next version, with a reason.

    `medication` is the root of the change that opened it; only that one has a name. `in_error`: this never was; what it
    said stays readable. `happened_on` is a day as the clinic's calendar has it, `at` when it was written down. `key` is
    the page's, so that a form sent twice is kept once. What is taken now: `medication.current`.
    """

    KINDS = [
        (medication.BEGUN, _("started")),
        (medication.TAKEN, _("taken already")),
        (medication.DOSE, _("dose changed")),
        (medication.STOPPED, _("stopped")),
    ]
    CLINIC, ELSEWHERE, OWN, UNKNOWN = "clinic", "elsewhere", "own", "unknown"
    DECIDED = [
        (CLINIC, _("a prescriber of this clinic")),
        (ELSEWHERE, _("a prescriber outside this clinic")),
        (OWN, _("the person themselves, without a prescriber")),
        (UNKNOWN, _("not known")),
    ]

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    medication = models.UUIDField()
    root = models.UUIDField()
    version = models.PositiveSmallIntegerField(default=1)
    because = models.TextField(_("Why it is corrected"), blank=True)
    in_error = models.BooleanField(default=False)
    kind = models.TextField(choices=KINDS)
    happened_on = models.DateField()
    name = models.TextField(blank=True)
    rxnorm = models.TextField(blank=True)
    dose = models.TextField(blank=True)
    decided = models.TextField(choices=DECIDED)
    prescriber = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    key = models.UUIDField()

    objects = MedicationChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "key"], name="medication_kept_once"),
            models.UniqueConstraint(fields=["root", "version"], name="medication_corrected_in_turn"),
            models.UniqueConstraint(fields=["id", "patient"], name="medication_patient"),
            models.CheckConstraint(
                condition=Q(version=1, root=F("id"), because="", in_error=False) | (Q(version__gt=1) & ~Q(because="")),
                name="medication_corrected_with_a_reason",
            ),
            models.CheckConstraint(
                condition=(Q(kind__in=medication.OPENING, medication=F("root")) & ~Q(name=""))
                | (~Q(kind__in=medication.OPENING) & ~Q(medication=F("root")) & Q(name="", rxnorm="")),
                name="medication_named_where_it_opens",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=medication.OPENING)
                | (Q(kind=medication.DOSE) & ~Q(dose=""))
                | Q(kind=medication.STOPPED, dose=""),
                name="medication_dose_where_it_changes",
            ),
            models.CheckConstraint(condition=Q(rxnorm__regex=r"^([0-9]{1,8})?$"), name="rxnorm_code_is_a_number"),
        ]
        indexes = [models.Index(fields=["patient", "-at"], name="medication_latest")]

    @property
    def is_corrected(self) -> bool:
        return self.version > 1
