"""Suicide risk assessments: what a clinician found, decided and planned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people import access
from openiop.people.models import Person, Row
from openiop.safety import assessing, ladder
from openiop.safety.models.case import Case, Closure
from openiop.safety.models.crisis import acknowledge, raise_flag

LEVELS = [
    (assessing.NONE, _("none found")),
    (assessing.LOW, _("low")),
    (assessing.MODERATE, _("moderate")),
    (assessing.HIGH, _("high")),
    (assessing.IMMINENT, _("imminent")),
]
RISK_FACTORS = [
    ("attempt", _("An earlier attempt")),
    ("plan", _("A plan or preparation")),
    ("means", _("Means within reach")),
    ("hopeless", _("Hopelessness")),
    ("agitation", _("Agitation or no sleep")),
    ("substances", _("Drinking or drug use")),
    ("pain", _("Pain or serious illness")),
    ("loss", _("A loss, a separation, shame")),
    ("alone", _("Alone, or feels a burden")),
    ("discharged", _("Left a hospital lately")),
    ("family", _("Suicide in the family")),
]
PROTECTIVE_FACTORS = [
    ("people", _("People who are there")),
    ("responsible", _("Responsible for somebody")),
    ("reasons", _("Reasons for living")),
    ("care", _("Takes up help, comes to care")),
    ("faith", _("Faith or values against it")),
    ("skills", _("Ways of coping that work")),
    ("means_away", _("Means put away")),
    ("future", _("Plans for the future")),
]


class RiskAssessmentQuerySet(models.QuerySet["RiskAssessment"]):
    def visible_to(self, person: access.Actor) -> RiskAssessmentQuerySet:
        """Clinicians who may open the record, and any clinician while a case of the patient is open."""
        ours = self.filter(clinic_id=person.clinic_id)
        if not (isinstance(person, Person) and person.is_clinician):
            return ours.none()
        in_danger = Case.objects.visible_to(person).open().values("patient_id")
        return ours.filter(Q(access.about(person, "patient_id")) | Q(patient_id__in=in_danger))


class RiskAssessment(Row):
    """One assessment by one clinician. Added to, never changed. Levels count as the ladder's tiers do, 0 for none.

    `screened`: what a screen calls for, with its answers as `codes`; empty where none was taken. `lowered_because`:
    why the level decided lies below the screen or below the assessment before.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="assessments")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    screened = models.PositiveSmallIntegerField(_("What the screen calls for"), choices=LEVELS, null=True)
    codes = ArrayField(models.TextField(), default=list)
    risk_factors = ArrayField(models.TextField(choices=RISK_FACTORS), default=list)
    protective_factors = ArrayField(models.TextField(choices=PROTECTIVE_FACTORS), default=list)
    found = models.TextField(_("What was said and seen"), blank=True)
    level = models.PositiveSmallIntegerField(_("Level of risk, as decided"), choices=LEVELS)
    lowered_because = models.TextField(_("Why lower than the screen or the time before"), blank=True)
    plan = models.TextField(_("What happens now"))

    objects = RiskAssessmentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["patient", "-at"], name="assessment_latest")]
        constraints = [
            models.CheckConstraint(condition=Q(level__range=(0, 4)), name="assessed_none_to_imminent"),
            models.CheckConstraint(
                condition=Q(screened=None) | Q(level__gte=F("screened")) | ~Q(lowered_because=""),
                name="lowered_with_a_reason",
            ),
            models.CheckConstraint(condition=~Q(plan=""), name="an_assessment_has_a_plan"),
        ]

    @property
    def due_again_at(self) -> datetime | None:
        return assessing.due_again_at(self.level, at=self.at)

    @property
    def risk_words(self) -> list[str]:
        known = dict(RISK_FACTORS)
        return [str(known[code]) for code in self.risk_factors]

    @property
    def protective_words(self) -> list[str]:
        known = dict(PROTECTIVE_FACTORS)
        return [str(known[code]) for code in self.protective_factors]


def closed_cases(**which: Any) -> dict[UUID, list[assessing.Ended]]:
    """Return by patient the closed cases whose tier asks for an assessment: all but those found to be no risk."""
    rows = Case.objects.filter(closed_at__isnull=False, **which).exclude(closure__disposition=Closure.NOT_A_RISK)
    found: dict[UUID, list[assessing.Ended]] = {}
    for patient_id, tier, begun_at, closed_at in rows.values_list("patient_id", "tier", "since", "closed_at"):
        found.setdefault(patient_id, []).append(assessing.Ended(tier, begun_at, closed_at or begun_at))
    return found


class NoReason(Exception):
    """The level is lower than the screen or the assessment before, and nobody said why."""


@transaction.atomic
def assess(
    patient: Person,
    *,
    level: int,
    plan: str,
    by: Person,
    at: datetime,
    screen: assessing.Screen | None = None,
    risk_factors: Sequence[str] = (),
    protective_factors: Sequence[str] = (),
    found: str = "",
    lowered_because: str = "",
) -> RiskAssessment:
    """Record an assessment. A moderate or higher risk that no open case holds opens or raises one, which `by` has.

    Raises NoReason, and PermissionDenied for non-clinicians.
    """
    if not by.is_clinician:
        raise PermissionDenied
    before = RiskAssessment.objects.filter(patient=patient).order_by("-at").values_list("level", flat=True).first()
    screened = screen.level if screen else None
    if assessing.is_lowered(level, screened=screened, before=before) and not lowered_because.strip():
        raise NoReason
    row = RiskAssessment.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        case=Case.objects.open().filter(patient=patient).first(),
        by=by,
        at=at,
        screened=screened,
        codes=list(screen.codes) if screen else [],
        risk_factors=list(risk_factors),
        protective_factors=list(protective_factors),
        found=found,
        level=level,
        lowered_because=lowered_because,
        plan=plan,
    )
    trail.record("risk.assess", patient=patient, thing=row, level=level, screened=screened)
    if level >= assessing.MODERATE and (row.case is None or row.case.tier < level):
        _call(row, by=by, at=at)
    return row


def _call(row: RiskAssessment, *, by: Person, at: datetime) -> None:
    """What was found is evidence like any other; whoever found it has the case until they say otherwise."""
    flag = raise_flag(
        row.patient,
        key=f"assessment {row.pk}",
        evidence=ladder.Evidence("suicide_screen", assessing.NAMES[row.level]),
        label=_("Risk assessment"),
        value=row.get_level_display(),
        at=at,
    )
    acknowledge(flag.case, by=by, at=at)
