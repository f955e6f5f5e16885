"""The door of a live session: who may ask to come in, who is let in, and what stands in the way.

Entry by page and by socket go through here. Treatment needs a clinician licensed where the patient is; contact
with staff needs nothing: nobody is ever turned away from a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext, override

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.messaging.models import Delivery
from openiop.people.access import Actor, kind_of
from openiop.people.models import Device, Person, Role, Tie
from openiop.people.support import SupporterLink
from openiop.room import called, companions, guests, joint, live, staffing
from openiop.room.boards.models import Board
from openiop.room.leading.models import AsideAsk, DoorLock
from openiop.room.media.rooms import MediaRoom
from openiop.room.missing import missing_by_seat, missing_for
from openiop.room.models import (
    ASIDE,
    GONE_AFTER,
    QUIET_AFTER,
    BreakoutRound,
    DoorEvent,
    LiveRoom,
    Neighbour,
    Place,
    Seat,
    SeatState,
    in_treatment,
)
from openiop.room.refused import Refused
from openiop.safety.models import Case, Whereabouts
from openiop.schedule import presence
from openiop.schedule.helping import is_booked
from openiop.schedule.models import CareSession

OPENS_BEFORE = timedelta(minutes=30)
CLOSES_AFTER = timedelta(minutes=60)
LIVE_FOR = timedelta(seconds=45)  # how long a beat keeps staff "live with" a patient, for the ladder's first rung
WAITS = ("patient", "supporter")  # whom a facilitator lets in
WITH_SOMEBODY = ("facilitator", "staff", called.CALLED)  # who is with a person is not leaving them alone
OUTSIDE = (SeatState.WAITING, SeatState.SENT_BACK)  # at the door, for the facilitator to let in


class NotNow(Exception):
    """The door is not open.

    `why` is "early", "late", "ended", "cancelled", "locked", "alone" (see `joint`) or "called" (see `called`).
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class SomethingMissing(Exception):
    """This person cannot be let into the group yet; `missing` has the codes (see `missing`)."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


# --- asking to come in ---


def role_in(session: CareSession, actor: Actor) -> str:
    """Return the role `actor` has in this session's room. Raises Http404 for whoever has none."""
    if isinstance(actor, Device):
        if actor.kind == Device.ROOM and session.room and session.room.device_id == actor.pk:
            return "site"
    elif kind_of(actor) == "patient":
        if session.roster.standing().filter(patient_id=actor.pk).exists():
            return "patient"
    elif isinstance(actor, Person) and actor.kind == Person.SUPPORTER:
        if guests.comes_to(session, actor):
            return "supporter"
    elif isinstance(actor, Person) and actor.kind == Person.HELPER:
        if actor.active and is_booked(session, actor):
            return "helper"
    elif session.staff.filter(staff_id=actor.pk, stands=True).exists():
        return "facilitator"
    elif isinstance(actor, Person) and actor.is_clinician:
        return called.CALLED if called.is_called(session, actor) else "staff"
    raise Http404


def check_still_comes(session: CareSession, actor: Actor) -> None:
    """Raise Http404 when what opened this room for a device, a supporter or a helper no longer does.

    A device was unpaired, or stands elsewhere; a supporter's link was revoked or is over, or the consent withdrawn; a
    helper is booked no longer. Patients and staff keep their right for as long as they are signed in.
    """
    if kind_of(actor) in ("supporter", "helper"):
        role_in(session, actor)
    if isinstance(actor, Device):
        role_in(session, actor)
        if not Device.objects.filter(pk=actor.pk, revoked_at=None, token_hash=actor.token_hash).exists():
            raise Http404


def check_open(session: CareSession, role: str, *, at: datetime) -> None:
    """Raise NotNow when nobody may ask to come in at `at`. Staff may come as early as they like."""
    if session.cancelled_at:
        raise NotNow("cancelled")
    if role in ("patient", "site", "supporter", "helper") and at < session.begins_at - OPENS_BEFORE:
        raise NotNow("early")
    if at > session.ends_at + CLOSES_AFTER:
        raise NotNow("late")


