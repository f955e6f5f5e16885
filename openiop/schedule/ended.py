"""A session that has ended: those who led it hand over what is open among its people, and who left early at risk."""

from __future__ import annotations

from datetime import datetime, timedelta

from openiop.lib.each import one_by_one
from openiop.people.models import Clinic
from openiop.safety import handover
from openiop.safety.assessing import MODERATE
from openiop.safety.models import HandOver, note_left_early, open_hand_over
from openiop.schedule import attendance, presence
from openiop.schedule.missed import risks_of
from openiop.schedule.models import CareSession, RosterEntry

# A worker that was down for longer opens none: those who led went home, and the cases stand on every desk.
LOOKED_BACK = timedelta(hours=6)


def open_hand_overs(clinic: Clinic, *, at: datetime) -> int:
    """Open one for every session that ended lately and that somebody led; returns how many."""
    ended = CareSession.objects.standing().filter(
        clinic_id=clinic.pk, during__endswith__lte=at, during__endswith__gt=at - LOOKED_BACK
    )
    sessions = {_key(session): session for session in ended.select_related("clinic").prefetch_related("staff")}
    known = set(HandOver.objects.filter(clinic_id=clinic.pk, key__in=sessions).values_list("key", flat=True))
    new = [session for key, session in sessions.items() if key not in known]
    return sum(one_by_one(lambda session: _open(session, clinic, at=at), new))


def _key(session: CareSession) -> str:
    return f"session {session.pk}"


def _open(session: CareSession, clinic: Clinic, *, at: datetime) -> None:
    """Those at risk who left early are noted with it: nobody saw how they are since."""
    roster = list(RosterEntry.objects.standing().filter(session=session).select_related("patient"))
    _note_who_left_early(session, roster, at=at)
    led_by = sorted(row.staff_id for row in session.staff.all() if row.stands)
    if led_by:
        open_hand_over(
            clinic,
            kind=handover.SESSION,
            key=_key(session),
            goes=led_by,
            patients=[entry.patient_id for entry in roster],
            session_id=session.pk,
            due_at=session.ends_at,
            at=at,
        )


def _note_who_left_early(session: CareSession, roster: list[RosterEntry], *, at: datetime) -> None:
    risks = risks_of({entry.patient_id for entry in roster})
    at_risk = [entry for entry in roster if risks.get(entry.patient_id, 0) >= MODERATE]
    if not at_risk:
        return
    seen = presence.presence_in([session])
    for entry in at_risk:
        found = seen.get((session.pk, entry.patient_id))
        left_at = _left_early_at(session, found) if found else None
        if left_at is not None:
            note_left_early(entry.patient, session_id=session.pk, left_at=left_at, level=risks[entry.patient_id], at=at)


def _left_early_at(session: CareSession, found: presence.Presence) -> datetime | None:
    """When they left, if that was early. Evidence that contradicts itself says nothing of it."""
    status = attendance.status(
        [] if found.fault else found.stays,
        begins_at=session.begins_at,
        ends_at=session.ends_at,
        late_after_minutes=session.clinic.late_after_minutes,
        left_early_minutes=session.clinic.left_early_minutes,
    )
    return status.left_at if status.left_early else None
