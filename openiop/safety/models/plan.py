"""The crisis safety plan: written together, signed by both, in hand when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people import access
from openiop.people.models import Person, Row
from openiop.safety import plans
from openiop.safety.models.case import Case


class SafetyPlanQuerySet(models.QuerySet["SafetyPlan"]):
    def visible_to(self, person: access.Actor) -> SafetyPlanQuerySet:
        """The patient; clinicians who may open the record, and any clinician while a case of the patient is open."""
        ours = self.filter(clinic_id=person.clinic_id)
        if access.kind_of(person) == "patient":
            return ours.filter(patient_id=person.pk)
        if not (isinstance(person, Person) and person.is_clinician):
            return ours.none()
        in_danger = Case.objects.visible_to(person).open().values("patient_id")
        return ours.filter(Q(access.about(person, "patient_id")) | Q(patient_id__in=in_danger))

    def newest_first(self) -> SafetyPlanQuerySet:
        return self.order_by("-version").select_related("written_by").prefetch_related("signatures__by")


class SafetyPlan(Row):
    """One version of a patient's plan, seven parts, one thing a line. Never changed: a change is the next version.

    Written (by the patient or a clinician) → signed by one → in force once signed by both, until a later version is.
    The database refuses an edit, a signature in another's name, and a signature on anything but the newest version.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="safety_plans")
    version = models.PositiveSmallIntegerField()
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    warning_signs = models.TextField(blank=True)
    by_myself = models.TextField(blank=True)
    people_and_places = models.TextField(blank=True)
    people_to_ask = models.TextField(blank=True)
    professionals = models.TextField(blank=True)
    surroundings = models.TextField(blank=True)
    worth_living_for = models.TextField(blank=True)

    objects = SafetyPlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "version"], name="one_safety_plan_per_version"),
            models.UniqueConstraint(fields=["id", "patient"], name="safety_plan_patient"),
        ]

    @property
    def texts(self) -> dict[str, str]:
        return {part.name: getattr(self, part.name) for part in plans.PARTS}

    @property
    def parts(self) -> list[tuple[plans.Part, list[str]]]:
        """The seven parts in order, each with its lines."""
        return [(part, plans.lines(text)) for part, text in zip(plans.PARTS, self.texts.values(), strict=True)]

    @property
    def signed(self) -> dict[str, SafetyPlanSignature]:
        """Who signed, as `patient` and as `clinician`."""
        return {row.role: row for row in self.signatures.all()}

    @property
    def in_force_since(self) -> datetime | None:
        """When the second of both signed; None while one is missing."""
        signed = self.signed
        return max(row.at for row in signed.values()) if len(signed) == 2 else None


class SafetyPlanSignature(Row):
    """One of both has signed a version, by their own sign-in. Added to, never changed."""

    PATIENT, CLINICIAN = "patient", "clinician"

    plan = models.ForeignKey(SafetyPlan, on_delete=models.PROTECT, related_name="signatures")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    role = models.TextField(choices=[(PATIENT, _("the patient")), (CLINICIAN, _("a clinician"))])
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "role"], name="each_signs_a_plan_once")]


class SafetyPlanReview(Row):
    """A clinician and the patient have gone through the plan in force and it still fits. Added to, never changed."""

    plan = models.ForeignKey(SafetyPlan, on_delete=models.PROTECT, related_name="reviews")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class MeansTalkQuerySet(models.QuerySet["MeansTalk"]):
    def visible_to(self, person: access.Actor) -> MeansTalkQuerySet:
        """The treating clinicians and nobody else: not intake, not the patient's page, not every clinician."""
        ours = self.filter(clinic_id=person.clinic_id)
        if not (isinstance(person, Person) and person.is_clinician):
            return ours.none()
        return ours.filter(access.about(person, "patient_id"))


class MeansTalk(Row):
    """A talk about what at home could be used to end one's life, and what was agreed. Added to, never changed."""

    ABOUT = [
        ("firearms", _("Firearms")),
        ("medicines", _("Medicines")),
        ("sharp", _("Sharp things")),
        ("rope", _("Ropes, belts, cords")),
        ("poison", _("Poisons and gas")),
        ("other", _("Something else")),
        ("none", _("Asked; nothing within reach")),
    ]

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    about = ArrayField(models.TextField(choices=ABOUT))
    agreed = models.TextField(_("What was agreed"))
    helper = models.TextField(_("Who helps with it"), blank=True)

    objects = MeansTalkQuerySet.as_manager()

    @property
    def about_in_words(self) -> list[Any]:
        known = dict(self.ABOUT)
        return [known[code] for code in self.about]