def check_may_come(session: CareSession, actor: Actor, role: str, *, at: datetime) -> None:
    """Raise NotNow when the door is not open at `at`, is locked, or not both partners of a couple were asked alone."""
    check_open(session, role, at=at)
    check_lock(session, actor, role, at=at)
    if called.keeps_out(session, actor, role, at=at):
        raise NotNow("called")
    if not joint.may_come(session, actor, role, at=at):
        raise NotNow("alone")


def check_lock(session: CareSession, actor: Actor, role: str, *, at: datetime) -> None:
    """Raise NotNow("locked") for staff, helpers and a site's device that were not inside before the door was locked.

    Who leads, who was in before, and staff who come to a group that nobody leads are never kept out. Whoever was
    called to a private place was never in the group.
    """
    if role not in ("staff", "site", "helper") or not is_locked(session):
        return
    who = {"device": actor.pk} if role == "site" else {"person": actor.pk}
    if Seat.objects.filter(session=session, **who).exclude(role=called.CALLED).exists():
        return
    if role in ("site", "helper") or staffing.led_now(Neighbour.of(session.pk), at=at):
        raise NotNow("locked")


def is_locked(session: CareSession) -> bool:
    return DoorLock.objects.filter(session=session, opened_at=None).exists()


@transaction.atomic
def ask(session: CareSession, actor: Actor, *, at: datetime) -> Seat:
    """Return `actor`'s seat, made when there is none: patients and supporters wait, all others come straight in.

    Whoever left comes back to where they were. Raises Http404 or NotNow.
    """
    role = role_in(session, actor)
    check_may_come(session, actor, role, at=at)
    who = {"device": actor} if isinstance(actor, Device) else {"person": actor}
    on_site = role == "patient" and companions.is_on_site(session, actor)
    straight_in = role not in WAITS
    seat, made = Seat.objects.select_for_update(of=("self",)).get_or_create(
        session=session,
        **who,
        defaults={
            "clinic_id": session.clinic_id,
            "role": role,
            "asked_at": at,
            "state": SeatState.ADMITTED if straight_in else SeatState.WAITING,
            "admitted_at": at if straight_in else None,
            "ready": role != "patient",
        },
    )
    if made:
        note(seat, "asked", by=actor, at=at)
    if on_site and not seat.companion:
        companions.settle(seat, locked=is_locked(session), at=at)
        note(seat, "came by phone, on site", by=actor, at=at)
    elif seat.companion and not on_site:
        companions.unsettle(seat, at=at)
        note(seat, "comes from elsewhere", by=actor, at=at)
    if seat.state == SeatState.LEFT:
        seat.state = SeatState.ADMITTED if seat.admitted_at else SeatState.WAITING
        seat.save()
        note(seat, "came back", by=actor, at=at)
    if called.CALLED in (role, seat.role):
        called.settle(seat, role=role, at=at)
    if role == "helper":
        seat.refresh_from_db(fields=["place"])  # the database has put them beside their person
    elif role == called.CALLED:
        open_room(session, seat.place, at=at)
    elif straight_in and role != "site":
        open_room(session, Place.GROUP, at=at)
        Board.lay_out(session, at=at)
    return seat


def open_room(session: CareSession, place: str, *, at: datetime) -> LiveRoom:
    """Return the media room of this place, made with names and secrets of its own when there is none."""
    made = MediaRoom.unguessable()
    defaults: dict[str, Any] = {
        "clinic_id": session.clinic_id,
        "media_room": made.room,
        "media_secret": made.secret,
        "media_pin": made.pin,
        "instance": lambda: live.instance_for(session, at=at),
        "opened_at": at,
    }
    return LiveRoom.objects.get_or_create(session=session, place=place, defaults=defaults)[0]


