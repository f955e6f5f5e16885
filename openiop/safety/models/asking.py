"""Who would be asked about a person at this moment: the plan in force, and who stands behind each of its rungs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists, Q

from openiop.people.models import Person, PersonQuerySet, Role, Tie
from openiop.programs.models import Enrolment
from openiop.safety import ladder, rungs
from openiop.safety.models.handover import still_responsible
from openiop.safety.models.ladders import plan_for
from openiop.safety.models.rota import OnCallShift, staff_are_here
from openiop.safety.models.whereabouts import Whereabouts


class Drawn(NamedTuple):
    """The ladder of this moment for one person, and the plan it was drawn from."""

    rungs: list[ladder.Rung]
    plan: rungs.Plan

    @property
    def acknowledge_minutes(self) -> int:
        """How long the first rung may wait."""
        first = self.rungs[0]
        return self.plan.repeat_minutes if first.everyone else first.minutes


def ladder_for(patient: Person, *, tier: int, at: datetime) -> Drawn:
    """Who would be asked, in which order, if something happened to this patient at `at`. Clinicians only."""
    where = Whereabouts.latest(patient.pk, at=at)
    in_hours = staff_are_here(patient.clinic, at=at)
    chosen = plan_for(
        patient.clinic,
        tier=tier,
        place=where.place if where else rungs.AT_HOME,
        in_hours=in_hours,
        at=at,
    )
    site = where.site_id if where and where.place == rungs.ON_SITE else None
    behind = _behind(patient, site=site, at=at)
    # Whoever went off call stays responsible until somebody has taken over: asked together with others, never alone.
    gone = [staff for staff in still_responsible(patient.clinic_id, at=at) if (rungs.PERSON, staff) in behind]
    on_call = [*behind[rungs.ON_CALL, ""], *behind[rungs.SECOND_ON_CALL, ""]]
    return Drawn(rungs.joined(rungs.drawn(chosen, behind), gone, on_call=on_call, in_hours=in_hours), chosen)


def rungs_for(patient: Person, *, at: datetime, tier: int = 3) -> list[ladder.Rung]:
    return ladder_for(patient, tier=tier, at=at).rungs


def _behind(patient: Person, *, site: UUID | None, at: datetime) -> dict[tuple[str, Any], list[UUID]]:
    """The clinicians who stand behind each possible rung for this patient now."""
    clinicians = dict(_clinicians(patient.clinic_id).values_list("pk", "roles"))
    ties = list(
        Tie.objects.in_force(at)
        .filter(patient=patient, role__in=["live", "primary"], staff_id__in=clinicians)
        .exclude(_has_left(patient, at=at), role="primary")
        .order_by("begins_at")
        .values_list("role", "staff_id")
    )
    shifts = OnCallShift.objects.filter(clinic_id=patient.clinic_id, during__contains=at).values_list(
        "rung", "staff_id"
    )
    on_call = [(rung, staff) for rung, staff in shifts if staff in clinicians]
    found: dict[tuple[str, Any], list[UUID]] = {
        (rungs.LIVE, ""): [staff for role, staff in ties if role == "live"] or _at(site, clinicians, at=at),
        (rungs.PRIMARY, ""): [staff for role, staff in ties if role == "primary"][-1:],
        (rungs.ON_CALL, ""): [staff for rung, staff in on_call if rung == 1],
        (rungs.SECOND_ON_CALL, ""): [staff for rung, staff in on_call if rung == 2],
        (rungs.SUPERVISOR, ""): _with(Role.DIRECTOR, clinicians),
    }
    found |= {(rungs.PERSON, staff): [staff] for staff in clinicians}
    return found | {(rungs.ROLE, role): _with(role, clinicians) for role in set().union(*clinicians.values())}


def _has_left(patient: Person, *, at: datetime) -> Q:
    """Has their care ended? Then nobody is their therapist any more, and the first to be told is who is on call."""
    on = at.astimezone(ZoneInfo(patient.clinic.zone)).date()
    stays = Enrolment.objects.filter(patient=patient.pk)
    goes_on = stays.filter(Q(during__endswith=None) | Q(during__endswith__gt=on))
    return Q(Exists(stays)) & ~Q(Exists(goes_on))


def _at(site: UUID | None, clinicians: Mapping[UUID, Iterable[str]], *, at: datetime) -> list[UUID]:
    """The clinicians who said today that they are at the site where this patient is: nearest, though not with them.

    A patient's own answer draws the ladder, and patients read nothing of where staff are: a database function does.
    """
    if site is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT staff_at(%s, %s)", [site, at])
        return [staff for (staff,) in cursor.fetchall() if staff in clinicians]


def _with(role: str, clinicians: Mapping[UUID, Iterable[str]]) -> list[UUID]:
    return [staff for staff, roles in clinicians.items() if role in roles]


def everyone(clinic_id: Any) -> list[UUID]:
    """The clinic's clinicians: who is asked when everyone at the desk is asked."""
    return list(_clinicians(clinic_id).values_list("pk", flat=True))


def _clinicians(clinic_id: Any) -> PersonQuerySet:
    return Person.objects.filter(clinic_id=clinic_id).clinicians().order_by("pk")
