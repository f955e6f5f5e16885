"""Delivery of the keys with which people seal sound and picture from one to another (MLS, RFC 9420).

We hold no secret and open no blob. We keep one order (the first commit of an epoch is the only one), bind each
key package to the sign-in, seat and connection it came from, hand each welcome to its own connection, and forget all
of it when the session is over. What a browser must not take our word for, it checks itself: see frontend/room/e2ee.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max

from openiop.audit import trail
from openiop.lib.ids import uuid7
from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.room import admission, protocol
from openiop.room.models import (
    EncryptionChoice,
    KeyCommit,
    KeyPackage,
    KeyRoster,
    KeyWelcome,
    Neighbour,
    Seat,
    SeatState,
)
from openiop.schedule.models import CareSession

USUAL: protocol.Word = "transport"
SIGNERS = ("facilitator", "staff")
KEPT_FOR = timedelta(hours=2)  # after the session's end, where nobody ended the room


class KeysRefused(Exception):
    """The delivery does not take this; `code` may be sent to the browser.

    `not_here` (another room than mine), `past_epoch` and `past_version` (somebody was first: read and try again),
    `stale_package` (a member's package is no longer the newest of a seat in this room), `not_a_member`,
    `still_here` (puts out somebody who is in the room), `not_allowed`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Told(NamedTuple):
    """What one socket has been told already, so that blobs travel once."""

    package: UUID | None = None
    epoch: int = -1


# --- which encryption ---


def word_for(session: CareSession) -> protocol.Word:
    """Return how far this session's sound and picture are sealed: as the facilitator decided last, else as usual."""
    chosen = EncryptionChoice.objects.filter(session=session).order_by("-at", "-pk").first()
    return chosen.word if chosen else USUAL  # type: ignore[return-value]


@transaction.atomic
def choose(session: CareSession, word: str, *, by: Person, at: datetime) -> None:
    """Decide for everybody in the session, visibly and audited. Raises PermissionDenied for who does not lead it."""
    if admission.role_in(session, by) != "facilitator":
        raise PermissionDenied
    if word == word_for(session):
        return
    EncryptionChoice.objects.create(clinic_id=session.clinic_id, session=session, word=word, by=by, at=at)
    trail.record("room.encryption", thing=session, word=word)
    wake(admission.topic(session))


# --- what a browser asks ---


@transaction.atomic
def publish(seat: Seat, room: protocol.Room, package: protocol.PublishPackage, *, at: datetime) -> UUID:
    """Keep how this connection can be brought in; the seat's earlier packages are stale from now on."""
    _require_here(room, package.room)
    return _keep(seat, package.room, key=package.key, package=package.package, able=True, at=at).pk


@transaction.atomic
def cannot(seat: Seat, room: protocol.Room, said: protocol.CannotEncrypt, *, at: datetime) -> None:
    """Keep that this connection's browser cannot seal frames, for those who lead to decide about."""
    _require_here(room, said.room)
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
    wake(admission.topic(seat.session))
    return kept


@transaction.atomic
def commit(seat: Seat, room: protocol.Room, asked: protocol.CommitEpoch, *, at: datetime) -> None:
    """Take the room's next epoch, if it is the next and changes only what may be changed. Raises KeysRefused."""
    _require_here(room, asked.room)
    current = {row.pk: row for row in _current(room) if row.able}
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
    wake(admission.topic(seat.session))


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
        return "" if members == {mine} and (role in SIGNERS or not before & here) else "still_here"
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
    if seat.role not in SIGNERS or seat.state != SeatState.ADMITTED:
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
    wake(admission.topic(seat.session))


# --- what a browser is told ---


def news(seat: Seat, room: protocol.Room, told: Told) -> tuple[protocol.KeysNow | None, Told]:
    """Return where the keys of this viewer's room stand, if anywhere, and what they will have been told then."""
    if room.encryption != "end_to_end" or not is_here(room):
        return None, Told()  # whoever comes back to it holds nothing of what was told before
    packages = _current(room)
    mine = next((row.pk for row in packages if row.seat_id == seat.pk and row.connection == seat.connection), None)
    commits = list(KeyCommit.objects.filter(live_room_id=UUID(room.room)).order_by("epoch"))
    welcome = KeyWelcome.objects.filter(package_id=mine).order_by("-epoch").first() if mine else None
    since = _since(commits, welcome, mine)
    told_epoch = told.epoch if told.package == mine else -1
    fresh = [row for row in commits if since is not None and row.epoch > max(since, told_epoch)]
    newest = commits[-1] if commits else None
    return protocol.KeysNow(
        room=UUID(room.room),
        mine=mine,
        epoch=newest.epoch if newest else -1,
        members=[UUID(pk) for pk in newest.members] if newest else [],
        packages=[_package(row) for row in packages if row.able],
        roster=_roster(seat.session),
        vouch=_vouch(seat) if seat.role in SIGNERS else None,
        cannot=[row.seat_id for row in packages if not row.able] if seat.role in SIGNERS else [],
        commits=[_epoch(row) for row in fresh],
        welcome=_welcome(welcome) if welcome and welcome.epoch > told_epoch else None,
    ), Told(mine, newest.epoch if newest else -1)


def is_here(room: protocol.Room) -> bool:
    """Is this viewer inside a room of media, and not at its door?"""
    return bool(room.room) and room.me.state in ("admitted", "private") and not room.me.companion


def _since(commits: list[KeyCommit], welcome: KeyWelcome | None, mine: UUID | None) -> int | None:
    """From which epoch on this package can follow: where it founded the group, or was welcomed."""
    founded = [row.epoch for row in commits if row.found and row.package_id == mine]
    begun = founded + ([welcome.epoch] if welcome else [])
    return max(begun) if begun else None


def _current(room: protocol.Room) -> list[KeyPackage]:
    """The newest package of each seat that this viewer sees in the room, its line open or broken a moment ago."""
    seats = [seat.seat for seat in room.seats if seat.here or seat.reconnecting]
    rows = KeyPackage.objects.filter(live_room_id=UUID(room.room), seat_id__in=seats).order_by("seat", "turn")
    return list({row.seat_id: row for row in rows}.values())


def _vouch(seat: Seat) -> list[protocol.EntryNow]:
    """Everybody who was let in, with the key that their sign-in brought last."""
    inside = [row.id for row in Neighbour.of(seat.session_id) if row.state in (SeatState.ADMITTED, SeatState.LEFT)]
    rows = KeyPackage.objects.filter(session=seat.session, seat_id__in=inside, able=True).order_by("seat", "turn")
    return [protocol.EntryNow(seat=who, key=key) for who, key in {row.seat_id: row.key for row in rows}.items()]


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


def _require_here(room: protocol.Room, live_room: UUID) -> None:
    if not is_here(room) or room.room != str(live_room):
        raise KeysRefused("not_here")


def handle(seat: Seat, room: protocol.Room, request: protocol.KeyRequest, *, at: datetime) -> dict[str, Any]:
    """Do what a browser asks and return the reply. Raises KeysRefused."""
    match request:
        case protocol.PublishPackage():
            return {"package": str(publish(seat, room, request, at=at))}
        case protocol.CannotEncrypt():
            cannot(seat, room, request, at=at)
        case protocol.CommitEpoch():
            commit(seat, room, request, at=at)
        case protocol.SignRoster():
            sign(seat, request)
    return {}
