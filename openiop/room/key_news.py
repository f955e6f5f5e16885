"""What a browser is told of its rooms' keys: who may hold them, where each group stands, and each blob once.

A facilitator holds the keys of the group and of every breakout at once, whichever they sit in, so that going over needs
no exchange (docs/decisions/0011). Everybody else holds those of the room they are in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from openiop.room import protocol
from openiop.room.models import (
    KeyCommit,
    KeyPackage,
    KeyRoster,
    KeyWelcome,
    LiveRoom,
    Neighbour,
    Seat,
    SeatState,
    in_treatment,
)
from openiop.schedule.models import CareSession

SIGNERS = ("facilitator", "staff")


class Told(NamedTuple):
    """What one socket has been told of one room already, so that blobs travel once."""

    package: UUID | None = None
    epoch: int = -1


ToldOf = Mapping[UUID, Told]


def held_by(seat: Seat, standing: Iterable[LiveRoom]) -> dict[UUID, str]:
    """Of a session's rooms that have not ended, those whose keys this seat holds, with their places; its own first."""
    if seat.state != SeatState.ADMITTED or seat.companion:
        return {}
    places = {room.pk: room.place for room in standing if room.ended_at is None}
    mine = {pk: place for pk, place in places.items() if place == seat.place}
    leads = seat.role == "facilitator" and bool(mine)
    return mine | {pk: place for pk, place in places.items() if leads and in_treatment(place)}


def rooms_of(seat: Seat) -> dict[UUID, str]:
    """The media rooms whose keys this seat holds, with their places, its own first; none at the door."""
    return held_by(seat, LiveRoom.objects.filter(session=seat.session_id))


def holds(row: Neighbour, place: str, *, at: datetime) -> bool:
    """Does this seat hold the keys of this place? Its line may be open, or broken a moment ago."""
    leads = row.role == "facilitator" and in_treatment(place)
    is_there = row.state == SeatState.ADMITTED and not row.companion and (row.place == place or leads)
    return is_there and (row.here(at) or row.reconnecting(at))


def current(session: CareSession, places: Mapping[UUID, str], *, at: datetime) -> dict[UUID, list[KeyPackage]]:
    """By room, the newest package of each seat that holds its keys now."""
    people = Neighbour.of(session.pk)
    holders = {room: {row.id for row in people if holds(row, place, at=at)} for room, place in places.items()}
    newest: dict[UUID, dict[UUID, KeyPackage]] = {room: {} for room in places}
    for row in KeyPackage.objects.filter(live_room_id__in=places).order_by("seat", "turn"):
        if row.seat_id in holders[row.live_room_id]:
            newest[row.live_room_id][row.seat_id] = row
    return {room: list(found.values()) for room, found in newest.items()}


def news(
    seat: Seat, told: ToldOf, *, at: datetime, word: protocol.Word
) -> tuple[list[protocol.KeysNow], dict[UUID, Told]]:
    """Return where the keys of this viewer's rooms stand, their own first, and what they will have been told then.

    Nothing where the session is sealed to the media server only (`word`): whoever comes back to more holds nothing of
    before.
    """
    places = rooms_of(seat) if word == "end_to_end" else {}
    if not places:
        return [], {}
    packages = current(seat.session, places, at=at)
    commits = _commits(places)
    roster = _roster(seat.session)
    vouch = _vouch(seat) if seat.role in SIGNERS else None
    said, now = [], {}
    for live_room, place in places.items():
        keys, now[live_room] = _of_room(seat, live_room, packages[live_room], commits[live_room], told.get(live_room))
        said.append(keys.model_copy(update={"roster": roster, "vouch": vouch if place == seat.place else None}))
    return said, now


def _of_room(
    seat: Seat, live_room: UUID, packages: list[KeyPackage], commits: list[KeyCommit], told: Told | None
) -> tuple[protocol.KeysNow, Told]:
    mine = next((row.pk for row in packages if row.seat_id == seat.pk and row.connection == seat.connection), None)
    welcome = KeyWelcome.objects.filter(package_id=mine).order_by("-epoch").first() if mine else None
    since = _since(commits, welcome, mine)
    told_epoch = told.epoch if told and told.package == mine else -1
    fresh = [row for row in commits if since is not None and row.epoch > max(since, told_epoch)]
    newest = commits[-1] if commits else None
    return protocol.KeysNow(
        room=live_room,
        mine=mine,
        epoch=newest.epoch if newest else -1,
        members=[UUID(pk) for pk in newest.members] if newest else [],
        packages=[_package(row) for row in packages if row.able],
        cannot=[row.seat_id for row in packages if not row.able] if seat.role in SIGNERS else [],
        commits=[_epoch(row) for row in fresh],
        welcome=_welcome(welcome) if welcome and welcome.epoch > told_epoch else None,
    ), Told(mine, newest.epoch if newest else -1)


def _commits(rooms: Iterable[UUID]) -> dict[UUID, list[KeyCommit]]:
    """By room, in order. A commit's blob is read only where somebody has to be told of it."""
    found: dict[UUID, list[KeyCommit]] = {room: [] for room in rooms}
    for row in KeyCommit.objects.filter(live_room_id__in=found).defer("commit").order_by("epoch"):
        found[row.live_room_id].append(row)
    return found


def _since(commits: list[KeyCommit], welcome: KeyWelcome | None, mine: UUID | None) -> int | None:
    """From which epoch on this package can follow: where it founded the group, or was welcomed."""
    founded = [row.epoch for row in commits if row.found and row.package_id == mine]
    begun = founded + ([welcome.epoch] if welcome else [])
    return max(begun) if begun else None


def _vouch(seat: Seat) -> list[protocol.EntryNow]:
    """Everybody who was let in, with the key that their sign-in brought last."""
    inside = [row.id for row in Neighbour.of(seat.session_id) if row.state in (SeatState.ADMITTED, SeatState.LEFT)]
    rows = KeyPackage.objects.filter(session=seat.session, seat_id__in=inside, able=True).order_by("seat", "turn")
    keys = rows.values_list("seat_id", "key")
    return [protocol.EntryNow(seat=who, key=key) for who, key in dict(keys).items()]


def _roster(session: CareSession) -> protocol.RosterNow | None:
    row = KeyRoster.objects.filter(session=session).order_by("-version").first()
    if row is None:
        return None
    entries = [protocol.EntryNow(**entry) for entry in row.entries]
    return protocol.RosterNow(
        version=row.version, by=row.seat_id, role=row.role, key=row.key, entries=entries, signature=row.signature
    )


def _package(row: KeyPackage) -> protocol.PackageNow:
    return protocol.PackageNow(id=row.pk, seat=row.seat_id, role=row.role, key=row.key, package=row.package)


def _epoch(row: KeyCommit) -> protocol.EpochNow:
    members = [UUID(pk) for pk in row.members]
    return protocol.EpochNow(
        epoch=row.epoch, found=row.found, package=row.package_id, commit=row.commit, members=members
    )


def _welcome(row: KeyWelcome) -> protocol.WelcomeNow:
    return protocol.WelcomeNow(package=row.package_id, epoch=row.epoch, welcome=row.welcome)
