"""Breakout rooms: preparing, opening, moving, helping, and everybody's way back (docs/rules/breakouts.md).

Rules of assignment are in `assigning`, pure. A verb holds the round while it looks and writes, so that two facilitators
at once cannot undo each other's safety. Whoever is moved is moved by one thing alone, `Seat.place`; the tabs follow.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.programs.models import Modality
from openiop.room import admission, assigning, companions, refused, signals
from openiop.room.assigning import CannotAssign, Party
from openiop.room.models import (
    BREAKOUT,
    BreakoutMessage,
    BreakoutRoom,
    BreakoutRound,
    BreakoutSeat,
    HelpCall,
    LiveRoom,
    Neighbour,
    Place,
    Seat,
    SeatState,
    in_treatment,
)
from openiop.safety.models import Case
from openiop.schedule.models import CareSession, NotTogether

# Said aloud, easy to tell apart, and good or bad in no language.
NAMES = (_("Willow"), _("Cedar"), _("Birch"), _("Maple"), _("Aspen"), _("Rowan"))
STAFF = ("facilitator", "staff")
HIGH, IMMINENT = 3, 4  # tiers of docs/rules/escalation.md


class Refused(refused.Refused):
    """It would break a rule; `why` is the code for the facilitator's screen.

    "apart": people kept apart would share a room. "watch": somebody with an open high or imminent safety case would
    be without staff. "running": a round runs already. "no_last_time". "too_few", "too_many": for pairs.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"breakouts_{why}")
        self.why = why


# --- what is there ---


@dataclass(frozen=True)
class Scene:
    """A session's round and the people in it, read at one moment by one of the staff."""

    session: CareSession
    round: BreakoutRound | None
    at: datetime

    @classmethod
    def of(cls, session: CareSession, *, at: datetime, hold: bool = False) -> Scene:
        """Read the session; `hold` keeps the round from everybody else until the transaction ends."""
        rounds = BreakoutRound.objects.standing().filter(session=session)
        return cls(session, (rounds.select_for_update() if hold else rounds).first(), at)

    @property
    def runs(self) -> bool:
        return bool(self.round and self.round.opened_at)

    @cached_property
    def rooms(self) -> dict[UUID, BreakoutRoom]:
        return {room.pk: room for room in self.round.rooms.order_by("n")} if self.round else {}

    @cached_property
    def places(self) -> dict[UUID, UUID | None]:
        """Which room each seat belongs to; None: it stays in the group. Who came later is not in it."""
        return dict(self.round.places.values_list("seat_id", "room_id")) if self.round else {}

    @cached_property
    def everybody(self) -> dict[UUID, Neighbour]:
        """Whoever was let into the group or a breakout, by seat.

        Companions go where the site's device goes, helpers where the person goes they are with; neither is company.
        """
        return {
            row.id: row
            for row in Neighbour.of(self.session.pk)
            if row.state == SeatState.ADMITTED
            and in_treatment(row.place)
            and not row.companion
            and row.role != "helper"
        }

    @cached_property
    def staff(self) -> list[Neighbour]:
        return [row for row in self.everybody.values() if row.role in STAFF]

    @cached_property
    def watched(self) -> dict[UUID, int]:
        """Patients with an open high or imminent safety case, with its tier."""
        return dict(
            Case.objects.open()
            .filter(clinic_id=self.session.clinic_id, tier__gte=HIGH)
            .filter(patient_id__in=[who for party in self._people.values() for who in party])
            .values_list("patient_id", "tier")
        )

    @cached_property
    def parties(self) -> dict[UUID, Party]:
        return {
            seat: Party(seat, frozenset(people), watched=any(who in self.watched for who in people))
            for seat, people in self._people.items()
        }

    @cached_property
    def apart(self) -> set[frozenset[Any]]:
        """Pairs of patients who are kept apart, of those who are here."""
        here = [who for people in self._people.values() for who in people]
        pairs = NotTogether.objects.filter(first_id__in=here, second_id__in=here).values_list("first_id", "second_id")
        return {frozenset(pair) for pair in pairs}

    @cached_property
    def _people(self) -> dict[UUID, list[UUID]]:
        """The patients behind each seat: one, or those around the site's device."""
        return {
            row.id: [row.person_id] if row.person_id else self._on_site
            for row in self.everybody.values()
            if row.role not in STAFF
        }

    @cached_property
    def _on_site(self) -> list[UUID]:
        """Whoever is in front of the site's device, by the arrivals there; each once."""
        planned = self.session.roster.standing().filter(modality=Modality.ON_SITE).values_list("patient_id", flat=True)
        return companions.in_front_of_the_device(
            planned=planned,
            seen=companions.seen_on_site(self.session),
            at_home={row.person_id for row in self.everybody.values() if row.person_id},
        )

    def room_of(self, row: Neighbour) -> UUID | None:
        """Where somebody is (while prepared: will be); None is the group."""
        if not self.runs:
            return self.places.get(row.id)
        return UUID(row.place.removeprefix(BREAKOUT)) if row.place.startswith(BREAKOUT) else None

    def staffed(self, *, without: UUID | None = None) -> set[UUID | None]:
        """The rooms, and None for the group, in which one of the staff is now (while prepared: will be)."""
        return {
            self.room_of(row)
            for row in self.staff
            if row.id != without and (not self.runs or row.here(self.at) or row.reconnecting(self.at))
        }

    def settled_in(self, room: UUID | None, *, but: UUID) -> list[Party]:
        """The parties that belong to this room or are in it, whether their line holds now or not."""
        return [
            party
            for seat, party in self.parties.items()
            if seat != but and room in (self.places.get(seat), self.room_of(self.everybody[seat]))
        ]

    def may_enter(self, seat: UUID, room: UUID) -> bool:
        return assigning.may_enter(
            self.parties[seat],
            self.settled_in(room, but=seat),
            apart=self.apart,
            is_staffed=room in self.staffed(),
        )