@transaction.atomic
def tell_place(
    session: CareSession, patient: Person, *, answers: Mapping[str, Any], at: datetime
) -> tuple[Seat, Whereabouts]:
    """Keep the door's form: where the patient is now, how to call back, who is there. Then they wait, ready.

    `answers`: address, state, callback, company, headphones, private (as the form names them).
    """
    seat = ask(session, patient, at=at)
    told = Whereabouts.objects.create(
        clinic_id=session.clinic_id, patient=patient, told_at=at, place="virtual", source="door", **answers
    )
    seat.ready = True
    seat.save()
    trail.record("door.place", patient=patient, thing=session)
    wake(topic(session))
    return seat, told


# --- deciding ---


@transaction.atomic
def admit(seat: Seat, *, by: Person, at: datetime) -> Seat:
    """Let somebody in. Where nobody is licensed, they come face to face with staff and not into the group.

    Raises SomethingMissing while an agreement or the place is missing: staff obtain it at the door; and Refused
    ("door_locked") for somebody new while the door is locked.
    """
    seat = _held(seat, by=by)
    if seat.admitted_at is None and is_locked(seat.session):
        raise Refused("door_locked")
    missing = missing_for(seat, at=at)
    if rest := [code for code in missing if code != "licence"]:
        raise SomethingMissing(rest)
    seat.state, seat.admitted_at = SeatState.ADMITTED, at
    seat.place = Place.CONTACT if missing else _place_inside(seat)
    seat.save()
    open_room(seat.session, seat.place, at=at)
    note(seat, "admitted", by=by, at=at, reason="outside the licence" if missing else "")
    if missing:
        _tell_supervisors(seat, at=at)
    wake(topic(seat.session))
    return seat


def _place_inside(seat: Seat) -> str:
    return companions.place_of(seat.session) if seat.companion else Place.GROUP


def admit_all(session: CareSession, *, by: Person, at: datetime) -> list[Seat]:
    """Let in everybody who waits and for whom nothing is missing; through a locked door, who was inside before."""
    _require_facilitator(session, by)
    waiting = Seat.objects.filter(session=session, role__in=WAITS, state__in=OUTSIDE)
    if is_locked(session):
        waiting = waiting.exclude(admitted_at=None)
    seats = list(waiting.select_related("person", "session").order_by("asked_at"))
    missing = missing_by_seat(session, seats, at=at)
    return [admit(seat, by=by, at=at) for seat in seats if not missing[seat.pk]]


@transaction.atomic
def send_back(seat: Seat, *, by: Person, at: datetime) -> None:
    """Back to the waiting room, kindly; a facilitator lets them in again."""
    _put_out(seat, SeatState.SENT_BACK, "sent back", by=by, at=at)


@transaction.atomic
def remove(seat: Seat, *, by: Person, at: datetime) -> None:
    """Out of the session; they can come back only when a facilitator lets them in."""
    _put_out(seat, SeatState.REMOVED, "removed", by=by, at=at)


@transaction.atomic
def leave(seat: Seat, *, by: Actor, at: datetime) -> None:
    """Go, by one's own choice; the way back is open."""
    seat = Seat.objects.select_for_update(of=("self",)).get(pk=seat.pk)
    _end_presence(seat, at=at)
    if seat.state == SeatState.ADMITTED:
        seat.state = SeatState.LEFT
    seat.online = False
    seat.save()
    note(seat, "left", by=by, at=at)
    wake(topic(seat.session))


@transaction.atomic
def sit_with(session: CareSession, *, by: Person, place: str, at: datetime) -> Seat:
    """A member of staff goes over to `place`: to somebody who is not in treatment, or back to the group.

    Raises PermissionDenied for whoever was called to one private place, and Refused("joint_place") where a joint
    meeting may open no further place now: alone with one partner is aside.
    """
    if not joint.may_go_to(session, place, at=at):
        raise Refused("joint_place")
    seat = ask(session, by, at=at)
    if seat.role == called.CALLED:
        raise PermissionDenied
    seat.place = place
    seat.save()
    open_room(session, place, at=at)
    note(seat, f"moved to {place}", by=by, at=at)
    wake(topic(session))
    return seat


