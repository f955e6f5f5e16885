"""The live room of a care session: its media rooms, its door, and who sits where."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import connection, models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Device, Person, Row
from openiop.room.boards.models import (
    Board,
    BoardClear,
    BoardImage,
    BoardPolicy,
    BoardSnapshot,
    BoardUpdate,
)
from openiop.room.cards.models import AgendaMark, CardShown, KeptCard
from openiop.room.household.models import HouseholdPlan
from openiop.room.leading.models import AsideAsk, Chat, ChatLine, DoorLock, DoorMessage, SpeakAsk, Spotlight, Stick
from openiop.room.notes.models import RoomNote
from openiop.room.together.models import Leaving, MyPoll, Poll, PollAnswer, Timer
from openiop.schedule.models import CareSession

# Tables that lie with what uses them; Django looks for an app's tables here.
__boards__ = (Board, BoardClear, BoardImage, BoardPolicy, BoardSnapshot, BoardUpdate)
__cards__ = (AgendaMark, CardShown, KeptCard)
__household__ = (HouseholdPlan,)
__notes__ = (RoomNote,)
__together__ = (Leaving, MyPoll, Poll, PollAnswer, Timer)
__leading__ = (AsideAsk, Chat, ChatLine, DoorLock, DoorMessage, SpeakAsk, Spotlight, Stick)

GONE_AFTER = timedelta(seconds=60)  # without a beat; the seat then counts as empty
QUIET_AFTER = timedelta(seconds=25)  # two beats missed: "reconnecting" on the tile


ROLES = ("patient", "facilitator", "staff", "site", "supporter", "helper", "called")


class Place(models.TextChoices):
    """Where in the session somebody sits. In `contact` a person is face to face with staff, and not in treatment.

    A breakout room is a place too: `BreakoutRoom.place`, "breakout:" and its id. Two seats see and hear each other
    when their places are the same text, and at no other time.
    """

    GROUP = "group", _("in the group")
    CONTACT = "contact", _("with staff, not in treatment")


BREAKOUT = "breakout:"
ASIDE = "aside:"  # and the id of the patient's seat it was opened for
A_PLACE = Q(place__in=Place.values) | Q(place__startswith=BREAKOUT) | Q(place__startswith=ASIDE)


def in_treatment(place: str) -> bool:
    """Is this group time: in the group, or in one of its breakout rooms?"""
    return place == Place.GROUP or place.startswith(BREAKOUT)


class LiveRoom(Row):
    """One media room of a session. Its name and secrets are random and never leave the server.

    The group's is made when the first of the staff comes in, a breakout's when it is prepared; `ended_at` ends it for
    everybody in it, and the end of the group's is the end of the session. `instance` names the media server, the same
    for all rooms of a session; when that dies they are moved to another together (live.py).
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="live_rooms")
    place = models.TextField(default=Place.GROUP)
    media_room = models.TextField()
    media_secret = models.TextField()
    media_pin = models.TextField()
    instance = models.TextField(default="")
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "place"], name="one_media_room_per_place"),
            models.CheckConstraint(condition=A_PLACE, name="live_room_at_a_place"),
        ]


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
    then only let in by one. `connection` is the tab that holds the seat (a later one takes it over) and `line` its
    newest socket: one that the tab gave up may seem open for a while yet. `saving`: sound only for now. `network`: what
    the person's own test before joining found; empty where it is not known. `media` is
    what another web process needs to take over its media; `seen_at` its last beat; `ready` that the door's form is
    done. A helper sits where the person they are with sits (migration 0027 sees to it); a clinician who was called, in
    the one private place they were called to while that call stands, and else nowhere (0035). `companion`: the phone of
    somebody who is on site, without sound and picture (companions.py).
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="seats")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="+")
    role = models.TextField(choices=[(r, r) for r in ROLES], default="patient")
    state = models.TextField(choices=SeatState.choices, default=SeatState.WAITING)
    place = models.TextField(default=Place.GROUP)
    ready = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True)
    hand_at = models.DateTimeField(null=True)
    audio = models.BooleanField(default=False)
    video = models.BooleanField(default=False)
    saving = models.BooleanField(default=False)
    network = models.TextField(choices=[(word, word) for word in ("good", "weak")], blank=True)
    connection = models.UUIDField(null=True)
    line = models.UUIDField(null=True)
    online = models.BooleanField(default=False)
    seen_at = models.DateTimeField(null=True)
    media = models.JSONField(default=dict)
    companion = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(companion=False) | Q(role="patient", audio=False, video=False, media={}),
                name="companion_has_no_media",
            ),
            models.UniqueConstraint(fields=["session", "person"], name="one_seat_each"),
            models.UniqueConstraint(fields=["session", "device"], name="one_seat_per_device"),
            models.CheckConstraint(
                condition=Q(person__isnull=False, device__isnull=True) | Q(person__isnull=True, device__isnull=False),
                name="a_seat_is_for_somebody",
            ),
            models.CheckConstraint(condition=A_PLACE, name="seat_at_a_place"),
        ]

    def here(self, at: datetime) -> bool:
        return bool(self.online and self.seen_at and self.seen_at > at - QUIET_AFTER)

    def in_call(self, *, at: datetime) -> bool:
        """Is this a call that lives, or that was alive a moment ago? A locked screen ends none and begins none."""
        return self.state == SeatState.ADMITTED and bool(self.seen_at and self.seen_at > at - GONE_AFTER)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; whoever is not in the room has no hand up, publishes nothing and has no media to come back to."""
        if self.state != SeatState.ADMITTED:
            self.hand_at, self.audio, self.video, self.saving, self.media = None, False, False, False, {}
        super().save(*args, **kwargs)


class DoorEvent(Row):
    """What happened at the door: asked, admitted, sent back, removed, moved to contact, left. Append-only."""

    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="events")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    what = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)


class BreakoutRoundQuerySet(models.QuerySet["BreakoutRound"]):
    def standing(self) -> BreakoutRoundQuerySet:
        """Prepared or running; at most one a session."""
        return self.filter(ended_at=None)

    def running(self) -> BreakoutRoundQuerySet:
        return self.filter(opened_at__isnull=False, ended_at=None)


class BreakoutRound(Row):
    """One round of breakout rooms: two to six, for a while, and then everybody is back in the group.

    Prepared (only facilitators know of it) → running (`opened_at`) → closing (`closing_at`: the way back is announced,
    `ends_at` says when) → ended. A round that is given up while prepared is deleted. `ends_at` is also the time limit
    set beforehand; empty while there is none. Whoever looks first after `ends_at` ends it (`end`); nobody needs to.
    A session has one round at a time. Migration 0005 holds what else must never be: a seat in a room that does not
    run, a round of fewer than two rooms, a seat left behind when a round ends.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="breakouts")
    how = models.TextField(choices=[(how, how) for how in ("hand", "random", "pairs", "last_time")])
    late = models.TextField(choices=[(late, late) for late in ("smallest", "ask")], default="smallest")
    minutes = models.PositiveSmallIntegerField(null=True)
    prepared_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    closing_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = BreakoutRoundQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session"], condition=Q(ended_at=None), name="one_round_of_breakouts"),
            ExclusionConstraint(
                name="rounds_do_not_overlap",
                expressions=[
                    ("session", RangeOperators.EQUAL),
                    (
                        Func(F("opened_at"), F("ended_at"), function="TSTZRANGE", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(opened_at__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__range=(1, 180)), name="breakouts_for_a_while"
            ),
            models.CheckConstraint(
                condition=Q(opened_at__isnull=False) | Q(ends_at=None, closing_at=None, ended_at=None),
                name="breakouts_open_before_they_end",
            ),
            models.CheckConstraint(condition=Q(closing_at=None) | Q(ends_at__isnull=False), name="closing_has_an_end"),
        ]

    @property
    def phase(self) -> str:
        if self.opened_at is None:
            return "prepared"
        return "closing" if self.closing_at else "running"

    @classmethod
    def end(cls, session_id: UUID, *, at: datetime, due: bool) -> list[str]:
        """End the session's running round and bring everybody back to the group; return the places that ended.

        `due`: only if its time is over, which anybody in the session may find out first; else staff decide.
        One database function, because a patient's tab may not move others' seats, and the clock must not wait for
        a facilitator's.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT breakouts_end(%s, %s, %s)", [session_id, at, due])
            return [place for (place,) in cursor.fetchall()]


class BreakoutRoom(Row):
    """One room of a round, numbered from 1, with a name of its own that is said aloud."""

    round = models.ForeignKey(BreakoutRound, on_delete=models.CASCADE, related_name="rooms")
    n = models.PositiveSmallIntegerField()
    name = models.TextField()

    class Meta:
        ordering = ["round", "n"]
        constraints = [
            models.UniqueConstraint(fields=["round", "n"], name="breakout_rooms_in_order"),
            models.UniqueConstraint(fields=["round", "name"], name="breakout_names_differ"),
            models.UniqueConstraint(fields=["id", "round"], name="breakout_room_round"),
            models.CheckConstraint(condition=Q(n__range=(1, 6)), name="at_most_six_breakouts"),
        ]

    @property
    def place(self) -> str:
        return f"{BREAKOUT}{self.pk}"


class BreakoutSeat(Row):
    """Which room of the round a seat belongs to; no room: it stays in the group. Who came later has no row yet.

    A facilitator may be elsewhere for a moment: `Seat.place` says where.

    The round is copied by key, so that a seat has one room in it. Two patients kept apart (schedule.NotTogether) never
    have the same room; the database refuses it (`breakout_not_together`).
    """

    round = models.ForeignKey(BreakoutRound, on_delete=models.CASCADE, related_name="places")
    room = models.ForeignKey(BreakoutRoom, on_delete=models.CASCADE, null=True, related_name="places")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "seat"], name="one_breakout_each")]


class BreakoutMessage(Row):
    """What a facilitator said to all rooms of a round, in writing. Added to, never changed."""

    round = models.ForeignKey(BreakoutRound, on_delete=models.PROTECT, related_name="messages")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=400)
    at = models.DateTimeField()


class HelpCall(Row):
    """Somebody in a breakout asks the facilitators to come. Theirs alone: others in the room do not learn of it.

    Open → withdrawn by whoever asked, answered when one of the staff comes to them, or ended with the rooms. `key` is
    made on the device, so that a call sent again after a lost line is one row, even when it was answered meanwhile.
    """

    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="help_calls")
    key = models.UUIDField(null=True)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended = models.TextField(choices=[(how, how) for how in ("withdrawn", "answered", "rooms ended")], blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seat"], condition=Q(ended_at=None), name="one_open_help_call"),
            models.UniqueConstraint(fields=["seat", "key"], name="one_help_call_per_press"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended="") | (Q(ended_at__isnull=False) & ~Q(ended="")),
                name="help_call_ends_somehow",
            ),
        ]


class MyBreakout(models.Model):
    """The acting person's own breakout room, from the database function `my_breakout`; never a table.

    Everything a patient may know of breakouts is here: their own room's name, its clock, their own call for help and
    what the facilitator wrote to all.
    """

    room_id = models.UUIDField(primary_key=True)
    name = models.TextField()
    ends_at = models.DateTimeField(null=True)
    closing = models.BooleanField()
    asked_at = models.DateTimeField(null=True)
    message_id = models.UUIDField(null=True)
    message = models.TextField()
    message_by = models.TextField()
    message_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "my_breakout"

    @classmethod
    def of(cls, session_id: Any) -> MyBreakout | None:
        """Return the breakout the acting person sits in now, or None."""
        return next(iter(cls.objects.raw("SELECT * FROM my_breakout(%s)", [session_id])), None)


class MyCompany(models.Model):
    """Of the acting patient alone, whom those who lead have called to them, from `my_company`; never a table.

    `word`: "asked", "coming", "here", or "lost" where their line is; `name` only once they have said that they come.
    """

    id = models.UUIDField(primary_key=True)
    word = models.TextField()
    asked_by = models.TextField()
    name = models.TextField()

    class Meta:
        managed = False
        db_table = "my_company"

    @classmethod
    def of(cls, session_id: Any) -> MyCompany | None:
        return next(iter(cls.objects.raw("SELECT * FROM my_company(%s)", [session_id])), None)


class SignalKind(models.TextChoices):
    """What a silent tap says. `not_safe` stands on the patient's screen under ordinary words."""

    WORD = "word", "needs a word"
    NOT_ALONE = "not_alone", "is not alone"
    URGES = "urges", "has strong urges"
    STEPPING_AWAY = "stepping_away", "is stepping away, safe"
    NOT_SAFE = "not_safe", "is not safe there"


class Signal(Row):
    """A patient's silent tap, for those who lead the session and nobody else. Added to, never changed.

    `key` is made on the device, so that a tap sent again after a lost line is one row. A signal is open until it has
    an answer; each answer is a row of its own.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="signals")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField()
    kind = models.TextField(choices=SignalKind.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seat", "key"], name="one_signal_per_tap"),
            models.CheckConstraint(condition=Q(kind__in=SignalKind.values), name="a_signal_says_something"),
        ]
        indexes = [models.Index(fields=["session", "at"], name="signal_by_session")]


class SignalAnswer(Row):
    """A facilitator's answer to a signal, by its code; only the person who tapped sees it. Added to, never changed."""

    signal = models.ForeignKey(Signal, on_delete=models.PROTECT, related_name="answers")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    preset = models.TextField()
    at = models.DateTimeField()


ROOM_SEATS = """
SELECT seats.*, seats.id IN (SELECT room_saving(%s)) AS saving,
       seats.id IN (SELECT room_companions(%s)) AS companion,
       helpers.kind AS helps, helpers.language AS helps_language, helpers.pinned
FROM room_seats(%s) AS seats LEFT JOIN room_helpers(%s) AS helpers ON helpers.seat_id = seats.id
ORDER BY asked_at, id"""


class Encryption(models.TextChoices):
    """How far sound and picture are sealed: to our media server, or from person to person."""

    TRANSPORT = "transport", _("encrypted to our server")
    END_TO_END = "end_to_end", _("encrypted end to end")


class EncryptionChoice(Row):
    """A facilitator's decision about a session's encryption, for everybody in it. The newest holds. Append-only."""

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    word = models.TextField(choices=Encryption.choices)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class KeyPackage(Row):
    """How one connection of one seat can be brought into a room's group of key holders, or that its browser cannot.

    The one with a seat's highest `turn` in a room is current; older ones are stale. Holds public keys only. Deleted
    when the session is over.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    live_room = models.ForeignKey(LiveRoom, on_delete=models.PROTECT, related_name="+")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="+")
    turn = models.PositiveIntegerField()
    connection = models.UUIDField()
    role = models.TextField()
    able = models.BooleanField(default=True)
    key = models.TextField(blank=True)
    package = models.TextField(blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seat", "turn"], name="one_package_a_turn")]


class KeyCommit(Row):
    """One step of a room's group: who holds its keys from this epoch on. The first one of an epoch is the only one.

    `found` begins a new group of one; `members` are packages. The blob is MLS's and opaque to us. Deleted when the
    session is over.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    live_room = models.ForeignKey(LiveRoom, on_delete=models.PROTECT, related_name="+")
    epoch = models.PositiveIntegerField()
    found = models.BooleanField()
    package = models.ForeignKey(KeyPackage, on_delete=models.CASCADE, related_name="+")
    commit = models.TextField(blank=True)
    members = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["live_room", "epoch"], name="one_commit_an_epoch")]


class KeyWelcome(Row):
    """What lets one connection into the group, sealed to it; only its seat may read it. Deleted as the others are."""

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="+")
    package = models.ForeignKey(KeyPackage, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    welcome = models.TextField()


class KeyRoster(Row):
    """Who may hold keys in this session, by seat, signed by somebody who leads it. Browsers check; we only keep it."""

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="+")
    role = models.TextField()
    key = models.TextField()
    entries = models.JSONField()
    signature = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "version"], name="one_roster_a_version")]


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
    saving: bool
    companion: bool
    helps: str | None
    helps_language: str | None
    pinned: bool | None

    class Meta:
        managed = False
        db_table = "room_seats"

    @classmethod
    def of(cls, session_id: Any) -> list[Neighbour]:
        """Return the seats of the session that the acting person may know, in the order they asked to come in."""
        return list(cls.objects.raw(ROOM_SEATS, [session_id] * 4))

    def here(self, at: datetime) -> bool:
        return bool(self.online and self.seen_at and self.seen_at > at - QUIET_AFTER)

    def reconnecting(self, at: datetime) -> bool:
        return not self.here(at) and bool(self.seen_at and self.seen_at > at - GONE_AFTER)
