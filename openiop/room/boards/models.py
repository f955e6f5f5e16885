"""The tables of a board: its updates one after the other, its pictures, who cleared it, and the clinic's policy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people.models import Person, Row
from openiop.schedule.models import CareSession, Series

MOST_DAYS = 3650
GROUP = "group"
BREAKOUT = "breakout:"


def has_board(place: str) -> bool:
    """The group and its breakouts have boards; a private place and whoever is not in treatment have none."""
    return place == GROUP or place.startswith(BREAKOUT)


class BoardPolicy(Row):
    """What the clinic lets facilitators do with boards. One row a clinic; without one, the defaults hold."""

    carry_over = models.BooleanField(
        _("Keep a group's board from week to week"),
        default=True,
        help_text=_("Otherwise every evening begins with an empty board."),
    )
    may_file = models.BooleanField(
        _("Facilitators may file a board to the chart"),
        default=True,
        help_text=_("As a PDF with its words beside the picture, in the record of each person they choose."),
    )
    may_destroy = models.BooleanField(
        _("Facilitators may destroy a board"),
        default=True,
        help_text=_("Nothing of it is left but a line that says who did it and when."),
    )
    keep_days = models.PositiveSmallIntegerField(
        _("Destroy boards so many days after the last session they were open in"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text=_(
            "Empty: a board is kept until somebody destroys it. Boards that are older already go within the hour. "
            "A facilitator may keep one longer and says why. What was filed to a chart stays there."
        ),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic"], name="one_board_policy"),
            models.CheckConstraint(
                condition=Q(keep_days=None) | Q(keep_days__range=(1, MOST_DAYS)), name="board_days_in_bounds"
            ),
        ]

    @classmethod
    def of(cls, clinic_id: Any) -> BoardPolicy:
        """Return the clinic's policy, or an unsaved one with the defaults."""
        return cls.objects.filter(clinic_id=clinic_id).first() or cls(clinic_id=clinic_id)


class BoardQuerySet(models.QuerySet["Board"]):
    def standing(self) -> BoardQuerySet:
        return self.filter(destroyed_at=None)


class Board(Row):
    """A whiteboard at one place of a session: the group's, or a breakout's.

    Open → destroyed (its content is gone, the row stays), by a facilitator, or by nobody when its time was over
    (`expiry`). A series' group board goes on from evening to evening:
    `session` is the evening it is open in now, and who sat in an earlier one sees it no more. `seq` counts its
    updates; `size` is an upper bound in bytes, made exact when updates are put together.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="boards")
    series = models.ForeignKey(Series, on_delete=models.PROTECT, null=True, related_name="+")
    place = models.TextField()
    name = ""  # what a breakout's room is called; the pages fill it in
    read_only = models.BooleanField(default=False)
    held_until = models.DateField(null=True)  # the latest of its holds: everybody at the board may know the day
    seq = models.BigIntegerField(default=0)
    size = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)
    destroyed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    objects = BoardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "place"], condition=Q(destroyed_at=None), name="one_board_at_a_place"
            ),
            models.UniqueConstraint(
                fields=["series"], condition=Q(destroyed_at=None, series__isnull=False), name="one_board_of_a_series"
            ),
            models.CheckConstraint(condition=Q(place=GROUP) | Q(place__startswith=BREAKOUT), name="board_of_a_group"),
        ]

    @property
    def is_of_group(self) -> bool:
        return self.place == GROUP

    @property
    def topic(self) -> str:
        return topic_of(self.pk)

    @classmethod
    @transaction.atomic
    def lay_out(cls, session: CareSession, *, place: str = GROUP, at: datetime) -> Board:
        """Return the board of this place, made when there is none; a series' group board comes over from last time."""
        standing = cls.objects.standing()
        found = standing.filter(session=session, place=place).first()
        if found:
            return found
        series_id = session.series_id if place == GROUP and BoardPolicy.of(session.clinic_id).carry_over else None
        kept = standing.filter(series_id=series_id).select_related("session").first() if series_id else None
        if kept and kept.session.begins_at < session.begins_at:
            kept.session, kept.read_only = session, False
            kept.save(update_fields=["session", "read_only"])
            return kept
        return cls.objects.create(
            clinic_id=session.clinic_id,
            session=session,
            series_id=None if kept else series_id,
            place=place,
            opened_at=at,
        )


def topic_of(board_id: Any) -> str:
    """What those who look at this board hear."""
    return f"board.{board_id}"


class BoardUpdate(Row):
    """One change of a board as Yjs spells it. Written before anybody is told of it; put together in a snapshot."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="updates")
    seq = models.BigIntegerField()
    data = models.BinaryField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["board", "seq"], name="board_updates_in_order")]


class BoardSnapshot(Row):
    """Everything up to update `seq` in one piece. Written by the database function `board_compact` alone."""

    board = models.OneToOneField(Board, on_delete=models.PROTECT, related_name="snapshot")
    seq = models.BigIntegerField()
    data = models.BinaryField()

    @classmethod
    def put_together(cls, board_id: Any, *, seq: int, data: bytes) -> None:
        """Replace the updates up to `seq` by what they come to."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT board_compact(%s, %s, %s)", [board_id, seq, data])


class BoardClear(Row):
    """A board was cleared: which elements went, so that it can be undone. `undone_at` when it was."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="clears")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    elements = models.JSONField()
    undone_at = models.DateTimeField(null=True)


class BoardHold(Row):
    """A facilitator keeps a board until the end of this day, longer than the clinic's days, and says why.

    Added to, never changed; staff's alone, and taken away with the board's content: the reason may name somebody.
    """

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="holds")
    until = models.DateField()
    reason = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class BoardImage(Row):
    """A picture on a board, made anew by us from what was sent. Its id is all that the drawing holds of it."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="images")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    kind = models.TextField(choices=[(kind, kind) for kind in ("image/png", "image/jpeg")])
    data = models.BinaryField()


def note_opened(board: Board) -> None:
    trail.record("board.open", thing=board)
