"""The leading tools in the protocol's words, each as its viewer may know it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from openiop.room import called, protocol
from openiop.room.leading import asides, calling, duty
from openiop.room.leading import chat as lines
from openiop.room.leading import floor as verbs
from openiop.room.leading.models import AsideAsk, ChatLine, DoorLock, DoorMessage, Spotlight, Stick
from openiop.room.models import BREAKOUT, BreakoutRoom, Neighbour, Seat, SeatState
from openiop.schedule.models import CareSession


def door_for_me(seat: Seat) -> protocol.DoorForMe:
    """What somebody who waits may know. Whoever was inside before may come back: for them it is not locked."""
    standing = seat.admitted_at is None and DoorLock.objects.filter(session=seat.session_id, opened_at=None).exists()
    mine, to_all = newest(seat.session, seat_id=seat.pk), newest(seat.session, seat_id=None)
    return protocol.DoorForMe(locked=standing, said=[said for said in (mine, to_all) if said])


def door_for_those_who_lead(session: CareSession) -> protocol.DoorLed:
    lock = DoorLock.objects.filter(session=session, opened_at=None).select_related("by").first()
    return protocol.DoorLed(
        locked_at=lock.at if lock else None,
        locked_by=lock.by.called if lock else "",
        said=newest(session, seat_id=None),
    )


def newest(session: CareSession, *, seat_id: UUID | None) -> protocol.DoorSaid | None:
    """What was written last to all (no seat) or to one person."""
    said = DoorMessage.objects.filter(session=session, seat=seat_id).order_by("-at", "-pk").first()
    return _said(said, Neighbour.of(session.pk)) if said else None


def newest_by_seat(session: CareSession, neighbours: list[Neighbour]) -> dict[UUID | None, protocol.DoorSaid]:
    """What was written last to each person to whom something was, by seat."""
    rows = DoorMessage.objects.filter(session=session, seat__isnull=False)
    last = rows.order_by("seat", "-at", "-pk").distinct("seat")
    return {said.seat_id: _said(said, neighbours) for said in last}


def _said(said: DoorMessage, neighbours: list[Neighbour]) -> protocol.DoorSaid:
    preset = cast("protocol.DoorPreset | None", said.preset or None)
    return protocol.DoorSaid(id=said.pk, preset=preset, text=said.text, by=_called(said.by_id, neighbours), at=said.at)


def _called(person_id: UUID, neighbours: list[Neighbour]) -> str:
    """One of those who lead, by the name that whoever has a seat may know; a guest reads no other person's row."""
    return next((row.called for row in neighbours if row.person_id == person_id), "")


def floor(seat: Seat) -> protocol.FloorNow:
    """What everybody where this seat is sees alike. Who has gone since holds no stick and is in no light there."""
    here = {"session": seat.session_id, "place": seat.place}
    lit = Spotlight.objects.filter(**here).order_by("at")
    stick = Stick.objects.filter(**here).first()
    return protocol.FloorNow(
        spotlit=[row.seat_id for row in lit],
        stick=protocol.StickNow(seat=stick.seat_id, at=stick.at) if stick else None,
    )


def asked_to_speak(seat: Seat, *, at: datetime) -> protocol.SpeakAsked | None:
    question = verbs.asked(seat, at=at)
    if question is None:
        return None
    return protocol.SpeakAsked(
        id=question.pk, by=_called(question.by_id, Neighbour.of(seat.session_id)), at=question.at
    )


def chat_mode(session: CareSession) -> protocol.ChatWord:
    return cast("protocol.ChatWord", lines.mode_of(session))


def chat(seat: Seat, room: protocol.Room) -> protocol.ChatNow | None:
    """What this viewer may read; None where the chat is not open to them."""
    if room.chat == "off":
        return None
    found = lines.read(seat)
    elsewhere = {line.place for line in found if line.place != seat.place}
    names = _names(elsewhere) if elsewhere else {}
    return protocol.ChatNow(lines=[_line(line, room=names.get(line.place, "")) for line in found])


def _names(places: set[str]) -> dict[str, str]:
    rooms = BreakoutRoom.objects.filter(pk__in=[p.removeprefix(BREAKOUT) for p in places if p.startswith(BREAKOUT)])
    return {room.place: room.name for room in rooms}


def _line(line: ChatLine, *, room: str) -> protocol.ChatLineNow:
    return protocol.ChatLineNow(
        id=line.pk,
        key=line.key,
        seat=line.seat_id,
        name=line.name,
        role=cast("Literal['patient', 'supporter', 'facilitator', 'staff']", line.role),
        to=cast("Literal['everyone', 'facilitators']", line.to),
        room=room,
        text=line.text,
        removed=line.removed_by_id is not None,
        at=line.at,
    )


def others_who_lead(mine: Seat, *, at: datetime) -> list[protocol.Leader]:
    """Whom one may ask to go to a private place; in the room first."""
    assert mine.person is not None  # who leads is a person
    free = asides.free_here(mine.session, at=at)
    people = [
        protocol.Leader(person=person.pk, name=person.called, free=person.pk in free)
        for person in asides.others_who_lead(mine.session, than=mine.person)
    ]
    return sorted(people, key=lambda person: not person.free)


def asides_asked(session: CareSession, neighbours: list[Neighbour], *, at: datetime) -> list[protocol.AsideAsked]:
    there = {row.person_id for row in neighbours if row.role == "called" and (row.here(at) or row.reconnecting(at))}
    return [
        protocol.AsideAsked(
            id=row.pk,
            seat=row.seat_id,
            name=row.seat.person.called if row.seat.person else "",
            whom=row.whom_id,
            whom_name=row.whom.called,
            by=row.by_id,
            by_name=row.by.called,
            at=row.at,
            declined=row.ended == "declined",
            called=row.called,
            word=_word(row, session, is_there=row.whom_id in there, at=at),
        )
        for row in asides.newest(session, at=at)
    ]


def _word(row: AsideAsk, session: CareSession, *, is_there: bool, at: datetime) -> called.Word:
    if not row.called:
        return "declined" if row.ended else "asked"
    row.session = session
    return cast("called.Word", calling.word(row, at=at, is_there=is_there))


def on_duty(session: CareSession, neighbours: list[Neighbour], *, at: datetime) -> list[protocol.OnDuty]:
    """Whom one may call though they do not lead, to the patients who are inside."""
    seats = {row.person_id: row.id for row in neighbours if row.role == "patient" and row.state == SeatState.ADMITTED}
    return [
        protocol.OnDuty(
            person=row.person,
            name=row.name,
            because=cast("Literal['on_call', 'therapist', 'director']", row.because),
            seat=seats[row.patient] if row.patient else None,
        )
        for row in duty.on_duty(session, seats, at=at)
    ]


def alone(neighbours: list[Neighbour], *, at: datetime) -> list[protocol.Alone]:
    return [protocol.Alone(seat=row.id, name=row.called) for row in duty.alone_aside(neighbours, at=at)]