class NotTheNewest(Exception):
    """A later version was written meanwhile: it is the one to read, to sign, and to write on from."""


class NothingWritten(Exception):
    """A plan without a word helps nobody."""


@transaction.atomic
def write_plan(
    patient: Person, *, parts: Mapping[str, str], by: Person, at: datetime, begun_from: int | None = None
) -> SafetyPlan:
    """Return the next version of the plan, or the newest where nothing in it changed.

    `begun_from`: the version whose words the writer had before them, 0 for none; None where nobody read one. Raises
    NothingWritten, NotTheNewest where the other has written since, so that no line of theirs is dropped unread, and
    PermissionDenied for whoever is neither the patient nor a clinician.
    """
    if by.pk != patient.pk and not by.is_clinician:
        raise PermissionDenied
    texts = {part.name: "\n".join(plans.lines(parts.get(part.name, ""))) for part in plans.PARTS}
    if not any(texts.values()):
        raise NothingWritten
    _one_at_a_time(patient)
    newest = SafetyPlan.objects.filter(patient=patient).order_by("-version").first()
    if newest and newest.texts == texts:
        return newest
    if begun_from is not None and begun_from != (newest.version if newest else 0):
        raise NotTheNewest
    plan = SafetyPlan.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        version=newest.version + 1 if newest else 1,
        written_by=by,
        written_at=at,
        **texts,
    )
    trail.record("safety-plan.write", patient=patient, thing=plan, version=plan.version)
    wake(f"person.{patient.pk}")
    return plan


def _one_at_a_time(patient: Person) -> None:
    """Two who write at once make two versions, one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"safety plan of {patient.pk}"])


@transaction.atomic
def sign_plan(plan: SafetyPlan, *, by: Person, at: datetime) -> SafetyPlanSignature:
    """Sign a version in one's own name; signing twice returns the first. Raises NotTheNewest, PermissionDenied."""
    role = SafetyPlanSignature.PATIENT if by.pk == plan.patient_id else SafetyPlanSignature.CLINICIAN
    if role == SafetyPlanSignature.CLINICIAN and not by.is_clinician:
        raise PermissionDenied
    _one_at_a_time(plan.patient)
    if found := SafetyPlanSignature.objects.filter(plan=plan, role=role).first():
        return found
    if SafetyPlan.objects.filter(patient_id=plan.patient_id, version__gt=plan.version).exists():
        raise NotTheNewest
    signature = SafetyPlanSignature.objects.create(
        clinic_id=plan.clinic_id, plan=plan, patient_id=plan.patient_id, role=role, by=by, at=at
    )
    trail.record("safety-plan.sign", patient=plan.patient_id, thing=plan, version=plan.version, role=role)
    wake(f"person.{plan.patient_id}")
    return signature


@transaction.atomic
def review_plan(plan: SafetyPlan, *, by: Person, at: datetime) -> SafetyPlanReview:
    """Note that both went through the plan and it still fits. Raises PermissionDenied."""
    if not by.is_clinician:
        raise PermissionDenied
    review = SafetyPlanReview.objects.create(
        clinic_id=plan.clinic_id, plan=plan, patient_id=plan.patient_id, by=by, at=at
    )
    trail.record("safety-plan.review", patient=plan.patient_id, thing=plan, version=plan.version)
    return review


@transaction.atomic
def note_means_talk(
    patient: Person, *, about: list[str], agreed: str, helper: str, by: Person, at: datetime
) -> MeansTalk:
    """Record a talk about lethal means. Raises PermissionDenied."""
    if not by.is_clinician:
        raise PermissionDenied
    talk = MeansTalk.objects.create(
        clinic_id=patient.clinic_id, patient=patient, by=by, at=at, about=about, agreed=agreed, helper=helper
    )
    trail.record("means-talk.note", patient=patient, thing=talk)
    return talk


def in_hand(versions: list[SafetyPlan]) -> SafetyPlan | None:
    """Return the plan to use, of `versions` newest first: the one in force, else the newest, signed or not.

    Half a plan is better than none in a bad hour.
    """
    return next((plan for plan in versions if plan.in_force_since), versions[0] if versions else None)
