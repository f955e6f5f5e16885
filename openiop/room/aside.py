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
from openiop.room import admission, called, e2ee, missing, staffing
from openiop.room.leading.models import AsideAsk
from openiop.room.models import ASIDE, Neighbour, Place, Seat, SeatState, in_treatment
from openiop.room.refused import Refused
from openiop.schedule import presence
from openiop.schedule.models import CareSession

COMES_FIRST = ("facilitator", called.CALLED)


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
    # A clinician who was called still comes, or is there: then two are with the person, or one goes back.
    open_questions = AsideAsk.objects.filter(seat=seat, ended_at=None, called=False)
    open_questions.filter(whom=by).update(ended_at=at, ended="came")
    open_questions.update(ended_at=at, ended="withdrawn")
    admission.note(mine, "went to a private place", by=by, at=at)
    if not staffing.led_now(Neighbour.of(seat.session_id), at=at):
        staffing.page_duty(seat.session, because=f"aside {seat.session_id} {at.timestamp():.0f}", at=at)
    wake(admission.topic(seat.session))
    return mine


@transaction.atomic
def arrive(mine: Seat, *, at: datetime) -> None:
    """The clinician is in the private place, sound and picture too: bring the person it was opened for.

    Of whoever was called, only once they hold its keys, where the session is sealed from person to person.
    """
    if mine.role not in COMES_FIRST or mine.state != SeatState.ADMITTED or not mine.place.startswith(ASIDE):
        return
    if mine.role == called.CALLED and not e2ee.can_be_heard(mine, at=at):
        return
    seat = _held(mine)
    if seat is None or seat.state != SeatState.ADMITTED:
        return
    if mine.role == called.CALLED and not _has_arrived(mine, at=at):
        return
    if seat.place == mine.place:
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

    While another who leads, or a clinician who was called, is with the person, they stay together, and `by` goes
    alone. Whoever was called goes out of the session, and who was on the way is called no longer.
    """
    seats = Seat.objects.select_for_update(of=("self",)).select_related("session", "person")
    known = Seat.objects.filter(session=session, person=by).first()
    if known is None or known.role not in COMES_FIRST:
        raise PermissionDenied
    if not known.place.startswith(ASIDE):
        raise Refused("not_aside")
    called.hold(known)
    seat = _held(known)  # the person's row first, as whoever moves a person has it
    mine = seats.get(pk=known.pk)
    stays = _somebody_else_is_there(mine, at=at)
    if mine.role == called.CALLED:
        _end_my_call(mine, at=at)
    if seat is not None and not stays:
        _nobody_is_called_any_more(seat, at=at)
        if seat.place == mine.place:
            _take_back(seat, mine, by=by, at=at)
    mine.place = seat.place if seat is not None and seat.place == Place.CONTACT else Place.GROUP
    mine.save()
    admission.note(mine, "came back from a private place", by=by, at=at)
    wake(admission.topic(session))
    wake(f"desk.{session.clinic_id}")


def _has_arrived(mine: Seat, *, at: datetime) -> bool:
    """Keep that whoever was called is there; no, where the call ended in this moment: nobody is brought to nobody."""
    standing = _my_call(mine).select_for_update(of=("self",)).first()
    if standing is None:
        return False
    if standing.arrived_at is None:
        standing.arrived_at, standing.climbed_at = at, None
        standing.save(update_fields=["arrived_at", "climbed_at"])
        admission.note(mine, "is in a private place", by=_person(mine), at=at)
        wake(admission.topic(mine.session))
        wake(f"desk.{mine.clinic_id}")
    return True


def release(seat: Seat, *, by: Person, at: datetime) -> None:
    """Nobody is with this patient in the private place any more: back where they may be."""
    if seat.state == SeatState.ADMITTED and seat.place == place_for(seat.pk):
        _to_the_group(seat, by=by, at=at)


def _take_back(seat: Seat, mine: Seat, *, by: Person, at: datetime) -> None:
    # Nobody whose line comes back later takes the person out of the group again.
    leaders = Seat.objects.filter(session=seat.session, place=mine.place, role="facilitator", state=SeatState.ADMITTED)
    leaders.exclude(pk=mine.pk).update(place=Place.GROUP)
    _to_the_group(seat, by=by, at=at)


def _to_the_group(seat: Seat, *, by: Person, at: datetime) -> None:
    seat.place = Place.GROUP if missing.is_covered(seat, at=at) else Place.CONTACT
    seat.save()
    admission.open_room(seat.session, seat.place, at=at)
    admission.note(seat, "came back from a private place", by=by, at=at)


def _somebody_else_is_there(mine: Seat, *, at: datetime) -> bool:
    """Is another of the staff with the person, so that they may stay? Whoever was called, only once arrived."""
    there = Seat.objects.filter(session=mine.session_id, place=mine.place, state=SeatState.ADMITTED)
    others = [seat for seat in there.filter(role__in=COMES_FIRST).exclude(pk=mine.pk) if seat.here(at)]
    return any(seat.role == "facilitator" or _my_call(seat).exclude(arrived_at=None).exists() for seat in others)


def _my_call(mine: Seat) -> Any:
    return called.standing().filter(session=mine.session_id, whom=mine.person_id)


def _end_my_call(mine: Seat, *, at: datetime) -> None:
    """They go: after being there, or, having said that they come, before: then they cannot."""
    _my_call(mine).filter(arrived_at=None).update(ended_at=at, ended="declined")
    _my_call(mine).update(ended_at=at, ended="over")


def _nobody_is_called_any_more(seat: Seat, *, at: datetime) -> None:
    """The person goes back to the group: whoever was asked, or is on the way, need not come."""
    calls = AsideAsk.objects.filter(seat=seat, called=True, ended_at=None)
    calls.filter(arrived_at=None).update(ended_at=at, ended="back")


def _held(mine: Seat) -> Seat | None:
    """The patient for whom the place where `mine` sits was opened, locked."""
    seats = Seat.objects.select_for_update(of=("self",)).select_related("session", "person")
    return seats.filter(pk=mine.place.removeprefix(ASIDE), session_id=mine.session_id).first()


def _person(mine: Seat) -> Person:
    assert mine.person is not None  # whoever leads or was called is a person
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