def last_round(session: CareSession) -> BreakoutRound | None:
    """Return the last round of the last session of this series that had one."""
    if session.series_id is None:
        return None
    earlier = BreakoutRound.objects.filter(session__series_id=session.series_id, ended_at__isnull=False)
    return earlier.exclude(session=session).order_by("-opened_at").first()


# --- a facilitator prepares, opens, moves, closes ---


@transaction.atomic
def prepare(
    session: CareSession, *, rooms: int, how: str, minutes: int | None, late: str, by: Person, at: datetime
) -> BreakoutRound:
    """Make a round that only facilitators see, in place of one prepared before; staff keep their room's number.

    Everybody let in so far is assigned as `how` says; "hand" assigns nobody. Raises Refused.
    """
    scene = _held(session, by=by, at=at)
    if scene.runs:
        raise Refused("running")
    last = last_round(session) if how == "last_time" else None
    if how == "last_time" and last is None:
        raise Refused("no_last_time")
    staff = {row.id: scene.rooms[place].n for row in scene.staff if (place := scene.places.get(row.id))}
    try:
        count = _how_many(scene, how=how, rooms=rooms, last=last)
        staff = {seat: n for seat, n in staff.items() if n <= count}
        found = {} if how == "hand" else _assign(scene, how=how, rooms=count, staffed=set(staff.values()), last=last)
    except CannotAssign as error:
        raise Refused(error.why) from error
    _give_up(scene)
    made = _make(session, rooms=count, how=how, minutes=minutes, late=late, by=by, at=at)
    by_number = {room.n: room for room in made.rooms.all()}
    for room in by_number.values():
        # Nobody can go there yet, but those who lead hold its keys from now on, and are there first.
        admission.open_room(session, room.place, at=at)
    for seat, n in {**staff, **found}.items():
        _settle(made, seat, by_number[n].pk, by=by, at=at)
    trail.record("breakouts.prepare", thing=session, rooms=count, how=how)
    wake(admission.topic(session))
    return made


def _how_many(scene: Scene, *, how: str, rooms: int, last: BreakoutRound | None) -> int:
    if how == "pairs":
        return assigning.pair_rooms(sum(not party.watched for party in scene.parties.values()))
    return last.rooms.count() if last else rooms


def _assign(scene: Scene, *, how: str, rooms: int, staffed: set[int], last: BreakoutRound | None) -> Mapping[Any, int]:
    parties = assigning.shuffled(list(scene.parties.values()), below=secrets.randbelow)
    wanted = {}
    if last:
        before = {
            row.seat.person_id or row.seat.device_id: row.room.n
            for row in last.places.select_related("seat", "room")
            if row.room
        }
        seats = Seat.objects.filter(pk__in=scene.parties).values_list("pk", "person_id", "device_id")
        wanted = {seat: before[who] for seat, person, device in seats if (who := person or device) in before}
    return assigning.spread(parties, rooms=rooms, apart=scene.apart, staffed=staffed, wanted=wanted)


