"""Breakouts in the protocol's words: one's own room for whoever sits in it, all of them for facilitators."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from openiop.room import protocol
from openiop.room.breakouts import IMMINENT, STAFF, Scene, last_round
from openiop.room.models import BREAKOUT, BreakoutRound, HelpCall, MyBreakout, Neighbour, Seat
from openiop.schedule.models import CareSession


def mine(seat: Seat) -> protocol.MyBreakout | None:
    """Return the breakout this seat's viewer is in; the database says what of it is theirs."""
    room = MyBreakout.of(seat.session_id) if seat.place.startswith(BREAKOUT) else None
    if room is None:
        return None
    message = None
    if room.message_id and room.message_at:
        message = protocol.BreakoutMessage(
            id=room.message_id, text=room.message, by=room.message_by, at=room.message_at
        )
    return protocol.MyBreakout(
        name=room.name, ends_at=room.ends_at, closing=room.closing, asked_at=room.asked_at, message=message
    )


def all_of(session: CareSession, *, at: datetime) -> protocol.Breakouts:
    """Return everything a facilitator may know: rooms, who is where, who asks, who is alone, whom not to leave."""
    scene = Scene.of(session, at=at)
    round_ = scene.round
    if round_ is None:
        return protocol.Breakouts(phase="none", last_time=last_round(session) is not None, people=_people(scene))
    staffed = scene.staffed()
    return protocol.Breakouts(
        phase=cast(Literal["prepared", "running", "closing"], round_.phase),
        how=cast(Literal["hand", "random", "pairs", "last_time"], round_.how),
        late=cast(Literal["smallest", "ask"], round_.late),
        minutes=round_.minutes,
        opened_at=round_.opened_at,
        ends_at=round_.ends_at,
        last_time=not scene.runs and last_round(session) is not None,
        rooms=[
            protocol.BreakoutRoom(room=room.pk, name=room.name, staffed=room.pk in staffed)
            for room in scene.rooms.values()
        ],
        people=_people(scene),
        apart=_apart(scene),
        message=_message(round_) if scene.runs else None,
    )


def _people(scene: Scene) -> list[protocol.BreakoutPerson]:
    calls = dict(
        HelpCall.objects.filter(seat__session=scene.session, ended_at=None).values_list("seat_id", "asked_at")
        if scene.runs
        else []
    )
    return [_person(scene, row, asked_at=calls.get(row.id)) for row in scene.everybody.values()]


def _person(scene: Scene, row: Neighbour, *, asked_at: datetime | None) -> protocol.BreakoutPerson:
    room, staffed = scene.room_of(row), scene.staffed()
    party = scene.parties.get(row.id) if scene.round else None
    tier = max((scene.watched.get(who, 0) for who in party.people), default=0) if party else 0
    watch: Literal["high", "imminent"] = "imminent" if tier >= IMMINENT else "high"
    return protocol.BreakoutPerson(
        seat=row.id,
        name=row.called,
        role=cast("protocol.Role", row.role),
        here=row.here(scene.at),
        room=room,
        alone=scene.runs and _is_alone(scene, row, room),
        watch=watch if tier else None,
        unattended=bool(tier) and room not in staffed and (scene.runs or room is not None),
        asked_at=asked_at,
    )


def _is_alone(scene: Scene, row: Neighbour, room: UUID | None) -> bool:
    """Is this patient by themselves now? Around the site's device nobody is."""
    if row.role in (*STAFF, "site") or not row.here(scene.at):
        return False
    return not any(
        other.here(scene.at) and scene.room_of(other) == room
        for other in scene.everybody.values()
        if other.id != row.id
    )


def _apart(scene: Scene) -> list[tuple[UUID, UUID]]:
    parties = list(scene.parties.items())
    return [
        (seat, other_seat)
        for n, (seat, party) in enumerate(parties)
        for other_seat, other in parties[n + 1 :]
        if any(frozenset((one, two)) in scene.apart for one in party.people for two in other.people)
    ]


def _message(round_: BreakoutRound) -> protocol.BreakoutMessage | None:
    said = round_.messages.select_related("by").order_by("-at", "-pk").first()
    return protocol.BreakoutMessage(id=said.pk, text=said.text, by=said.by.called, at=said.at) if said else None