@transaction.atomic
def end(session: CareSession, *, by: Person, at: datetime) -> None:
    """End the live room and its breakouts for everybody. The session's attendance is closed by its own verb."""
    _require_facilitator(session, by)
    if _somebody_is_aside(session, at=at):
        raise Refused("somebody_aside")
    if _somebody_waits_for_one_who_was_called(session):
        raise Refused("somebody_waits")
    called.one_at_a_time(session)
    AsideAsk.objects.filter(session=session, called=True, ended_at=None).update(ended_at=at, ended="over")
    BreakoutRound.objects.standing().filter(session=session, opened_at=None).delete()
    BreakoutRound.end(session.pk, at=at, due=False)
    LiveRoom.objects.filter(session=session, ended_at=None).update(ended_at=at)
    for seat in Seat.objects.filter(session=session, state=SeatState.ADMITTED).select_related("person", "session"):
        _end_presence(seat, at=at)
    SupporterLink.revoke_all(session.pk, by=by, at=at)
    trail.record("room.end", thing=session)
    wake(topic(session))


def _put_out(seat: Seat, state: str, what: str, *, by: Person, at: datetime) -> None:
    seat = _held(seat, by=by)
    if seat.role == called.CALLED:
        raise Refused("with_somebody")
    if needs_somebody(seat) and not _somebody_is_with(seat, at=at):
        raise Refused("needs_somebody")
    seat.state = state
    seat.save()
    note(seat, what, by=by, at=at)
    _end_presence(seat, at=at)
    wake(topic(seat.session))


HIGH = 3  # the tier from which nobody is left alone, docs/rules/escalation.md


def needs_somebody(seat: Seat) -> bool:
    """Has this patient an open high or imminent case? Then they are not put back to the door or out, alone."""
    return seat.role == "patient" and Case.objects.open().filter(patient_id=seat.person_id, tier__gte=HIGH).exists()


def _somebody_is_with(seat: Seat, *, at: datetime) -> bool:
    """Is one of the staff with them in a private place, now?"""
    if not seat.place.startswith(ASIDE):
        return False
    there = Seat.objects.filter(session=seat.session_id, place=seat.place, state=SeatState.ADMITTED)
    return any(other.here(at) for other in there.filter(role__in=WITH_SOMEBODY))


def _somebody_is_aside(session: CareSession, *, at: datetime) -> bool:
    aside = Seat.objects.filter(session=session, role="patient", place__startswith=ASIDE, state=SeatState.ADMITTED)
    return aside.filter(seen_at__gt=at - GONE_AFTER).exists()


def _somebody_waits_for_one_who_was_called(session: CareSession) -> bool:
    """Somebody under watch is not left alone by the end while a clinician is asked for, or on the way to them."""
    asked = AsideAsk.objects.filter(session=session, called=True, ended_at=None, seat__state=SeatState.ADMITTED)
    return any(needs_somebody(question.seat) for question in asked.select_related("seat"))


def _held(seat: Seat, *, by: Person) -> Seat:
    _require_facilitator(seat.session, by)
    return Seat.objects.select_for_update(of=("self",)).select_related("person", "session").get(pk=seat.pk)


def _require_facilitator(session: CareSession, by: Person) -> None:
    if role_in(session, by) != "facilitator":
        raise PermissionDenied


def _tell_supervisors(seat: Seat, *, at: datetime) -> None:
    directors = Person.objects.filter(clinic_id=seat.clinic_id).staff()
    for director in directors.filter(roles__contains=[Role.DIRECTOR], active=True).select_related("login"):
        with override(director.language):
            subject = gettext("Please open the desk")
            body = gettext("Somebody is with staff who cannot be treated where they are. Please open the desk.")
        Delivery.objects.create(
            clinic_id=seat.clinic_id,
            to=director,
            address=director.login.email if director.login else "",
            subject=subject,
            body=body,
            because=f"licence {seat.pk}",
            made_at=at,
            not_before=at,
        )


