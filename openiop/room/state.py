"""The whole state of a room as one viewer may see it, from rows to the protocol's words."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast

from django.urls import reverse

from openiop.room import (
    admission,
    breakout_state,
    called,
    care,
    encryption,
    guests,
    key_news,
    protocol,
    signals,
    staffing,
    still,
)
from openiop.room.cards import agenda
from openiop.room.cards import telling as cards
from openiop.room.leading import telling as leading
from openiop.room.missing import WORDS, missing_by_seat
from openiop.room.models import ASIDE, LiveRoom, Neighbour, Place, Seat, SeatState, in_treatment
from openiop.room.on_site import people_on_site
from openiop.room.together import telling
from openiop.schedule import kinds
from openiop.schedule.models import Block, CareSession

MyState = Literal["waiting", "admitted", "private", "removed", "sent_back", "ended"]


def room_for(seat: Seat, *, at: datetime) -> protocol.Room:
    """Return what the person in `seat` may know at `at`.

    Who waits learns of nobody but the facilitator: other patients' presence is not theirs to know.
    """
    session = seat.session
    rooms = {room.place: room for room in LiveRoom.objects.filter(session=session)}
    neighbours = Neighbour.of(session.pk)
    ended = Place.GROUP in rooms and rooms[Place.GROUP].ended_at is not None
    inside = seat.state == SeatState.ADMITTED and not ended
    paused = inside and in_treatment(seat.place) and staffing.is_paused(session, neighbours, at=at)
    halted = paused and seat.role not in ("facilitator", "staff")
    leads = seat.role == "facilitator" and inside
    block = agenda.now_at(session, at=at)
    return protocol.Room(
        now=at,
        room=str(rooms[seat.place].pk) if seat.place in rooms else "",
        session=_session(session, block, phase=_phase(rooms, ended=ended)),
        me=protocol.Me(
            seat=seat.pk,
            role=cast("protocol.Role", seat.role),
            state=_my_state(seat, ended=ended),
            talk="contact_only" if seat.role == "patient" and _is_apart(seat) else "treatment",
            companion=seat.companion,
            enters_muted=seat.role in admission.WAITS and not _is_apart(seat) and _enters_muted(session, block, at=at),
        ),
        host=_host(neighbours, at=at),
        seats=_seats([row for row in neighbours if inside and _in(row, seat.place)], session, at=at),
        waiting=_waiting(session, neighbours, at=at) if leads else [],
        paused=halted,
        door=leading.door_for_me(seat) if _waits(seat, ended=ended) else None,
        breakout=breakout_state.mine(seat) if inside else None,
        breakouts=breakout_state.all_of(session, at=at) if leads else None,
        together=telling.for_everybody(seat, at=at) if inside else None,
        card=cards.card_for(seat) if inside and not halted else None,
        floor=leading.floor(seat) if inside else None,
        asked_to_speak=leading.asked_to_speak(seat, at=at) if inside else None,
        my_signal=_my_signal(seat),
        still=still.for_me(seat, block, halted=halted, at=at) if inside else None,
        lead=_lead(seat, neighbours, rooms, block, at=at) if leads else None,
        company=called.company(seat) if inside else None,
        called=called.place_of(seat, neighbours) if inside else None,
        chat=leading.chat_mode(session) if inside and not halted and seat.role != called.CALLED else "off",
        encryption=encryption.word_for(session),
    )


def _phase(rooms: dict[str, LiveRoom], *, ended: bool) -> Literal["before", "open", "ended"]:
    if ended:
        return "ended"
    return "open" if Place.GROUP in rooms else "before"


def _session(
    session: CareSession, now: Block | None, *, phase: Literal["before", "open", "ended"]
) -> protocol.SessionNow:
    return protocol.SessionNow(
        id=session.pk,
        title=session.name,
        block=now.title if now else "",
        starts_at=session.begins_at,
        ends_at=session.ends_at,
        phase=phase,
    )


def _enters_muted(session: CareSession, now: Block | None, *, at: datetime) -> bool:
    return kinds.enters_muted(session.blocks.all(), now, at=at)


def _my_state(seat: Seat, *, ended: bool) -> MyState:
    if ended:
        return "ended"
    if seat.state == SeatState.LEFT:
        return "waiting"
    if seat.state == SeatState.ADMITTED and _is_apart(seat) and seat.role != "patient":
        return "private"
    return cast(MyState, seat.state)


def _waits(seat: Seat, *, ended: bool) -> bool:
    return seat.role in admission.WAITS and _my_state(seat, ended=ended) in ("waiting", "sent_back")


def _is_apart(seat: Seat) -> bool:
    return seat.place == Place.CONTACT or seat.place.startswith(ASIDE)


def _in(row: Neighbour, place: str) -> bool:
    return row.state == SeatState.ADMITTED and row.place == place


def _host(neighbours: list[Neighbour], *, at: datetime) -> protocol.Host | None:
    hosts = [row for row in neighbours if row.role == "facilitator"]
    here = [row for row in hosts if row.state == SeatState.ADMITTED and row.here(at)]
    found = (here or hosts)[:1]
    return protocol.Host(name=found[0].called, here=bool(here)) if found else None


def _seats(rows: list[Neighbour], session: CareSession, *, at: datetime) -> list[protocol.Seat]:
    """Everybody in the same place; the site's device stands for the people in front of it."""
    on_site = people_on_site(session.pk) if any(row.role == "site" for row in rows) else []
    return [_seat(row, at=at, people=on_site if row.role == "site" else []) for row in rows]


