"""Programs, tracks, and each patient's episode of care."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib import refusals
from openiop.people import access
from openiop.people.models import Person, Row, Tie


class Modality(models.TextChoices):
    VIRTUAL = "virtual", _("from home")
    ON_SITE = "on_site", _("on site")
    HYBRID = "hybrid", _("some of both")


class LevelOfCare(models.TextChoices):
    OUTPATIENT = "outpatient", _("Outpatient")
    IOP = "iop", _("Intensive outpatient")
    PHP = "php", _("Partial hospitalisation")


class Audience(models.TextChoices):
    ADULT = "adult", _("Adults")
    ADOLESCENT = "adolescent", _("Adolescents")


class Program(Row):
    name = models.TextField(_("Name"))
    part2 = models.BooleanField(_("Covered by 42 CFR Part 2"), default=False)

    def __str__(self) -> str:
        return self.name


class Track(Row):
    """A way through a program. `weekly_minimum_minutes` is its rule, with where the rule comes from."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="tracks", verbose_name=_("Program"))
    name = models.TextField(_("Name"))
    audience = models.TextField(_("For"), choices=Audience.choices, default=Audience.ADULT)
    weekly_minimum_minutes = models.PositiveIntegerField(_("Least minutes a week"), default=540)
    minimum_source = models.TextField(_("Source of that rule"), blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "audience"], name="track_audience"),
            models.UniqueConstraint(fields=["program", "name"], name="one_track_of_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def on(self, day: date) -> EnrolmentQuerySet:
        return self.filter(during__contains=day)

    def visible_to(self, person: access.Actor) -> EnrolmentQuerySet:
        return self.filter(clinic_id=person.clinic_id).filter(access.schedule_of(person))


class Enrolment(Row):
    """One episode of care: the level the clinician finds right and the level the payer authorised are kept apart.

    `during` is half-open: the last day is not in it. A patient has at most one enrolment on any day.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="enrolments")
    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="+", verbose_name=_("Track"))
    audience = models.TextField(choices=Audience.choices)
    level_clinical = models.TextField(_("Level of care, clinical"), choices=LevelOfCare.choices, default="iop")
    level_authorised = models.TextField(_("Level of care, authorised"), choices=LevelOfCare.choices, default="iop")
    modality = models.TextField(_("Planned"), choices=Modality.choices)
    weekly_goal_minutes = models.PositiveIntegerField(_("Goal, minutes a week"))
    during = DateRangeField()
    therapist = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("Therapist"))
    end_reason = models.TextField(_("Why it ended"), blank=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "audience"], name="enrolment_audience"),
            ExclusionConstraint(
                name="one_enrolment_at_a_time",
                expressions=[("patient", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                violation_error_message=_("This person is already enrolled in those days."),
            ),
        ]

    @classmethod
    @transaction.atomic
    def begin(
        cls,
        patient: Person,
        track: Track,
        *,
        modality: str,
        therapist: Person,
        first_on: date,
        by: Person,
        at: datetime,
        weekly_goal_minutes: int | None = None,
        level_clinical: str = "iop",
        level_authorised: str = "iop",
        diagnoses: list[tuple[str, str]] = [],  # noqa: B006 - read only
    ) -> Enrolment:
        """Enrol `patient` from `first_on` and tie the therapist to them. `diagnoses`: (ICD-10-CM code, label)."""
        enrolment = cls.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            track=track,
            audience=track.audience,
            modality=modality,
            therapist=therapist,
            weekly_goal_minutes=weekly_goal_minutes or track.weekly_minimum_minutes,
            level_clinical=level_clinical,
            level_authorised=level_authorised,
            during=(first_on, None),
        )
        for rank, (code, label) in enumerate(diagnoses, start=1):
            Diagnosis.objects.create(
                clinic_id=patient.clinic_id, enrolment=enrolment, patient=patient, rank=rank, code=code, label=label
            )
        begins_at = datetime.combine(first_on, time.min, ZoneInfo(patient.clinic.zone))
        Tie.knot(staff=therapist, patient=patient, role="primary", because="enrolment", at=min(at, begins_at))
        trail.record(
            "enrolment.begin", patient=patient, thing=enrolment, modality=modality, first_on=first_on.isoformat()
        )
        return enrolment

    @transaction.atomic
    def end(self, *, on: date, reason: str, by: Person, at: datetime) -> None:
        """End the episode: `on` is the last day in care."""
        first, _until = self.during.lower, self.during.upper
        self.during = (first, date.fromordinal(on.toordinal() + 1))
        self.end_reason = reason
        self.save(update_fields=["during", "end_reason"])
        trail.record("enrolment.end", patient=self.patient_id, thing=self, on=on.isoformat())


class Diagnosis(Row):
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="diagnoses")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField()
    code = models.TextField(
        validators=[RegexValidator(r"^[A-TV-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?$", _("An ICD-10-CM code, such as F33.1."))]
    )
    label = models.TextField()

    class Meta:
        ordering = ["rank"]
        constraints = [models.UniqueConstraint(fields=["enrolment", "rank"], name="one_diagnosis_per_rank")]


refusals.register(
    {
        "one_enrolment_at_a_time": (
            "first_on",
            _("This person is already enrolled in those days. End that enrolment first, or choose a later first day."),
        ),
        "one_track_of_a_name": ("name", _("This program has a track of that name already.")),
        "enrolment_has_its_tracks_audience": ("track", _("Adolescents and adults are never in one group.")),
    }
)
