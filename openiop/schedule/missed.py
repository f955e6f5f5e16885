"""A session missed by somebody at risk is evidence: nobody saw them, and nobody knows how they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from openiop.lib.each import one_by_one
from openiop.people.models import Clinic
from openiop.safety import ladder
from openiop.safety.assessing import HIGH, MODERATE
from openiop.safety.models import HARMED, Case, Flag, RiskAssessment, Whereabouts, raise_flag
from openiop.schedule import presence
from openiop.schedule.models import CareSession, OutreachCall, RosterEntry

# A worker that was down for longer than this tells of nobody: the evening is over, and its list is the staff's.
LOOKED_BACK = timedelta(hours=6)
# Whoever told the door where they are shortly before is there, though nobody has let them in yet.
AT_THE_DOOR = timedelta(hours=1)


def value_of(risk: int) -> str | None:
    """What a missed session means at this risk (0 to 4), as the ladder knows it; None where it means nothing."""
    if risk < MODERATE:
        return None
    return "high_risk" if risk >= HIGH else "moderate_risk"


def raise_missed(clinic: Clinic, *, at: datetime) -> int:
    """Raise evidence for everybody at risk who is missing from a session that has begun; returns how many."""
    missing = _missing(clinic, at=at)
    risks = risks_of({entry.patient_id for entry in missing})
    told = set(Flag.objects.filter(key__in=map(_key, missing)).values_list("key", flat=True))
    found = [(entry, value_of(risks.get(entry.patient_id, 0))) for entry in missing if _key(entry) not in told]
    at_risk = [(entry, value) for entry, value in found if value is not None]
    return sum(one_by_one(lambda each: _raise(*each, at=at), at_risk))


def _missing(clinic: Clinic, *, at: datetime) -> list[RosterEntry]:
    """Those who stand on the roster of a session that has begun and were neither seen nor heard of."""
    begun_by = at - timedelta(minutes=clinic.outreach_after_minutes)
    begun = CareSession.objects.standing().filter(
        clinic_id=clinic.pk, during__startswith__lte=begun_by, during__startswith__gt=at - LOOKED_BACK
    )
    sessions = {session.pk: session for session in begun}
    seen = presence.presence_in(sessions.values(), at=at)
    entries = RosterEntry.objects.standing().filter(session__in=sessions, status="").select_related("patient__clinic")
    absent = [
        entry for entry in entries if not ((here := seen.get((entry.session_id, entry.patient_id))) and here.came)
    ]
    heard = _heard_of(absent, at=at, coming_for=timedelta(minutes=clinic.outreach_after_minutes))
    return [entry for entry in absent if entry.pk not in heard]


def _heard_of(entries: list[RosterEntry], *, at: datetime, coming_for: timedelta) -> set[UUID]:
    """Who has cancelled, or said just now that they are coming, as a colleague heard; and who stands at the door."""
    calls = OutreachCall.objects.filter(entry__in=entries).order_by("at", "pk")
    said = {call.entry_id: call for call in calls}
    heard = {
        entry
        for entry, call in said.items()
        if call.outcome == "cancelled" or (call.outcome == "coming" and call.at > at - coming_for)
    }
    doors = Whereabouts.objects.filter(patient_id__in={entry.patient_id for entry in entries}, source="door")
    told_at: dict[UUID, datetime] = dict(doors.order_by("told_at").values_list("patient_id", "told_at"))
    return heard | {
        entry.pk
        for entry in entries
        if (told := told_at.get(entry.patient_id)) and told >= entry.during.lower - AT_THE_DOOR
    }


def risks_of(patients: set[UUID]) -> dict[UUID, int]:
    """By patient, the higher of their open case's tier and their last assessment's level."""
    assessed: Any = RiskAssessment.objects.filter(patient__in=patients).order_by("patient_id", "-at")
    risks: dict[UUID, int] = dict(assessed.distinct("patient_id").values_list("patient_id", "level"))
    for patient, tier in Case.objects.open().filter(patient__in=patients).values_list("patient_id", "tier"):
        risks[patient] = max(tier, risks.get(patient, 0))
    return risks


def _key(entry: RosterEntry) -> str:
    return f"missed-{entry.pk}"


def _raise(entry: RosterEntry, value: str, *, at: datetime) -> None:
    """On a case of which the person's own pages say nothing, this is private too."""
    case = Case.objects.open().prefetch_related("flags").filter(patient_id=entry.patient_id).first()
    raise_flag(
        entry.patient,
        key=_key(entry),
        evidence=ladder.Evidence("missed_session", value),
        label=_("Did not come to a session while their risk is open"),
        value=_("nobody has seen or heard of them"),
        kind=HARMED if case and case.is_private else "",
        at=at,
    )
