"""Who may be called to a private place though they do not lead: whoever is on call, the person's therapist, directors.

Rules: docs/rules/leading.md, 22.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from openiop.people.models import Person, Role
from openiop.programs.models import Enrolment
from openiop.room.models import ASIDE, Neighbour, SeatState
from openiop.safety.models import OnCallShift
from openiop.schedule.models import CareSession


class OnDuty(NamedTuple):
    """`because`: "on_call", "therapist" or "director". `patient`: of a therapist, whose; else anybody's."""

    person: UUID
    name: str
    because: str
    patient: UUID | None = None


def offered(
    *,
    on_call: Iterable[UUID],
    therapists: Mapping[UUID, UUID],
    directors: Iterable[UUID],
    leading: Iterable[UUID],
) -> list[tuple[UUID, str, UUID | None]]:
    """Return whom to offer, why, and for which patient: who is on call, who knows the person, directors; in this order.

    `therapists` by patient. Whoever leads is asked in another way, and nobody is offered twice for one patient.
    """
    busy = set(leading)
    found: list[tuple[UUID, str, UUID | None]] = [(who, "on_call", None) for who in dict.fromkeys(on_call)]
    found += [(who, "therapist", patient) for patient, who in therapists.items()]
    found += [(who, "director", None) for who in dict.fromkeys(directors)]
    kept: list[tuple[UUID, str, UUID | None]] = []
    for who, because, patient in found:
        if who not in busy and not any(who == other and of in (None, patient) for other, _why, of in kept):
            kept.append((who, because, patient))
    return kept


def on_duty(session: CareSession, patients: Iterable[UUID | None], *, at: datetime) -> list[OnDuty]:
    """Return the clinicians who may be called to these patients now; whose therapist is whose, by the clinic's day."""
    today = at.astimezone(ZoneInfo(session.clinic.zone)).date()
    here = Person.objects.filter(clinic_id=session.clinic_id)
    therapists = Enrolment.objects.filter(patient_id__in=[who for who in patients if who]).on(today)
    rows = offered(
        on_call=OnCallShift.objects.filter(clinic_id=session.clinic_id, during__contains=at)
        .order_by("rung")
        .values_list("staff_id", flat=True),
        therapists=dict(therapists.values_list("patient_id", "therapist_id")),
        directors=here.filter(roles__contains=[Role.DIRECTOR]).order_by("called").values_list("pk", flat=True),
        leading=session.staff.filter(stands=True).values_list("staff_id", flat=True),
    )
    names = dict(here.clinicians().filter(pk__in=[who for who, *_rest in rows]).values_list("pk", "called"))
    return [OnDuty(who, names[who], because, patient) for who, because, patient in rows if who in names]


def may_be_called(session: CareSession, patient: UUID | None, whom: UUID, *, at: datetime) -> Person | None:
    """Return the clinician who may be called to this patient, or None."""
    if any(row.person == whom for row in on_duty(session, [patient], at=at)):
        return Person.objects.get(pk=whom)
    return None


def alone_aside(neighbours: Iterable[Neighbour], *, at: datetime) -> list[Neighbour]:
    """Return the patients in a private place in which none of the staff is any more."""
    inside = [row for row in neighbours if row.state == SeatState.ADMITTED and row.place.startswith(ASIDE)]
    with_staff = {row.place for row in inside if row.role in WITH_SOMEBODY and (row.here(at) or row.reconnecting(at))}
    return [row for row in inside if row.role == "patient" and row.place not in with_staff]


WITH_SOMEBODY = ("facilitator", "called")
