"""Delivery of the keys with which people seal sound and picture from one to another (MLS, RFC 9420).

We hold no secret and open no blob. We keep one order (the first commit of an epoch is the only one), bind each
key package to the sign-in, seat and connection it came from, hand each welcome to its own connection, and forget all
of it when the session is over. What a browser must not take our word for, it checks itself: see frontend/room/e2ee.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from openiop.lib.ids import uuid7
from openiop.lib.wake import wake
from openiop.room import admission, encryption, key_news, protocol
from openiop.room.models import KeyCommit, KeyPackage, KeyRoster, KeyWelcome, Seat, SeatState
from openiop.schedule.models import CareSession

KEPT_FOR = timedelta(hours=2)  # after the session's end, where nobody ended the room


class KeysRefused(Exception):
    """The delivery does not take this; `code` may be sent to the browser.

    `not_here` (another room's keys), `past_epoch` and `past_version` (somebody was first: read and try again),
    `stale_package` (a member's package is no longer the newest of a seat in this room), `not_a_member`,
    `still_here` (puts out somebody who is in the room), `not_allowed`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# --- what a browser asks ---


@transaction.atomic
def publish(seat: Seat, package: protocol.PublishPackage, *, at: datetime) -> UUID:
    """Keep how this connection can be brought in; the seat's earlier packages are stale from now on."""
    _require_held(seat, package.room)
    return _keep(seat, package.room, key=package.key, package=package.package, able=True, at=at).pk


@transaction.atomic
def cannot(seat: Seat, said: protocol.CannotEncrypt, *, at: datetime) -> None:
    """Keep that this connection's browser cannot seal frames, for those who lead to decide about."""
    _require_held(seat, said.room)
    _keep(seat, said.room, key="", package="", able=False, at=at)


def _keep(seat: Seat, live_room: UUID, *, key: str, package: str, able: bool, at: datetime) -> KeyPackage:
    Seat.objects.select_for_update(of=("self",)).get(pk=seat.pk)  # two tabs at once: one after the other
    last = KeyPackage.objects.filter(seat=seat).aggregate(last=Max("turn"))["last"] or 0
    kept = KeyPackage.objects.create(
        clinic_id=seat.clinic_id,
        session_id=seat.session_id,
        live_room_id=live_room,
        seat=seat,
        turn=last + 1,
        connection=seat.connection or uuid7(),
        role=seat.role,
        able=able,
        key=key,
        package=package,
        made_at=at,
    )
    _wake(seat.session)
    return kept


@transaction.atomic
def commit(seat: Seat, asked: protocol.CommitEpoch, *, at: datetime) -> None:
    """Take the room's next epoch, if it is the next and changes only what may be changed. Raises KeysRefused."""
    place = {asked.room: _require_held(seat, asked.room)}
    current = {row.pk: row for row in key_news.current(seat.session, place, at=at)[asked.room] if row.able}
    last = KeyCommit.objects.filter(live_room_id=asked.room).order_by("-epoch").first()
    mine = next((pk for pk, row in current.items() if row.seat_id == seat.pk), None)
    before = {UUID(pk) for pk in last.members} if last else set()
    refusal = refuse(asked, mine=mine, role=seat.role, current=current, before=before, last=last.epoch if last else -1)
    if refusal:
        raise KeysRefused(refusal)
    assert mine is not None
    _take(seat, asked, mine=mine, at=at)
    for new in set(asked.members) - before - {mine}:
        KeyWelcome.objects.create(
            clinic_id=seat.clinic_id,
            session_id=seat.session_id,
            seat_id=current[new].seat_id,
            package_id=new,
            epoch=asked.epoch,
            welcome=asked.welcome or "",
        )
    _wake(seat.session)


def refuse(
    asked: protocol.CommitEpoch,
    *,
    mine: UUID | None,
    role: str,
    current: Iterable[UUID],
    before: set[UUID],
    last: int,
) -> str:
    """Return why this commit is not taken, or nothing when it is.

    `current`: packages of those in the room now; `before`: members until now, of epoch `last`.
    """
    here, members = set(current), set(asked.members)
    if mine is None or mine not in members:
        return "not_a_member"
    if asked.epoch != last + 1:
        return "past_epoch"
    if asked.found:
        # A new group beside a living one is for those who lead: it is how they get out of a broken one.
        return "" if members == {mine} and (role in key_news.SIGNERS or not before & here) else "still_here"
    if mine not in before or asked.commit is None:
        return "not_a_member"
    if (before & here) - members:
        return "still_here"
    if members - before and asked.welcome is None:
        return "stale_package"
    return "stale_package" if members - before - here else ""


def _take(seat: Seat, asked: protocol.CommitEpoch, *, mine: UUID, at: datetime) -> None:
    try:
        with transaction.atomic():
            KeyCommit.objects.create(
                clinic_id=seat.clinic_id,
                session_id=seat.session_id,
                live_room_id=asked.room,
                epoch=asked.epoch,
                found=asked.found,
                package_id=mine,
                commit=asked.commit or "",
                members=[str(pk) for pk in asked.members],
                at=at,
            )
    except IntegrityError:
        raise KeysRefused("past_epoch") from None


@transaction.atomic
def sign(seat: Seat, roster: protocol.SignRoster) -> None:
    """Keep a roster signed by somebody who leads. Raises KeysRefused: `not_allowed` for everybody else."""
    if seat.role not in key_news.SIGNERS or seat.state != SeatState.ADMITTED:
        raise KeysRefused("not_allowed")
    last = KeyRoster.objects.filter(session=seat.session).aggregate(last=Max("version"))["last"] or 0
    if roster.version != last + 1:
        raise KeysRefused("past_version")
    try:
        with transaction.atomic():
            KeyRoster.objects.create(
                clinic_id=seat.clinic_id,
                session=seat.session,
                version=roster.version,
                seat=seat,
                role=seat.role,
                key=roster.key,
                entries=[entry.model_dump(mode="json") for entry in roster.entries],
                signature=roster.signature,
            )
    except IntegrityError:
        raise KeysRefused("past_version") from None
    _wake(seat.session)


def can_be_heard(seat: Seat, *, at: datetime) -> bool:
    """Does this connection hold the keys of the room it is in, or needs none, the session not being sealed so?"""
    if encryption.word_for(seat.session) != "end_to_end":
        return True
    own = next(((room, place) for room, place in key_news.rooms_of(seat).items() if place == seat.place), None)
    if own is None:
        return False
    room, place = own
    packages = key_news.current(seat.session, {room: place}, at=at)[room]
    mine = {
        str(row.pk) for row in packages if row.seat_id == seat.pk and row.able and row.connection == seat.connection
    }
    last = KeyCommit.objects.filter(live_room_id=room).order_by("-epoch").first()
    return last is not None and bool(mine & set(last.members))


# --- forgetting ---


def forget(session: CareSession) -> None:
    """Delete the session's key blobs: nobody needs them any more, and nobody is to find them later."""
    for table in (KeyWelcome, KeyCommit, KeyRoster, KeyPackage):
        table.objects.filter(session=session).delete()


def forget_old(*, at: datetime) -> int:
    """Delete the key blobs of sessions that are long over though nobody ended their room; returns how many sessions."""
    with_keys = CareSession.objects.filter(pk__in=KeyPackage.objects.values("session"))
    old = [session for session in with_keys if session.ends_at < at - KEPT_FOR]
    for session in old:
        forget(session)
    return len(old)


def _require_held(seat: Seat, live_room: UUID) -> str:
    """Return the place of a room whose keys are this seat's to hold. Raises KeysRefused."""
    place = key_news.rooms_of(seat).get(live_room)
    if place is None:
        raise KeysRefused("not_here")
    return place


def _wake(session: CareSession) -> None:
    """The rooms are as they were: only where their keys stand is to be read anew."""
    wake(admission.topic(session), keys=True)


def handle(seat: Seat, request: protocol.KeyRequest, *, at: datetime) -> dict[str, Any]:
    """Do what a browser asks and return the reply. Raises KeysRefused."""
    match request:
        case protocol.PublishPackage():
            return {"package": str(publish(seat, request, at=at))}
        case protocol.CannotEncrypt():
            cannot(seat, request, at=at)
        case protocol.CommitEpoch():
            commit(seat, request, at=at)
        case protocol.SignRoster():
            sign(seat, request)
    return {}