def _make(
    session: CareSession, *, rooms: int, how: str, minutes: int | None, late: str, by: Person, at: datetime
) -> BreakoutRound:
    made = BreakoutRound.objects.create(
        clinic_id=session.clinic_id,
        session=session,
        how=how,
        late=late,
        minutes=minutes,
        prepared_by=by,
        prepared_at=at,
    )
    with override(by.language):
        BreakoutRoom.objects.bulk_create(
            BreakoutRoom(clinic_id=session.clinic_id, round=made, n=n, name=str(name))
            for n, name in enumerate(NAMES[:rooms], start=1)
        )
    return made


@transaction.atomic
def place(session: CareSession, seat_id: UUID, room_id: UUID | None, *, by: Person, at: datetime) -> None:
    """Give a seat its room, or the group; while rooms run, it goes there at once. Raises Refused, Http404."""
    scene = _held(session, by=by, at=at)
    if scene.round is None or seat_id not in scene.everybody or (room_id and room_id not in scene.rooms):
        raise Http404
    if seat_id in scene.parties and room_id:
        party, there = scene.parties[seat_id], scene.settled_in(room_id, but=seat_id)
        if not assigning.may_enter(party, there, apart=scene.apart, is_staffed=True):
            raise Refused("apart")
        # While rooms are prepared the answer may still change: whoever opens them is told.
        if scene.runs and not scene.may_enter(seat_id, room_id):
            raise Refused("watch")
    if scene.runs:
        _go(scene, seat_id, room_id, by=by)
    _settle(scene.round, seat_id, room_id, by=by, at=at)
    wake(admission.topic(session))


@transaction.atomic
def open_rooms(session: CareSession, *, by: Person, at: datetime) -> BreakoutRound:
    """Bring everybody to their room; whoever has none stays in the group. Raises Refused, Http404."""
    scene = _held(session, by=by, at=at)
    round_ = scene.round
    if round_ is None or round_.opened_at:
        raise Http404
    assignment: dict[UUID, UUID] = {seat: room for seat in scene.everybody if (room := scene.places.get(seat))}
    if assigning.together(assignment, scene.parties.values(), scene.apart):
        raise Refused("apart")
    if _left_alone(scene, scene.staffed()):
        raise Refused("watch")
    round_.opened_at = at
    round_.ends_at = at + timedelta(minutes=round_.minutes) if round_.minutes else None
    round_.save(update_fields=["opened_at", "ends_at"])
    for seat_id in scene.everybody:
        if room_id := scene.places.get(seat_id):
            _move(session, seat_id, scene.rooms[room_id].place, by=by, at=at)
        elif seat_id in scene.parties:
            _settle(round_, seat_id, None, by=by, at=at)
    trail.record("breakouts.open", thing=session)
    wake(admission.topic(session))
    return round_


def _left_alone(scene: Scene, staffed: Iterable[UUID | None]) -> list[UUID]:
    """Return the seats under watch in a breakout that is not staffed."""
    return [
        seat
        for seat, party in scene.parties.items()
        if party.watched and (room := scene.room_of(scene.everybody[seat])) and room not in staffed
    ]


@transaction.atomic
def discard(session: CareSession, *, by: Person, at: datetime) -> None:
    """Give up a round that was prepared. Raises Http404."""
    scene = _held(session, by=by, at=at)
    if scene.round is None or scene.runs:
        raise Http404
    _give_up(scene)
    wake(admission.topic(session))


def _give_up(scene: Scene) -> None:
    """Delete the round that was prepared, if one was, and end its media rooms, in which nobody ever was."""
    if scene.round:
        places = [room.place for room in scene.rooms.values()]
        LiveRoom.objects.filter(session=scene.session, place__in=places, ended_at=None).update(ended_at=scene.at)
        scene.round.delete()


@transaction.atomic
def extend(session: CareSession, *, minutes: int, by: Person, at: datetime) -> None:
    """So much longer than planned, or than now where no end was set; takes an announced closing back."""
    round_ = _running(session, by=by, at=at)
    round_.ends_at = (round_.ends_at or at) + timedelta(minutes=minutes)
    round_.closing_at = None
    round_.save(update_fields=["ends_at", "closing_at"])
    wake(admission.topic(session))


