"""The live room of a care session: its media rooms, its door, and who sits where."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Device, Person, Row
from openiop.schedule.models import CareSession

GONE_AFTER = timedelta(seconds=60)  # without a beat; the seat then counts as empty
QUIET_AFTER = timedelta(seconds=25)  # two beats missed: "reconnecting" on the tile


class Place(models.TextChoices):
    """Where in the session somebody sits. In `contact` a person is face to face with staff, and not in treatment."""

    GROUP = "group", _("in the group")
    CONTACT = "contact", _("with staff, not in treatment")


class LiveRoom(Row):
    """One media room of a session. Its name and secrets are random and never leave the server.

    The group's is made when the first of the staff comes in; `ended_at` ends it for everybody. `instance` names the
    media server, the same for all rooms of a session; when that dies they are moved to another together (live.py).
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="live_rooms")
    place = models.TextField(choices=Place.choices, default=Place.GROUP)
    media_room = models.TextField()
    media_secret = models.TextField()
    media_pin = models.TextField()
    instance = models.TextField(default="")
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "place"], name="one_media_room_per_place")]


class SeatState(models.TextChoices):
    """What the door has decided about somebody. Kept apart from attendance, on purpose."""

    WAITING = "waiting", _("waiting")
    ADMITTED = "admitted", _("in the room")
    SENT_BACK = "sent_back", _("back in the waiting room")
    REMOVED = "removed", _("removed")
    LEFT = "left", _("left")


class Seat(Row):
    """One person's, or the site device's, place at the door and in the room.

    waiting → admitted → left → admitted again without another wait; sent back or removed by a facilitator, and
    then only let in by one. `connection` is the tab that holds the seat (a later one takes it over); `media`
    is what another web process needs to take over its media; `seen_at` its last beat; `ready` that the door's
    form is done.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="seats")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="+")
    role = models.TextField(choices=[(r, r) for r in ("patient", "facilitator", "staff", "site")], default="patient")
    state = models.TextField(choices=SeatState.choices, default=SeatState.WAITING)
    place = models.TextField(choices=Place.choices, default=Place.GROUP)
    ready = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True)
    hand_at = models.DateTimeField(null=True)
    audio = models.BooleanField(default=False)
    video = models.BooleanField(default=False)
    connection = models.UUIDField(null=True)
    online = models.BooleanField(default=False)
    seen_at = models.DateTimeField(null=True)
    media = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "person"], name="one_seat_each"),
            models.UniqueConstraint(fields=["session", "device"], name="one_seat_per_device"),
            models.CheckConstraint(
                condition=Q(person__isnull=False, device__isnull=True) | Q(person__isnull=True, device__isnull=False),
                name="a_seat_is_for_somebody",
            ),
        ]

    def in_call(self, *, at: datetime) -> bool:
        """Is this a call that lives, or that was alive a moment ago? A locked screen ends none and begins none."""
        return self.state == SeatState.ADMITTED and bool(self.seen_at and self.seen_at > at - GONE_AFTER)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; whoever is not in the room has no hand up, publishes nothing and has no media to come back to."""
        if self.state != SeatState.ADMITTED:
            self.hand_at, self.audio, self.video, self.media = None, False, False, {}
        super().save(*args, **kwargs)


class DoorEvent(Row):
    """What happened at the door: asked, admitted, sent back, removed, moved to contact, left. Append-only."""

    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="events")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    what = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)


class Neighbour(models.Model):
    """A seat as others in the session may know it, from the database function `room_seats`; never a table.

    The function decides who may know: staff and the site's device know everybody, a patient who was admitted
    knows those in the same place, and one who waits knows only the facilitators.
    """

    id = models.UUIDField(primary_key=True)
    person_id = models.UUIDField(null=True)
    role = models.TextField()
    state = models.TextField()
    place = models.TextField()
    ready = models.BooleanField()
    called = models.TextField()
    asked_at = models.DateTimeField()
    hand_at = models.DateTimeField(null=True)
    audio = models.BooleanField()
    video = models.BooleanField()
    feed = models.TextField()
    online = models.BooleanField()
    seen_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "room_seats"

    @classmethod
    def of(cls, session_id: Any) -> list[Neighbour]:
        """Return the seats of the session that the acting person may know, in the order they asked to come in."""
        return list(cls.objects.raw("SELECT * FROM room_seats(%s) ORDER BY asked_at, id", [session_id]))

    def here(self, at: datetime) -> bool:
        return bool(self.online and self.seen_at and self.seen_at > at - QUIET_AFTER)

    def reconnecting(self, at: datetime) -> bool:
        return not self.here(at) and bool(self.seen_at and self.seen_at > at - GONE_AFTER)
