"""The tables behind the tools of those who lead a group. Who may read what is in the migrations."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from openiop.people.models import Person, Row
from openiop.schedule.models import CareSession


class DoorLock(Row):
    """The door of a live session was locked: nobody new is let in. Locked → opened (`opened_at`), and then past.

    Who was inside before comes back all the same, and so do those who lead. One at a time; while it stands the
    database refuses to let a new patient in (`seat_through_a_locked_door`).
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="door_locks")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    opened_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session"], condition=Q(opened_at=None), name="one_lock_at_a_door"),
            models.CheckConstraint(
                condition=Q(opened_at=None, opened_by=None) | Q(opened_at__isnull=False, opened_by__isnull=False),
                name="a_lock_is_opened_by_somebody",
            ),
        ]


class DoorPreset(models.TextChoices):
    """What can be said to those waiting in one tap; each reads it in their own language."""

    SOON = "soon", "we begin in a few minutes"
    LATE = "late", "we are running a little late"
    FINISHING = "finishing", "we are finishing with somebody first"
    TALK = "talk", "one of us will speak with you first"


class DoorMessage(Row):
    """A few words to those who wait: to one (`seat`) or, without a seat, to all of them; the newest of each counts.

    A preset or words of one's own, never both. Taken back by deleting it, and deleted when the session is over: it is
    no part of the record.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    seat = models.ForeignKey("room.Seat", on_delete=models.PROTECT, null=True, related_name="+")
    preset = models.TextField(choices=DoorPreset.choices, blank=True)
    text = models.CharField(max_length=280, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(preset="") & ~Q(text="")) | Q(preset__in=DoorPreset.values, text=""),
                name="a_door_message_says_one_thing",
            ),
        ]


class SpeakAsk(Row):
    """Somebody who leads asks a person, kindly, to turn their microphone on. Nobody is ever unmuted by another.

    Deleted when they speak or decline, and nobody is told which; the newest of a seat takes the place of the last.
    """

    seat = models.OneToOneField("room.Seat", on_delete=models.CASCADE, related_name="speak_ask")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class Spotlight(Row):
    """A seat whose tile is large for everybody at its place. At most two a place; deleted when it is taken away."""

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    place = models.TextField()
    n = models.PositiveSmallIntegerField()
    seat = models.OneToOneField("room.Seat", on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "place", "n"], name="two_spotlights_a_place"),
            models.CheckConstraint(condition=Q(n__in=(1, 2)), name="first_or_second_spotlight"),
        ]


class Stick(Row):
    """The talking stick of one place: who speaks now, or nobody (`seat` empty). Who comes next are the hands, in order.

    Lies there → with somebody → passed on to the next hand, or free again → put away (deleted). Once it is there the
    database function `stick_pass` alone moves it: whoever holds it hands it to somebody whose row is not theirs. It
    mutes nobody.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    place = models.TextField()
    seat = models.ForeignKey("room.Seat", on_delete=models.SET_NULL, null=True, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "place"], name="one_stick_a_place")]


class Chat(Row):
    """The chat of a live session is open, to everybody at a place or to those who lead alone. Turned off: deleted."""

    session = models.OneToOneField(CareSession, on_delete=models.PROTECT, related_name="chat")
    mode = models.TextField(choices=[(mode, mode) for mode in ("everyone", "facilitators")])
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=("everyone", "facilitators")), name="chat_is_open_to_somebody"),
        ]


class ChatLine(Row):
    """What somebody wrote at a place of a session, and to whom the chat was open then. No part of the record.

    Written → removed by somebody who leads (its words are gone at once, that there was one stays) → deleted with the
    session, by a job where nobody ends it. `key` is made in the browser, so that a line sent again is one row;
    `name` and `role` are copied, because others may not read its author's seat.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    place = models.TextField()
    seat = models.ForeignKey("room.Seat", on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField()
    name = models.TextField()
    role = models.TextField()
    to = models.TextField(choices=[(to, to) for to in ("everyone", "facilitators")])
    text = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    removed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seat", "key"], name="one_chat_line_a_key"),
            models.CheckConstraint(condition=Q(removed_by=None) ^ Q(text=""), name="a_removed_line_has_no_words_left"),
            models.CheckConstraint(condition=Q(to__in=("everyone", "facilitators")), name="chat_line_to_somebody"),
        ]
        indexes = [models.Index(fields=["session", "at"], name="chat_by_session")]


class AsideAsk(Row):
    """Somebody who leads asks a colleague to go to a private place with a patient. Staff's alone.

    Of another who leads (`called` false): open → came, declined, or withdrawn by whoever asked (also when it is asked
    anew). Of a clinician who does not lead (`called`): asked → coming (`coming_at`, they said so) → there
    (`arrived_at`: connected in the private place) → over; it stands, with its clock, until it has `ended`: declined,
    withdrawn, taken (somebody else goes), unable (their browser cannot seal), back (the person went back to the group
    before they came), gone (the person left), over. `climbed_at`: not there in time, others were asked as well. While
    it stands and they are coming it is their only way in; what ends it puts them out, by a trigger (migration 0035).
    The patient is moved by none of this: only once the other is in the private place (room/aside.py).
    """

    ENDS = ("came", "declined", "withdrawn", "taken", "unable", "back", "gone", "over")

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    seat = models.ForeignKey("room.Seat", on_delete=models.PROTECT, related_name="+")
    whom = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    called = models.BooleanField(default=False)
    coming_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    climbed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended = models.TextField(choices=[(how, how) for how in ENDS], blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seat"], condition=Q(ended_at=None), name="one_aside_question_a_patient"),
            models.UniqueConstraint(
                fields=["session", "whom"],
                condition=Q(called=True, ended_at=None, coming_at__isnull=False),
                name="called_to_one_private_place",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended="") | (Q(ended_at__isnull=False) & ~Q(ended="")),
                name="aside_question_ends_somehow",
            ),
            models.CheckConstraint(
                condition=Q(coming_at=None, arrived_at=None) | Q(called=True, coming_at__isnull=False),
                name="called_comes_before_arriving",
            ),
        ]
