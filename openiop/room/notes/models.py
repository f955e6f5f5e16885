"""What somebody writes for themselves beside the tiles. Who may read it: the migration, and nobody else than they."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from openiop.people.models import Person, Row
from openiop.schedule.models import CareSession


class RoomNote(Row):
    """The private lines of one person about one session; no part of the record.

    Written → written anew (`edition` names each writing) → deleted: by whoever wrote it, at `until`, or, of staff, once
    everybody's note of the session is signed. `until` is reckoned from the clinic's setting as the first line is
    written, because the screen promised it then. `title` and `began_at` are the session's, copied, so that whoever is
    on no roster any more still finds their own words.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    of_staff = models.BooleanField()
    title = models.TextField()
    began_at = models.DateTimeField()
    text = models.TextField()
    edition = models.UUIDField()
    changed_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "person"], name="one_room_note_each"),
            models.CheckConstraint(condition=~Q(text=""), name="a_room_note_says_something"),
        ]
        indexes = [models.Index(fields=["until"], name="room_notes_until")]
