"""Calling those who did not come, ten minutes after the start (a setting of the clinic)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person, Role
from openiop.safety import ladder
from openiop.safety.models import raise_flag
from openiop.schedule import presence
from openiop.schedule.models import CareSession, OutreachCall, RosterEntry

# After this long the call belongs to the next day's work, not to the evening's list.
LISTED_FOR = timedelta(hours=12)
# How worried somebody is: the ladder's tiers for staff_concern.
URGENCY = [
    (2, _("somebody should talk with them today")),
    (3, _("somebody should talk with them within the hour")),
    (4, _("they are in danger right now")),
]
SETTLED = ("coming", "cancelled", "concern")


@dataclass
class Absent:
    """Somebody who is expected and has not been seen. `calls`: this evening's, newest last."""

    entry: RosterEntry
    calls: list[OutreachCall] = field(default_factory=list)
    last_seen_at: datetime | None = None

    @property
    def is_settled(self) -> bool:
        return bool(self.calls) and self.calls[-1].outcome in SETTLED


def absent(person: Person, *, at: datetime) -> list[Absent]:
    """Return whom `person` should call now, those nobody has reached first.

    Facilitators: the sessions they lead. Directors and intake: all. Others: none.
    """
    sessions = {session.pk: session for session in _sessions(person, at=at)}
    seen = presence.presence_in(sessions.values(), at=at)
    entries = (
        RosterEntry.objects.visible_to(person)
        .standing()
        .filter(session__in=sessions)
        .select_related("patient", "session")
        .order_by("during", "patient__given_name", "patient__family_name")
    )
    missing = [
        entry for entry in entries if not ((here := seen.get((entry.session_id, entry.patient_id))) and here.came)
    ]
    calls = _calls(missing)
    last_seen = _last_seen(missing)
    listed = [Absent(entry, calls.get(entry.pk, []), last_seen.get(entry.patient_id)) for entry in missing]
    return sorted(listed, key=lambda one: one.is_settled)


def _sessions(person: Person, *, at: datetime) -> list[CareSession]:
    begun_by = at - timedelta(minutes=person.clinic.outreach_after_minutes)
    recent = (
        CareSession.objects.visible_to(person)
        .standing()
        .filter(during__startswith__lte=begun_by, during__startswith__gt=at - LISTED_FOR, closed_at=None)
    )
    if person.has_role(Role.DIRECTOR, Role.INTAKE):
        return list(recent.in_order())
    return list(recent.led_by(person).in_order()) if person.is_clinician else []


def _calls(entries: list[RosterEntry]) -> dict[Any, list[OutreachCall]]:
    found: dict[Any, list[OutreachCall]] = {}
    for call in OutreachCall.objects.filter(entry__in=entries).select_related("by").order_by("at", "pk"):
        found.setdefault(call.entry_id, []).append(call)
    return found


def _last_seen(entries: list[RosterEntry]) -> dict[Any, datetime]:
    """When each was last in a session, by its beginning: "last here on Thursday"."""
    before = RosterEntry.objects.filter(
        patient__in=[entry.patient_id for entry in entries], status__in=("attended", "late", "left_early")
    ).order_by("during")
    return {entry.patient_id: entry.during.lower for entry in before}


@transaction.atomic
def log_call(
    entry: RosterEntry, *, outcome: str, note: str, by: Person, at: datetime, url: str = "", urgency: int = 2
) -> OutreachCall:
    """Log a call. "Reached, and I am worried" raises a safety concern of that tier in the same transaction."""
    call = OutreachCall.objects.create(
        clinic_id=entry.clinic_id, entry=entry, patient_id=entry.patient_id, by=by, at=at, outcome=outcome, note=note
    )
    if outcome == "concern":
        raise_flag(
            entry.patient,
            key=f"outreach-{call.pk}",
            evidence=ladder.Evidence("staff_concern", urgency),
            label=_("Reached by telephone after missing a session, and a colleague is worried"),
            value=note,
            at=at,
            url=url,
        )
    trail.record("outreach.call", patient=entry.patient_id, thing=call, outcome=outcome)
    wake(f"desk.{entry.clinic_id}")
    return call