@transaction.atomic
def close(session: CareSession, *, seconds: int, by: Person, at: datetime) -> None:
    """Announce the way back in every room; after `seconds` everybody is in the group again. Raises Http404."""
    round_ = _running(session, by=by, at=at)
    if seconds == 0:
        BreakoutRound.end(session.pk, at=at, due=False)
    else:
        round_.closing_at, round_.ends_at = at, at + timedelta(seconds=seconds)
        round_.save(update_fields=["closing_at", "ends_at"])
    trail.record("breakouts.close", thing=session)
    wake(admission.topic(session))


@transaction.atomic
def say(session: CareSession, *, text: str, by: Person, at: datetime) -> None:
    """Write a line to all rooms."""
    round_ = _running(session, by=by, at=at)
    BreakoutMessage.objects.create(clinic_id=session.clinic_id, round=round_, by=by, text=text.strip(), at=at)
    trail.record("breakouts.say", thing=session)
    wake(admission.topic(session))


@transaction.atomic
def hop(session: CareSession, room_id: UUID | None, *, by: Person, at: datetime) -> None:
    """A facilitator goes to a room, or back to the group; whoever asked for help there is answered.

    Raises Refused("watch") where a person under watch would be left in a breakout without staff, and Http404.
    """
    scene = _held(session, by=by, at=at)
    if room_id and not (scene.runs and room_id in scene.rooms):
        raise Http404
    mine = next((row for row in scene.staff if row.person_id == by.pk), None)
    if mine and scene.runs:
        staffed = scene.staffed(without=mine.id) | {room_id}
        before, after = _left_alone(scene, scene.staffed()), _left_alone(scene, staffed)
        if set(after) - set(before):
            raise Refused("watch")
    to = scene.rooms[room_id].place if room_id else Place.GROUP
    admission.sit_with(session, by=by, place=to, at=at)
    if room_id:
        _answer(session, to, at=at)


def _answer(session: CareSession, to: str, *, at: datetime) -> None:
    HelpCall.objects.filter(seat__session=session, seat__place=to, ended_at=None).update(ended_at=at, ended="answered")


# --- whoever is in a room ---


def may_ask_help(seat: Seat) -> bool:
    return (
        seat.role not in STAFF
        and not seat.companion
        and seat.state == SeatState.ADMITTED
        and seat.place.startswith(BREAKOUT)
    )


@transaction.atomic
def ask_help(seat: Seat, *, asks: bool, key: UUID | None = None, at: datetime) -> None:
    """Ask the facilitators to come, or no longer. Sent twice (`key` is the device's) it is one call.

    Raises PermissionDenied outside a breakout.
    """
    if not may_ask_help(seat):
        raise PermissionDenied
    if asks:
        _call(seat, key=key, at=at)
    else:
        HelpCall.objects.filter(seat=seat, ended_at=None).update(ended_at=at, ended="withdrawn")
    # Not the room's topic: nobody else's socket has anything to look at.
    wake(signals.lead_topic(seat.session_id))
    wake(signals.seat_topic(seat.pk))


def _call(seat: Seat, *, key: UUID | None, at: datetime) -> None:
    if key and _has_called(seat, key):
        return
    _, is_new = HelpCall.objects.get_or_create(
        seat=seat, ended_at=None, defaults={"clinic_id": seat.clinic_id, "key": key, "asked_at": at}
    )
    if is_new:
        trail.record("breakouts.ask-help", patient=seat.person_id, thing=seat)


def _has_called(seat: Seat, key: UUID) -> bool:
    return HelpCall.objects.filter(seat=seat, key=key).exists()


def ask_late(seat: Seat, *, key: UUID, by: Any, at: datetime) -> None:
    """A call for help from a breakout whose line came back when the rooms had ended: it still reaches those who lead.

    A patient's comes as *needs a word*. Raises PermissionDenied for everybody else, who is told that it was not sent.
    """
    if seat.person_id == by.pk and _has_called(seat, key):
        return
    signals.tap(seat, key=key, kind="word", by=by, at=at)


# --- what happens by itself ---


def keep_time(seat: Seat, *, at: datetime) -> list[str]:
    """End the round if its time is over, whoever looks first; return the places that ended.

    Needs no worker and no facilitator: a round cannot outlive its time while anybody is in it.
    """
    if seat.role != "facilitator" and not seat.place.startswith(BREAKOUT):
        return []
    ended = BreakoutRound.end(seat.session_id, at=at, due=True)
    if ended:
        wake(admission.topic(seat.session))
    return ended


