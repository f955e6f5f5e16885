"""What stands between somebody at the door and treatment in this group: consents, their place, a licence there."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from openiop.people.models import Agreement, Document, Licence
from openiop.room import guests, joint
from openiop.room.models import Seat, SeatState
from openiop.safety.models import Whereabouts
from openiop.schedule import licensing
from openiop.schedule.models import CareSession

NEEDED = [Document.TELEHEALTH, Document.GROUP, Document.EMERGENCY]

# What the facilitator reads beside a name at the door.
WORDS = {
    Document.TELEHEALTH: _("consent to telehealth"),
    Document.GROUP: _("group agreement"),
    Document.EMERGENCY: _("emergency plan"),
    "place": _("where they are now"),
    "licence": _("nobody here is licensed where they are"),
    "removed": _("was removed"),
    "alone": _("each partner asked alone"),
    "consent": _("the patient’s consent that they come"),
}


def missing_for(seat: Seat, *, at: datetime) -> list[str]:
    """Return codes of what is missing for treatment in this group: documents by kind, "place", "licence".

    "licence": no clinician of the session is licensed where the patient said to be. Of a supporter: "consent".
    """
    return missing_by_seat(seat.session, [seat], at=at)[seat.pk]


def missing_by_seat(session: CareSession, seats: Sequence[Seat], *, at: datetime) -> dict[UUID, list[str]]:
    """As `missing_for`, for many seats of one session; the number of queries does not grow with them."""
    patients = [seat for seat in seats if seat.role == "patient" and seat.person is not None]
    found: dict[UUID, list[str]] = {seat.pk: [] for seat in seats}
    if any(seat.role == "supporter" for seat in seats):
        expected = guests.here_for(session, at=at)
        unasked = [seat for seat in seats if seat.role == "supporter" and seat.person_id not in expected]
        found |= {seat.pk: ["consent"] for seat in unasked}
    if not patients:
        return found
    papers = Agreement.objects.missing_by_patient([seat.person for seat in patients if seat.person], kinds=NEEDED)
    covered = _covered(session, patients, at=at)
    outside = any(seat.state != SeatState.ADMITTED for seat in patients)
    alone = ["alone"] if outside and not joint.may_open(session, at=at) else []
    for seat in patients:
        assert seat.person_id is not None  # a patient's seat is a person's
        found[seat.pk] = [*papers[seat.person_id], *(alone if seat.state != SeatState.ADMITTED else [])]
        if not seat.ready:
            found[seat.pk].append("place")
        elif seat.pk not in covered:
            found[seat.pk].append("licence")
    return found


def is_covered(seat: Seat, *, at: datetime) -> bool:
    """Is a clinician of this session licensed in the state where the patient said to be?"""
    return seat.pk in _covered(seat.session, [seat], at=at)


def _covered(session: CareSession, seats: Sequence[Seat], *, at: datetime) -> set[UUID]:
    where = Whereabouts.latest_of([seat.person_id for seat in seats], at=at)
    licences = _licences_of(session)
    states = {seat.pk: where[seat.person_id].state if seat.person_id in where else None for seat in seats}
    return {pk for pk, state in states.items() if licensing.decide(licences, state=state, at=at).treatment}


def _licences_of(session: CareSession) -> dict[Hashable, list[licensing.Licence]]:
    """The licences of those who lead the session, by person."""
    staff = session.staff.filter(stands=True).values_list("staff_id", flat=True)
    found: dict[Hashable, list[licensing.Licence]] = {who: [] for who in staff}
    for row in Licence.objects.filter(person_id__in=list(staff)):
        found[row.person_id].append(
            licensing.Licence.from_days(row.state, first_on=row.valid_from, last_on=row.valid_until, zone=session.zone)
        )
    return found
