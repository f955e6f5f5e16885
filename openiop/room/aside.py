"""A private place: one click, one of those who lead is there first, and then the person is brought to them.

For a crisis and for a private word alike; it is not group time. Whoever has an open high or imminent case is never put
back to the door or out of the session except from here, where somebody is with them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.room import admission, staffing
from openiop.room.leading.models import AsideAsk
from openiop.room.models import ASIDE, Neighbour, Place, Seat, SeatState, in_treatment
from openiop.room.refused import Refused
from openiop.schedule import presence
from openiop.schedule.models import CareSession


def place_for(seat_id: Any) -> str:
    return f"{ASIDE}{seat_id}"


@transaction.atomic
def call(seat: Seat, *, by: Person, at: datetime) -> Seat:
    """`by`, who leads, goes to a private place for this patient; the patient follows once they are there (`arrive`).

    Where nobody else leads the group, it is paused and whoever is on duty is asked to come. Raises PermissionDenied,
    and Refused: "not_inside" for a patient who is not in or is on site, "already_aside" for somebody who is with
    another patient.
    """
    if admission.role_in(seat.session, by) != "facilitator":
        raise PermissionDenied
    if seat.role != "patient" or seat.state != SeatState.ADMITTED or seat.companion:
        raise Refused("not_inside")
    mine = admission.ask(seat.session, by, at=at)
    if mine.place.startswith(ASIDE) and mine.place != place_for(seat.pk):
        raise Refused("already_aside")
    admission.open_room(seat.session, place_for(seat.pk), at=at)
    mine.place = place_for(seat.pk)
    mine.save()
    open_questions = AsideAsk.objects.filter(seat=seat, ended_at=None)
    open_questions.filter(whom=by).update(ended_at=at, ended="came")
    open_questions.update(ended_at=at, ended="withdrawn")
    admission.note(mine, "went to a private place", by=by, at=at)
    if not staffing.led_now(Neighbour.of(seat.session_id), at=at):
        staffing.page_duty(seat.session, because=f"aside {seat.session_id} {at.timestamp():.0f}", at=at)
    wake(admission.topic(seat.session))
    return mine


@transaction.atomic
def arrive(mine: Seat, *, at: datetime) -> None:
    """Whoever leads is in the private place, sound and picture too: bring the person it was opened for."""
    if mine.role != "facilitator" or not mine.place.startswith(ASIDE):
        return
    seat = _held(mine)
    if seat is None or seat.state != SeatState.ADMITTED or seat.place == mine.place:
        return
    if in_treatment(seat.place):
        _group_time_stops(seat, at=at)
    seat.place, seat.hand_at = mine.place, None
    seat.save()
    admission.note(seat, "brought to a private place", by=_person(mine), at=at)
    wake(admission.topic(mine.session))


@transaction.atomic
def back(session: CareSession, *, by: Person, at: datetime) -> None:
    """Both go back together: the person to the group, or, where nobody is licensed, to staff outside treatment.

    While another who leads is with the person, they stay together, and `by` goes alone.
    """
    seats = Seat.objects.select_for_update(of=("self",)).select_related("session", "person")
    mine = seats.filter(session=session, person=by).first()
    if mine is None or mine.role != "facilitator":
        raise PermissionDenied
    if not mine.place.startswith(ASIDE):
        raise Refused("not_aside")
    seat = _held(mine)
    leaders = Seat.objects.filter(session=session, place=mine.place, role="facilitator", state=SeatState.ADMITTED)
    others = list(leaders.exclude(pk=mine.pk))
    if seat is not None and seat.place == mine.place and not any(other.here(at) for other in others):
        # Nobody whose line comes back later takes the person out of the group again.
        leaders.exclude(pk=mine.pk).update(place=Place.GROUP)
        seat.place = Place.GROUP if admission.is_covered(seat, at=at) else Place.CONTACT
        seat.save()
        admission.open_room(session, seat.place, at=at)
        admission.note(seat, "came back from a private place", by=by, at=at)
    mine.place = seat.place if seat is not None and seat.place == Place.CONTACT else Place.GROUP
    mine.save()
    admission.note(mine, "came back from a private place", by=by, at=at)
    wake(admission.topic(session))


def _held(mine: Seat) -> Seat | None:
    """The patient for whom the place where `mine` sits was opened, locked."""
    seats = Seat.objects.select_for_update(of=("self",)).select_related("session", "person")
    return seats.filter(pk=mine.place.removeprefix(ASIDE), session_id=mine.session_id).first()


def _person(mine: Seat) -> Person:
    assert mine.person is not None  # a facilitator is a person
    return mine.person


def _group_time_stops(seat: Seat, *, at: datetime) -> None:
    assert seat.person is not None  # a patient's seat is a person's
    if seat.connection and seat.here(at):
        presence.note(
            seat.session,
            seat.person,
            kind="out",
            source="room",
            connection=str(seat.connection),
            place="virtual",
            at=at,
        )