def _seat(row: Neighbour, *, at: datetime, people: list[str]) -> protocol.Seat:
    return protocol.Seat(
        seat=row.id,
        name=row.called,
        role=cast("protocol.Role", row.role),
        here=row.here(at),
        hand_at=row.hand_at,
        audio=row.audio,
        video=row.video,
        saving=row.saving,
        feed=row.feed or None,
        reconnecting=row.reconnecting(at),
        people=people,
        companion=row.companion,
        helps=_helps(row),
    )


def _helps(row: Neighbour) -> protocol.HelpsNow | None:
    if row.helps is None:
        return None
    kind = cast("protocol.HelpWord", row.helps)
    return protocol.HelpsNow(kind=kind, language=row.helps_language or "", pinned=bool(row.pinned))


def _waiting(session: CareSession, neighbours: list[Neighbour], *, at: datetime) -> list[protocol.Waiting]:
    """Those at the door now, those removed who knock again, and those who are with staff but not in treatment.

    A helper is here only once a facilitator has put them out: one whose person is not in comes with them, unasked.
    """
    outside = [
        row
        for row in neighbours
        if row.role in (*admission.WAITS, "helper")
        and (
            (row.state in admission.OUTSIDE and (row.role, row.state) != ("helper", SeatState.WAITING))
            or (row.state == SeatState.REMOVED and row.here(at))
            or (_in(row, Place.CONTACT) and row.role != "helper")
        )
    ]
    seats = Seat.objects.filter(pk__in=[row.id for row in outside]).select_related("person", "session")
    at_the_door = {seat.pk: seat for seat in seats}
    missing = missing_by_seat(session, list(at_the_door.values()), at=at)
    told = leading.newest_by_seat(session, neighbours)
    guest_of = guests.here_for(session, at=at) if any(row.role == "supporter" for row in outside) else {}
    at_risk = care.at_risk(row.person_id for row in outside)
    return [
        protocol.Waiting(
            seat=row.id,
            name=row.called,
            since=row.asked_at,
            ready=not missing[row.id],
            missing=[str(WORDS[code]) for code in missing[row.id] + _removed(row)],
            door=reverse("door-help", args=[session.pk, row.id]) if row.role == "patient" else "",
            here_for=guest_of.get(row.person_id, ""),
            with_staff=_in(row, Place.CONTACT),
            network=cast("protocol.NetworkWord | None", at_the_door[row.id].network or None),
            at_risk=row.person_id in at_risk,
            was_inside=at_the_door[row.id].admitted_at is not None,
            told=told.get(row.id),
        )
        for row in outside
    ]


def _removed(row: Neighbour) -> list[str]:
    return ["removed"] if row.state == SeatState.REMOVED else []


def _my_signal(seat: Seat) -> protocol.MySignal | None:
    mine = signals.latest_of(seat) if seat.role == "patient" else None
    if mine is None:
        return None
    signal, given = mine
    return protocol.MySignal(
        id=signal.key,
        kind=cast(protocol.SignalWord, signal.kind),
        at=signal.at,
        answer=cast(protocol.SignalReply, given.preset) if given else None,
        answered_by=given.by.called if given else "",
    )


def _lead(
    mine: Seat, neighbours: list[Neighbour], rooms: dict[str, LiveRoom], block: Block | None, *, at: datetime
) -> protocol.Lead:
    session = mine.session
    return protocol.Lead(
        aside=_aside(mine, neighbours),
        unstaffed=not staffing.led_now(neighbours, at=at),
        signals=_signals(session, at=at),
        care=[
            protocol.Cared(
                seat=row.seat.id,
                name=row.seat.called,
                at_risk=row.at_risk,
                lost_since=row.lost_since,
                untouched_since=row.untouched_since,
                page=reverse("room-person", args=[session.pk, row.seat.id]),
            )
            for row in care.on_the_rail(session, neighbours, at=at)
        ],
        together=telling.for_those_who_lead(mine, at=at),
        door=leading.door_for_those_who_lead(session),
        others=leading.others_who_lead(mine, at=at),
        asides=leading.asides_asked(session, neighbours, at=at),
        on_duty=leading.on_duty(session, neighbours, at=at),
        alone=leading.alone(neighbours, at=at),
        key_rooms=list(key_news.held_by(mine, rooms.values())),
        agenda=cards.agenda_for(session, block),
    )


def _aside(mine: Seat, neighbours: list[Neighbour]) -> protocol.AsideNow | None:
    called = [row for row in neighbours if mine.place == f"{ASIDE}{row.id}"]
    return next((protocol.AsideNow(seat=row.id, name=row.called, there=_in(row, mine.place)) for row in called), None)


def _signals(session: CareSession, *, at: datetime) -> list[protocol.SignalSeen]:
    return [
        protocol.SignalSeen(
            signal=signal.pk,
            seat=signal.seat_id,
            name=signal.patient.called,
            kind=cast(protocol.SignalWord, signal.kind),
            at=signal.at,
            answer=cast(protocol.SignalReply, given.preset) if given else None,
            answered_by=given.by.called if given else "",
        )
        for signal, given in signals.on_the_rail(session, at=at)
    ]
