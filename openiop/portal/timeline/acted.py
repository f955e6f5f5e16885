"""What called somebody and what was done: flags, the steps of a case, assessments, plans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from openiop.chart.models import Plan
from openiop.portal.timeline.line import Line, Reading, place_of
from openiop.portal.timeline.said import A_MESSAGE
from openiop.safety.models import (
    Acknowledgement,
    Case,
    Closure,
    Contact,
    Flag,
    ReachDecision,
    RiskAssessment,
    SafetyPlan,
    SafetyPlanReview,
    SafetyPlanSignature,
)
from openiop.safety.reach import reads_private


def _cases(reading: Reading) -> Any:
    return Case.objects.visible_to(reading.reader).filter(patient=reading.patient)


def flags(reading: Reading) -> Iterator[Line]:
    """Private ones for who may read them, and without their words: those stand on the case."""
    rows = Flag.objects.filter(case__in=_cases(reading), patient=reading.patient).exclude(A_MESSAGE)
    if not reads_private(reading.reader, reading.patient.pk):
        rows = rows.filter(kind="")
    for flag in reading.newest(rows, "raised_at"):
        place, url = place_of(flag, "raised_at"), reverse("case", args=[flag.case_id])
        if flag.is_private:
            yield Line(place, "flags", _("Private: being harmed"), _("read it on the case"), url=url, is_private=True)
        else:
            tier = _("tier %(n)d") % {"n": flag.tier}
            yield Line(place, "flags", flag.label, f"{flag.value} · {tier}", url=url)


def taken(reading: Reading) -> Iterator[Line]:
    for row in _steps(reading, Acknowledgement):
        yield _step(row, _("Taken"))


def contacts(reading: Reading) -> Iterator[Line]:
    for row in _steps(reading, Contact):
        yield _step(row, _("Reached") if row.reached else _("Tried, not reached"), str(row.get_how_display()))


def decisions(reading: Reading) -> Iterator[Line]:
    for row in _steps(reading, ReachDecision):
        yield _step(row, _("Decided, not reached"), str(row.get_choice_display()))


def closures(reading: Reading) -> Iterator[Line]:
    for row in _steps(reading, Closure):
        yield _step(row, _("Closed"), str(row.get_disposition_display()))


def _steps(reading: Reading, table: Any) -> list[Any]:
    rows = table.objects.filter(case__in=_cases(reading), patient=reading.patient).select_related("by")
    return reading.newest(rows, "at")


def _step(row: Any, what: str, detail: str = "") -> Line:
    return Line(place_of(row, "at"), "case", what, detail, row.by.full_name, reverse("case", args=[row.case_id]))


def assessments(reading: Reading) -> Iterator[Line]:
    rows = RiskAssessment.objects.visible_to(reading.reader).filter(patient=reading.patient).select_related("by")
    url = reverse("assessments", args=[reading.patient.pk])
    for row in reading.newest(rows, "at"):
        level = str(row.get_level_display())
        yield Line(place_of(row, "at"), "case", _("Risk assessed"), level, row.by.full_name, url)


def _safety_plans(reading: Reading) -> Any:
    return SafetyPlan.objects.visible_to(reading.reader).filter(patient=reading.patient)


def safety_plans(reading: Reading) -> Iterator[Line]:
    for plan in reading.newest(_safety_plans(reading).select_related("written_by"), "written_at"):
        by = plan.written_by.full_name
        yield _plan(reading, place_of(plan, "written_at"), _("Safety plan written"), plan.version, by)


def signatures(reading: Reading) -> Iterator[Line]:
    rows = SafetyPlanSignature.objects.filter(plan__in=_safety_plans(reading)).select_related("by", "plan")
    for row in reading.newest(rows, "at"):
        yield _plan(reading, place_of(row, "at"), _("Safety plan signed"), row.plan.version, row.by.full_name)


def reviews(reading: Reading) -> Iterator[Line]:
    rows = SafetyPlanReview.objects.filter(plan__in=_safety_plans(reading)).select_related("by", "plan")
    for row in reading.newest(rows, "at"):
        yield _plan(reading, place_of(row, "at"), _("Safety plan gone through"), row.plan.version, row.by.full_name)


def _plan(reading: Reading, place: Any, what: str, version: int, who: str) -> Line:
    url = reverse("safety-plan", args=[reading.patient.pk])
    return Line(place, "plans", what, _("version %(n)d") % {"n": version}, who, url)


def treatment_plans(reading: Reading) -> Iterator[Line]:
    rows = Plan.objects.visible_to(reading.reader).filter(patient=reading.patient, signed_at__isnull=False)
    url = reverse("plan", args=[reading.patient.pk])
    for plan in reading.newest(rows.select_related("signed_by"), "signed_at"):
        who = plan.signed_by.full_name if plan.signed_by else ""
        version = _("version %(n)d") % {"n": plan.version}
        yield Line(place_of(plan, "signed_at"), "plans", _("Treatment plan signed"), version, who, url)