def tend(session: CareSession, *, at: datetime) -> bool:
    """Put right what changed since somebody last looked; return whether anything was. Read as one of the staff.

    Late arrivals, and people who were let in again, go to their room. A person under watch whose room has lost its
    staff comes to where staff are; if staff are nowhere, they stay, and every facilitator is told.
    """
    if not Scene.of(session, at=at).runs:
        return False
    with transaction.atomic():
        scene = Scene.of(session, at=at, hold=True)
        if scene.round is None or not scene.runs:
            return False
        moved = _place_late(scene) + _bring_to_staff(scene)
        if moved:
            wake(admission.topic(session))
    return bool(moved)


def _place_late(scene: Scene) -> list[UUID]:
    moved = []
    for seat, party in scene.parties.items():
        if scene.room_of(scene.everybody[seat]) is not None or scene.places.get(seat, "late") is None:
            continue
        room = scene.places.get(seat)
        if room is None and scene.round and scene.round.late == "smallest":
            room = _smallest(scene, seat, party)
        if room and scene.may_enter(seat, room):
            _go(scene, seat, room, by=None)
            _settle(scene.round, seat, room, by=None, at=scene.at)
            # Those who come after must see this one there.
            scene.places[seat] = room
            moved.append(seat)
    return moved


def _smallest(scene: Scene, seat: UUID, party: Party) -> UUID | None:
    by_number = {room.n: room.pk for room in scene.rooms.values()}
    there = {n: scene.settled_in(room, but=seat) for n, room in by_number.items()}
    staffed = [n for n, room in by_number.items() if room in scene.staffed()]
    n = assigning.smallest(party, there, apart=scene.apart, staffed=staffed)
    return by_number[n] if n else None


def _bring_to_staff(scene: Scene) -> list[UUID]:
    moved = []
    staffed = scene.staffed()
    for seat in _left_alone(scene, staffed):
        rooms = [room for room in scene.rooms if room in staffed and scene.may_enter(seat, room)]
        if None not in staffed and not rooms:
            continue
        to = None if None in staffed else rooms[0]
        _go(scene, seat, to, by=None)
        _settle(scene.round, seat, to, by=None, at=scene.at)
        moved.append(seat)
    return moved


# --- inside the verbs ---


def _held(session: CareSession, *, by: Person, at: datetime) -> Scene:
    if admission.role_in(session, by) != "facilitator":
        raise PermissionDenied
    return Scene.of(session, at=at, hold=True)


def _running(session: CareSession, *, by: Person, at: datetime) -> BreakoutRound:
    scene = _held(session, by=by, at=at)
    if scene.round is None or not scene.runs:
        raise Http404
    return scene.round


def _settle(round_: BreakoutRound | None, seat: UUID, room: UUID | None, *, by: Person | None, at: datetime) -> None:
    assert round_ is not None
    BreakoutSeat.objects.update_or_create(
        round=round_,
        seat_id=seat,
        defaults={"clinic_id": round_.clinic_id, "room_id": room, "by": by, "at": at},
    )


def _go(scene: Scene, seat: UUID, room: UUID | None, *, by: Person | None) -> None:
    row = scene.everybody[seat]
    if row.role in STAFF:
        staffed = scene.staffed(without=seat) | {room}
        if set(_left_alone(scene, staffed)) - set(_left_alone(scene, scene.staffed())):
            raise Refused("watch")
    to = scene.rooms[room].place if room else Place.GROUP
    _move(scene.session, seat, to, by=by, at=scene.at)
    if room and row.role in STAFF:
        _answer(scene.session, scene.rooms[room].place, at=scene.at)
    elif room is None:
        # Back in the group they are with everybody: nobody has to come to them any more.
        HelpCall.objects.filter(seat_id=seat, ended_at=None).update(ended_at=scene.at, ended="answered")


def _move(session: CareSession, seat_id: UUID, to: str, *, by: Person | None, at: datetime) -> None:
    seat = Seat.objects.select_related("person", "session").get(pk=seat_id, session=session)
    if seat.state != SeatState.ADMITTED or not in_treatment(seat.place):
        raise Http404
    seat.place = to
    seat.save(update_fields=["place"])
    if seat.role == "site":
        companions.follow(session, to)
    admission.note(seat, "moved to a breakout" if to.startswith(BREAKOUT) else "moved to the group", by=by, at=at)
