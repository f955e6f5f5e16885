"""Whoever is at risk in the live group: one click for those who lead, and the call-back when a line is lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from openiop.lib.wake import wake
from openiop.people.models import Clinic
from openiop.room import still
from openiop.room.admission import OPENS_BEFORE
from openiop.room.models import QUIET_AFTER, LiveRoom, Neighbour, Place, Seat, SeatState
from openiop.room.signals import lead_topic
from openiop.safety import ladder
from openiop.safety.models import HARMED, Case, raise_flag
from openiop.schedule.models import CareSession

LOOKS_BACK = timedelta(hours=2)  # how long after a session's end a line lost in it is still called back


class Cared(NamedTuple):
    """A patient in the room as those who lead may know them.

    `lost_since`: their line is lost and a case is open. `untouched_since`: their screen asked *still with us?* in vain.
    """

    seat: Neighbour
    at_risk: bool
    lost_since: datetime | None
    untouched_since: datetime | None


def on_the_rail(session: CareSession, neighbours: list[Neighbour], *, at: datetime) -> list[Cared]:
    """Return the patients of the session who came in, with who of them has an open case."""
    inside = [row for row in neighbours if row.role == "patient" and row.state in (SeatState.ADMITTED, SeatState.LEFT)]
    open_for = at_risk(row.person_id for row in inside)
    untouched = still.untouched(session, {row.person_id for row in inside if _is_at_home(row, at=at)}, at=at)
    return [
        Cared(
            row,
            row.person_id in open_for,
            _lost(row, at=at) if row.person_id in open_for else None,
            untouched.get(row.person_id) if row.person_id else None,
        )
        for row in inside
    ]


def _is_at_home(row: Neighbour, *, at: datetime) -> bool:
    """Before a device of their own that speaks: of one whose line is lost nobody knows whether it was touched."""
    return row.state == SeatState.ADMITTED and row.here(at) and not row.companion


def at_risk(people: Iterable[UUID | None]) -> set[UUID]:
    """Return who of these patients has an open case."""
    return set(Case.objects.open().filter(patient_id__in=list(people)).values_list("patient_id", flat=True))


def _lost(row: Neighbour, *, at: datetime) -> datetime | None:
    is_away = row.state == SeatState.ADMITTED and not row.here(at)
    return row.seen_at if is_away and not row.companion else None


def is_lost(*, seen_at: datetime, ended_at: datetime | None, at: datetime, after: timedelta) -> bool:
    """Has this line been silent for too long, and was it already when the group ended?"""
    was_there_at_the_end = ended_at is not None and seen_at >= ended_at - QUIET_AFTER
    return at - seen_at >= after and not was_there_at_the_end


def call_back(clinic: Clinic, *, at: datetime) -> int:
    """Raise a flag for everybody with an open case whose line is lost for longer than the clinic allows.

    One for each loss, however often this looks and whatever was restarted meanwhile: its key is the last sign of life.
    Returns how many are lost now.
    """
    after = timedelta(minutes=clinic.call_back_after_minutes)
    lost = [seat for seat in _silent(clinic, at=at) if _is_lost(seat, at=at, after=after)]
    for seat in lost:
        _raise(seat, at=at)
    return len(lost)


def _silent(clinic: Clinic, *, at: datetime) -> list[Seat]:
    sessions = CareSession.objects.filter(clinic=clinic, cancelled_at=None).between(at - LOOKS_BACK, at + OPENS_BEFORE)
    seats = Seat.objects.filter(
        session__in=sessions,
        role="patient",
        state=SeatState.ADMITTED,
        seen_at__lt=at - QUIET_AFTER,
        person__cases__in=Case.objects.open(),
        companion=False,  # on site, whatever their phone does
    )
    return list(seats.select_related("person__clinic"))


def _is_lost(seat: Seat, *, at: datetime, after: timedelta) -> bool:
    group = LiveRoom.objects.filter(session_id=seat.session_id, place=Place.GROUP).first()
    assert seat.seen_at is not None  # asked for by the query
    return is_lost(seen_at=seat.seen_at, ended_at=group.ended_at if group else None, at=at, after=after)


def _raise(seat: Seat, *, at: datetime) -> None:
    """On a case of which the person's own pages say nothing, this is private too."""
    assert seat.person is not None and seat.seen_at is not None
    case = open_case_of(seat.person.pk)
    raise_flag(
        seat.person,
        key=f"line-lost-{seat.pk}-{seat.seen_at.timestamp():.3f}",
        evidence=ladder.Evidence("line_lost", "with_open_case"),
        label=_("Their line to the group was lost while a case is open"),
        value=_("please call them back"),
        kind=HARMED if case and case.is_private else "",
        at=at,
    )
    wake(lead_topic(seat.session_id))


def open_case_of(patient_id: Any) -> Case | None:
    """Return the patient's open case with its flags."""
    return Case.objects.open().with_steps().filter(patient_id=patient_id).first()
