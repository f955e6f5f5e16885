"""A group never runs without staff: who leads it now, and when it is paused until somebody does.

Derived from the seats at each look, never stored: nothing has to be taken back, and no restart leaves a group paused.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.utils.translation import gettext, override

from openiop.messaging.models import Delivery, send
from openiop.people.models import Person, Role
from openiop.room.models import ASIDE, Neighbour, Seat, SeatState, in_treatment
from openiop.safety.models import OnCallShift, everyone
from openiop.schedule.models import CareSession


class Row(Protocol):
    """What this looks at in a seat."""

    role: str
    state: str
    place: str
    seen_at: datetime | None

    def here(self, at: datetime) -> bool: ...


def led_now(rows: Iterable[Row], *, at: datetime) -> bool:
    """Is one of those who lead in the group, or in one of its breakouts? Aside with one person they lead nobody."""
    return any(_leads(row) and row.here(at) for row in rows)


def paused_since(rows: Iterable[Row], *, at: datetime, after: timedelta) -> datetime | None:
    """Return since when the group is paused, or None while it may go on.

    At once when whoever led it went aside with somebody and nobody else leads; else when nobody who leads gave a sign
    of life for `after`, from the last one. A group that nobody ever led is not on.
    """
    rows = list(rows)
    if led_now(rows, at=at):
        return None
    aside = [row.seen_at for row in rows if _is_staff(row) and row.place.startswith(ASIDE) and row.here(at)]
    if aside:
        return min(seen for seen in aside if seen is not None)
    seen = [row.seen_at for row in rows if _is_staff(row) and row.seen_at is not None]
    if not seen or at - max(seen) < after:
        return None
    return max(seen)


def _is_staff(row: Row) -> bool:
    return row.role == "facilitator"


def _leads(row: Row) -> bool:
    return _is_staff(row) and row.state == SeatState.ADMITTED and in_treatment(row.place)


def is_paused(session: CareSession, rows: list[Neighbour], *, at: datetime) -> bool:
    """Is the session's group paused now, by the clinic's own setting?"""
    after = timedelta(seconds=session.clinic.pause_group_after_seconds)
    return paused_since(rows, at=at, after=after) is not None


def page_duty(session: CareSession, *, because: str, at: datetime) -> None:
    """Ask whoever is on call, and the directors, to come: a group stands without staff. Says nothing more."""
    on_call = OnCallShift.objects.filter(clinic_id=session.clinic_id, during__contains=at).values_list("staff_id")
    directors = Person.objects.filter(clinic_id=session.clinic_id, roles__contains=[Role.DIRECTOR]).staff()
    duty = Person.objects.filter(pk__in=on_call) | directors.filter(active=True)
    people = duty.select_related("login").distinct()
    if not people:
        people = Person.objects.filter(pk__in=everyone(session.clinic_id)).select_related("login")
    for person in people:
        with override(person.language):
            send(
                person,
                subject=gettext("Please open the desk"),
                body=gettext("A group is without staff and paused. Please open the desk."),
                because=because,
                at=at,
            )


def page_for_the_paused(clinic_id: Any, *, at: datetime) -> int:
    """Ask for somebody, once for each pause, where patients are in a paused group; returns how many groups are."""
    sessions = CareSession.objects.filter(clinic_id=clinic_id, cancelled_at=None).between(at, at + timedelta(seconds=1))
    found = 0
    for session in sessions.select_related("clinic").exclude(live_rooms__ended_at__isnull=False):
        seats = list(Seat.objects.filter(session=session))
        after = timedelta(seconds=session.clinic.pause_group_after_seconds)
        since = paused_since(seats, at=at, after=after)
        if since is None or not any(_waits_inside(seat, at=at) for seat in seats):
            continue
        found += 1
        because = f"paused {session.pk} {since.timestamp():.0f}"
        if not Delivery.objects.filter(clinic_id=clinic_id, because=because).exists():
            page_duty(session, because=because, at=at)
    return found


def _waits_inside(seat: Seat, *, at: datetime) -> bool:
    return seat.role == "patient" and seat.state == SeatState.ADMITTED and in_treatment(seat.place) and seat.here(at)
