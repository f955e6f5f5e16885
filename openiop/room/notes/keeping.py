"""Keeping, reading and deleting private lines. Whoever wrote them is the only one whom any of this answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef

from openiop.chart.models import GroupNote
from openiop.people.models import Clinic, Person
from openiop.room.models import Seat
from openiop.room.notes.models import RoomNote
from openiop.schedule.models import RosterEntry

LONGEST = 4000  # characters
WRITERS = ("patient", "facilitator")


class NotTheNewest(Exception):
    """Written or deleted elsewhere meanwhile; `note` is what stands now, None for nothing."""

    def __init__(self, note: RoomNote | None) -> None:
        super().__init__()
        self.note = note


class TooLate(Exception):
    """What is written now would be deleted at once: the time for which these lines are kept is over."""


def days_kept(clinic: Clinic, *, of_staff: bool) -> int:
    """Return for how many days after a session the lines about it are kept."""
    return clinic.staff_note_days if of_staff else clinic.patient_note_days


@transaction.atomic
def write(seat: Seat, text: str, *, key: UUID, begun_from: UUID | None, by: Person, at: datetime) -> RoomNote | None:
    """Keep these lines in place of those before; blank deletes them, and None comes back.

    `key` names this writing, so that one sent twice is kept once. `begun_from`: the writing the words were begun from.
    Raises PermissionDenied for whoever was not in this room, NotTheNewest, so that no line is lost unread, and TooLate.
    """
    if seat.role not in WRITERS or seat.person_id != by.pk or seat.admitted_at is None:
        raise PermissionDenied
    _one_at_a_time(seat)
    note = RoomNote.objects.filter(session=seat.session_id, person=by).first()
    if note and note.edition == key:
        return note
    if not text.strip() and note is None:
        return None
    if begun_from != (note.edition if note else None):
        raise NotTheNewest(note)
    if not text.strip():
        RoomNote.objects.filter(session=seat.session_id, person=by).delete()
        return None
    return _keep(note or _begin(seat, by=by, at=at), text, key=key, at=at)


def _one_at_a_time(seat: Seat) -> None:
    """Two tabs that write at once write one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"room note of {seat.pk}"])


def _begin(seat: Seat, *, by: Person, at: datetime) -> RoomNote:
    session, of_staff = seat.session, seat.role == "facilitator"
    until = session.ends_at + timedelta(days=days_kept(by.clinic, of_staff=of_staff))
    if until <= at:
        raise TooLate
    return RoomNote(
        clinic_id=seat.clinic_id,
        session=session,
        person=by,
        of_staff=of_staff,
        title=session.name,
        began_at=session.begins_at,
        until=until,
    )


def _keep(note: RoomNote, text: str, *, key: UUID, at: datetime) -> RoomNote:
    note.text, note.edition, note.changed_at = text, key, at
    note.save()
    return note


def note_of(seat: Seat, *, by: Person) -> RoomNote | None:
    return RoomNote.objects.filter(session=seat.session_id, person=by).first()


def notes_of(person: Person, *, at: datetime) -> models.QuerySet[RoomNote]:
    """Return everything this person wrote that is still kept, the newest session first."""
    return RoomNote.objects.filter(person=person, until__gt=at).order_by("-began_at", "-pk")


@transaction.atomic
def delete(person: Person, note_id: UUID) -> bool:
    """Delete one's own lines for good; returns whether there were any."""
    deleted, _of_each = RoomNote.objects.filter(person=person, pk=note_id).delete()
    return bool(deleted)


def forget_old(*, at: datetime) -> int:
    """Delete what has been kept long enough, and a facilitator's lines about sessions that are signed. The worker's.

    Returns how many. The worker may delete these rows and read no word of them.
    """
    old = RoomNote.objects.filter(until__lte=at)
    signed = RoomNote.objects.filter(of_staff=True).filter(_signed("session_id"))
    return sum(rows.delete()[0] for rows in (old, signed))


def _signed(column: str) -> models.Q:
    """Is everybody's note of the session signed? The first signature alone is not yet the end of the drafting."""
    expected = RosterEntry.objects.filter(session=OuterRef(column)).exclude(stands=False, status="")
    written = GroupNote.objects.filter(session=OuterRef(column), signed_at__isnull=False)
    return models.Q(Exists(written)) & ~models.Q(Exists(expected.filter(attested_at=None)))