# --- being there ---


@transaction.atomic
def beat(seat: Seat, *, at: datetime, receiving: bool) -> None:
    """Somebody in the room is still there: evidence for the minutes, and staff stay "live" with them.

    `receiving`: sound or picture of theirs reaches the media server. Breakouts are group time; away from the group, in
    contact or aside with staff, they are seen and no minute counts.
    """
    Seat.objects.filter(pk=seat.pk).update(seen_at=at, online=True)
    if seat.role != "patient" or seat.person is None or seat.state != SeatState.ADMITTED:
        return
    # Whoever is on site is there by arrival and departure: their phone proves nothing.
    if not seat.companion and seat.session.begins_at - OPENS_BEFORE <= at <= seat.session.ends_at + CLOSES_AFTER:
        for source in ("room", "media") if receiving else ("room",):
            presence.note(
                seat.session,
                seat.person,
                kind="beat",
                source=source,
                connection=str(seat.connection or ""),
                place="virtual",
                at=at,
                treatment=in_treatment(seat.place),
            )
    stay_live(seat, seat.person, at=at)


def stay_live(seat: Seat, patient: Person, *, at: datetime) -> None:
    """Tie to this patient, for the next seconds, the staff who are with them now.

    With somebody in the group or a breakout are all who lead it, in whichever of the rooms: they are a click away.
    """
    because = f"live {seat.session_id}"
    with_them = [
        row.person_id
        for row in Neighbour.of(seat.session_id)
        if row.person_id
        and row.role in WITH_SOMEBODY
        and row.state == SeatState.ADMITTED
        and (row.place == seat.place or (in_treatment(row.place) and in_treatment(seat.place)))
        and row.seen_at
        and row.seen_at > at - QUIET_AFTER
    ]
    ties = Tie.objects.filter(patient=patient, role="live", because=because)
    known = set(ties.filter(staff_id__in=with_them).values_list("staff_id", flat=True))
    ties.filter(staff_id__in=known).update(ends_at=at + LIVE_FOR)
    for who in with_them:
        if who not in known:
            Tie.objects.create(
                clinic_id=seat.clinic_id,
                staff_id=who,
                patient=patient,
                role="live",
                because=because,
                begins_at=at,
                ends_at=at + LIVE_FOR,
            )


def _end_presence(seat: Seat, *, at: datetime) -> None:
    if seat.role != "patient" or seat.person is None:
        return
    # Whoever was gone already, their tab closed or killed, went then; going now would count the time in between.
    is_here = seat.online and seat.seen_at is not None and seat.seen_at > at - QUIET_AFTER
    if seat.admitted_at and seat.connection and is_here and not seat.companion:
        presence.note(
            seat.session,
            seat.person,
            kind="out",
            source="room",
            connection=str(seat.connection),
            place="virtual",
            at=at,
            treatment=in_treatment(seat.place),
        )
    Tie.objects.filter(
        patient_id=seat.person_id, role="live", because=f"live {seat.session_id}", ends_at__gt=at
    ).update(ends_at=at)


def note(seat: Seat, what: str, *, by: Actor | None, at: datetime, reason: str = "") -> None:
    """Add a line to the door's history and to the trail; `by` nobody means that a rule did it."""
    DoorEvent.objects.create(
        clinic_id=seat.clinic_id,
        seat=seat,
        patient_id=seat.person_id if seat.role == "patient" else None,
        what=what,
        by=by if isinstance(by, Person) else None,
        at=at,
        reason=reason,
    )
    trail.record(
        f"door.{what.replace(' ', '-')}", patient=seat.person_id if seat.role == "patient" else None, thing=seat
    )


def topic(session: CareSession) -> str:
    return f"room.{session.pk}"
