"""The live room of a care session: its media room, its door, and who sits where."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Device, Person, Row
from openiop.schedule.models import CareSession


class LiveRoom(Row):
    """A session's room at the media server. Its name and secrets are random and never leave the server side."""

    session = models.OneToOneField(CareSession, on_delete=models.PROTECT, related_name="live_room")
    media_room = models.TextField()
    media_secret = models.TextField()
    media_pin = models.TextField()
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)


class SeatState(models.TextChoices):
    """What the door has decided about somebody. Kept apart from attendance, on purpose."""

    WAITING = "waiting", _("waiting")
    ADMITTED = "admitted", _("in the room")
    CONTACT = "contact", _("with staff, not in treatment")
    SENT_BACK = "sent_back", _("back in the waiting room")
    REMOVED = "removed", _("removed")
    LEFT = "left", _("left")


class Seat(Row):
    """One person's, or the site device's, place at the door and in the room.

    `feed` counts the connections to the media server, so that each has a name of its own; `media` keeps its
    session and handle ids, so that another web process can take over; `connection` is the browser tab that
    holds the seat, and a second sign-in takes it over.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="seats")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="+")
    role = models.TextField(choices=[(r, r) for r in ("patient", "facilitator", "staff", "site")], default="patient")
    state = models.TextField(choices=SeatState.choices, default=SeatState.WAITING)
    asked_at = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True)
    hand_at = models.DateTimeField(null=True)
    audio = models.BooleanField(default=False)
    video = models.BooleanField(default=False)
    connection = models.UUIDField(null=True)
    seen_at = models.DateTimeField(null=True)
    feed = models.PositiveIntegerField(default=0)
    media = models.JSONField(default=dict)
    ready = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "person"], name="one_seat_each"),
            models.UniqueConstraint(fields=["session", "device"], name="one_seat_per_device"),
            models.CheckConstraint(
                condition=Q(person__isnull=False, device__isnull=True) | Q(person__isnull=True, device__isnull=False),
                name="a_seat_is_for_somebody",
            ),
        ]


class DoorEvent(Row):
    """What happened at the door: asked, admitted, sent back, removed, moved to contact only, left. Append-only."""

    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="events")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    what = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
