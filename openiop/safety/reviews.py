"""What is due for whom: plans to be gone through, people to be assessed again. Reads rows, lets the rules judge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from openiop.people import access
from openiop.people.models import Person
from openiop.programs.models import Enrolment
from openiop.safety import assessing, plans
from openiop.safety.assessing import MODERATE
from openiop.safety.models import (
    Case,
    Flag,
    RiskAssessment,
    SafetyPlan,
    SafetyPlanReview,
    closed_cases,
    decision_asked_at,
)

SHOWN_BEFORE = timedelta(hours=48)

ASSESS_AGAIN = _("Assess the risk again")
ASSESS_AFTER_A_CASE = _("Assess the risk: a case was closed without an assessment")
DECIDE = _("Not reached: decide what happens now")
BECAUSE = {
    plans.NO_PLAN: _("No safety plan is signed by both yet"),
    plans.AFTER_RISK: _("Go through the safety plan: the risk was moderate or high"),
    plans.DISCHARGE: _("Go through the safety plan before the last day in care"),
    plans.INTERVAL: _("Go through the safety plan again"),
}


@dataclass(frozen=True)
class DueRow:
    """One thing that is due, or will be within two days."""

    patient: Person
    due_at: datetime
    because: Any
    is_late: bool
    url: str


def due_rows(reader: Person, *, at: datetime) -> list[DueRow]:
    """Return what is due by `at` and two days on for the patients `reader` treats; the most urgent first."""
    rows = [*due_decisions(reader, at=at), *due_plans(reader, at=at), *due_assessments(reader, at=at)]
    return sorted(rows, key=lambda row: row.due_at)


def due_decisions(reader: Person, *, at: datetime) -> list[DueRow]:
    """Return whom nobody reached in time though somebody tried: every clinician may decide, whoever treats them."""
    cases = Case.objects.visible_to(reader).open().select_related("clinic", "patient").with_attempts()
    asked = [(case, decision_asked_at(case)) for case in cases]
    return [
        DueRow(case.patient, since, DECIDE, True, reverse("case-decision", args=[case.pk]))
        for case, since in asked
        if since is not None and since <= at
    ]


def due_assessments(reader: Person, *, at: datetime) -> list[DueRow]:
    """Return who is to be assessed again by `at` and two days on.

    The latest assessment's level says when; the tier of a case that was closed unassessed does so as well.
    """
    if not reader.is_clinician:
        return []
    treated = list(_in_care(reader.clinic, at=at).filter(access.about(reader, "patient_id", at=at)))
    latest = {
        patient_id: (level, assessed_at)
        for patient_id, level, assessed_at in RiskAssessment.objects.filter(
            patient__in=[row.patient_id for row in treated]
        )
        .order_by("patient_id", "-at")
        .distinct("patient_id")
        .values_list("patient_id", "level", "at")
    }
    ended = closed_cases(patient__in=[row.patient_id for row in treated])
    again = [
        (
            row.patient,
            assessing.first_due(latest.get(row.patient_id), _in_this_care(row, ended.get(row.patient_id, []))),
        )
        for row in treated
    ]
    return [
        DueRow(
            patient,
            due[0],
            ASSESS_AFTER_A_CASE if due[1] else ASSESS_AGAIN,
            at >= due[0],
            reverse("assessments", args=[patient.pk]),
        )
        for patient, due in again
        if due and due[0] <= at + SHOWN_BEFORE
    ]


def _in_this_care(enrolment: Enrolment, ended: Iterable[assessing.Ended]) -> list[assessing.Ended]:
    """What was closed before they came back to care is for the intake to ask about."""
    begins_at = datetime.combine(enrolment.during.lower, time.min, ZoneInfo(enrolment.patient.clinic.zone))
    return [one for one in ended if one.closed_at >= begins_at]


def treated_by(reader: Person, *, at: datetime) -> list[Person]:
    """Return the people in care whom `reader` treats; for a director, all of them."""
    rows = _in_care(reader.clinic, at=at).filter(access.about(reader, "patient_id", at=at))
    return [row.patient for row in rows.order_by("patient__family_name", "patient__given_name")]


def plan_due(patient: Person, *, at: datetime) -> DueRow | None:
    """Return when this patient's plan is to be gone through; None for whoever is not in care."""
    return next(iter(_plan_rows(_in_care(patient.clinic, at=at).filter(patient=patient), at=at)), None)


def due_plans(reader: Person, *, at: datetime) -> list[DueRow]:
    """Return the plans that are due by `at` and two days on."""
    if not reader.is_clinician:
        return []
    rows = _plan_rows(_in_care(reader.clinic, at=at).filter(access.about(reader, "patient_id", at=at)), at=at)
    return [row for row in rows if row.due_at <= at + SHOWN_BEFORE]


def _in_care(clinic: Any, *, at: datetime) -> Any:
    today = at.astimezone(ZoneInfo(clinic.zone)).date()
    return Enrolment.objects.filter(clinic_id=clinic.pk).on(today).select_related("patient__clinic")


def _plan_rows(enrolments: Iterable[Enrolment], *, at: datetime) -> list[DueRow]:
    """One row a patient, in a number of queries that does not grow with them."""
    found = list(enrolments)
    ids = [enrolment.patient_id for enrolment in found]
    in_force = _in_force(ids)
    reviews = _moments(SafetyPlanReview.objects.filter(patient__in=ids).values_list("patient_id", "at"))
    risks = _moments(
        [
            *Flag.objects.filter(patient__in=ids, tier__gte=MODERATE).values_list("patient_id", "raised_at"),
            *RiskAssessment.objects.filter(patient__in=ids, level__gte=MODERATE).values_list("patient_id", "at"),
        ]
    )
    rows = []
    for enrolment in found:
        patient = enrolment.patient
        zone = ZoneInfo(patient.clinic.zone)
        begun, until = enrolment.during.lower, enrolment.during.upper
        due = plans.review_due(
            enrolled_at=datetime.combine(begun, time.min, zone),
            in_force_at=in_force.get(patient.pk),
            reviews=reviews[patient.pk],
            risks=[risk for risk in risks[patient.pk] if risk >= datetime.combine(begun, time.min, zone)],
            last_day_at=datetime.combine(until - timedelta(days=1), time.min, zone) if until else None,
            every=timedelta(days=patient.clinic.plan_review_days),
        )
        rows.append(DueRow(patient, due.due_at, BECAUSE[due.because], due.is_late(at), url(patient)))
    return rows


def url(patient: Person) -> str:
    return reverse("safety-plan", args=[patient.pk])


def _in_force(patients: list[UUID]) -> dict[UUID, datetime]:
    """Since when each patient's plan in force has been signed by both."""
    found: dict[UUID, datetime] = {}
    for plan in SafetyPlan.objects.filter(patient__in=patients).order_by("version").prefetch_related("signatures"):
        if since := plan.in_force_since:
            found[plan.patient_id] = since
    return found


def _moments(pairs: Iterable[tuple[UUID, datetime]]) -> defaultdict[UUID, list[datetime]]:
    found: defaultdict[UUID, list[datetime]] = defaultdict(list)
    for patient, moment in pairs:
        found[patient].append(moment)
    return found
