"""Who was there, from when to when, and what that makes of the evening.

Pure functions: evidence in, answers out; no clock, no database. Rule and worked examples: docs/rules/attendance.md.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Literal, NamedTuple

from openiop.lib.intervals import Span, clip, in_utc, length, union

Source = Literal["room", "media", "kiosk", "desk", "hand"]
Place = Literal["virtual", "on_site"]

# A minute of silence is a bad line; more is an absence. Ours to choose: no payer's rule known to us names a figure.
GAP = timedelta(seconds=60)

# Devices prove presence by speaking again and again. A person who says "here" is believed until somebody says "gone".
PROVED_BY_BEATS = frozenset({"room", "media"})


class Evidence(NamedTuple):
    """One thing that was seen: somebody came, was still there, or left.

    `connection` tells apart the devices of one person; for kiosk, desk and hand it names the arrival, whichever of
    the three wrote it, so that the front desk can end a stay that began at the kiosk.
    """

    at: datetime
    kind: Literal["in", "beat", "out"]
    source: Source
    connection: str
    place: Place


class Stay(NamedTuple):
    """One unbroken presence: a device in the room, or a person in the chair."""

    joined_at: datetime
    left_at: datetime
    place: Place
    source: Source


class Block(NamedTuple):
    """A part of the evening. A break is a block that does not count."""

    kind: str
    begins_at: datetime
    ends_at: datetime
    counts: bool = True


class Correction(NamedTuple):
    """What the facilitator says happened instead, and when they said so. The evidence itself is never touched."""

    at: datetime
    stays: tuple[Stay, ...]


class Question(NamedTuple):
    """*Still with us?*, which may take minutes: from `grace` after it was asked until something was touched."""

    asked_at: datetime
    answered_at: datetime | None
    grace: timedelta


class Status(NamedTuple):
    """The evening in one word, with both flags, since a person may come late and leave early."""

    word: Literal["attended", "late", "left_early", "absent", "cancelled_late"]
    late: bool = False
    left_early: bool = False
    excused: bool | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None


class RecordingFault(ValueError):
    """The evidence contradicts itself; somebody must look, because nobody should be billed for a guess."""


def stays(evidence: Iterable[Evidence], *, closes_at: datetime, beat_gap: timedelta = GAP) -> list[Stay]:
    """Return every stay that one person's evidence proves, in order of arrival, in UTC.

    Room and media: a stay reaches from the first sign to the last, and silence of more than `beat_gap` splits it.
    Kiosk, desk and hand: from the arrival to its departure or, where nobody wrote one, to `closes_at`.

    Raises RecordingFault if a connection leaves before it ever came.
    """
    found: list[Stay] = []
    for _, records in groupby(sorted(evidence, key=_by_connection_then_time), key=_connection):
        seen = list(records)
        if seen[0].kind == "out":
            raise RecordingFault(f"left at {seen[0].at} without having come: {seen[0].source} {seen[0].connection}")
        if seen[0].source in PROVED_BY_BEATS:
            found += _stays_of_a_device(seen, beat_gap=beat_gap)
        else:
            found += _stays_of_a_person(seen, closes_at=closes_at)
    return sorted(found)


def without_stillness(found: Iterable[Stay], *, questions: Iterable[Question]) -> list[Stay]:
    """Return the stays without the time in which a question stood unanswered for longer than its grace.

    Only what a device proves is cut: a person at the site, or one whom somebody wrote down by hand, is there whatever
    their telephone does. What came before a question counts, and so does the grace.
    """
    cuts = union(_unanswered(questions))
    kept: list[Stay] = []
    for stay in found:
        kept += _outside(stay, cuts) if stay.source in PROVED_BY_BEATS else [stay]
    return sorted(kept)


def _unanswered(questions: Iterable[Question]) -> list[tuple[datetime, datetime]]:
    """Return the spans that questions take; one that was answered in time takes none."""
    never = datetime.max.replace(tzinfo=UTC)
    spans = [(asked_at + grace, answered_at or never) for asked_at, answered_at, grace in questions]
    return [(begins_at, ends_at) for begins_at, ends_at in spans if begins_at < ends_at]


def _outside(stay: Stay, cuts: Iterable[Span]) -> list[Stay]:
    """Return the parts of a stay that lie outside of the cuts, which do not overlap and are in order."""
    edges = [stay.joined_at, *(edge for cut in cuts for edge in cut), stay.left_at]
    inside = [min(max(edge, stay.joined_at), stay.left_at) for edge in edges]
    pairs = zip(inside[::2], inside[1::2], strict=True)
    return [stay._replace(joined_at=begins, left_at=ends) for begins, ends in pairs if begins < ends]


def in_force(found: Sequence[Stay], *, corrections: Iterable[Correction]) -> list[Stay]:
    """Return the stays that count: those of the latest correction, or those found when nobody corrected."""
    latest = max(corrections, key=lambda correction: correction.at, default=None)
    return list(found) if latest is None else list(latest.stays)


def block_time(present: Iterable[Stay], *, begins_at: datetime, ends_at: datetime) -> timedelta:
    """Return the time one person was present in one block; never longer than the block.

    Two devices at once count once. Gaps of at most a minute inside the block are forgiven, also between two devices;
    time before the first sign in the block and after the last one is not.

    Raises ValueError if a stay ends before it begins.
    """
    inside = clip(((stay.joined_at, stay.left_at) for stay in present), begins_at=begins_at, ends_at=ends_at)
    return length(union(inside, gap=GAP))


def counted_time(present: Iterable[Stay], *, blocks: Iterable[Block]) -> timedelta:
    """Return the time present in the blocks that count, added up exactly; round once, at the end."""
    found = list(present)
    return sum(
        (block_time(found, begins_at=block.begins_at, ends_at=block.ends_at) for block in blocks if block.counts),
        timedelta(),
    )


def whole_minutes(time: timedelta) -> int:
    """Return the minutes that are complete: 59 min 59 s are 59, because nobody bills a minute that was not there."""
    return time // timedelta(minutes=1)


def status(
    present: Iterable[Stay],
    *,
    begins_at: datetime,
    ends_at: datetime,
    late_after_minutes: int,
    left_early_minutes: int,
    cancelled_late: Literal["excused", "unexcused"] | None = None,
) -> Status:
    """Return what the evening was for one person. Minutes are the clinic's settings, arrival at the limit is in time.

    A late cancellation is written by hand and holds only for a person who never came: who came, came.
    Somebody seen for no time at all did not come.
    """
    evening = in_utc(begins_at, ends_at)
    inside = clip(((stay.joined_at, stay.left_at) for stay in present), begins_at=begins_at, ends_at=ends_at)
    if not length(inside):
        if cancelled_late is not None:
            return Status("cancelled_late", excused=cancelled_late == "excused")
        return Status("absent")
    arrived_at = min(span.begins_at for span in inside)
    left_at = max(span.ends_at for span in inside)
    late = arrived_at > evening.begins_at + timedelta(minutes=late_after_minutes)
    left_early = left_at < evening.ends_at - timedelta(minutes=left_early_minutes)
    word: Literal["attended", "late", "left_early"] = "late" if late else "left_early" if left_early else "attended"
    return Status(word, late=late, left_early=left_early, arrived_at=arrived_at, left_at=left_at)


def _stays_of_a_device(seen: Sequence[Evidence], *, beat_gap: timedelta) -> list[Stay]:
    """Return the stays of one device. An "out" long after the last beat proves nothing about the time between."""
    found: list[Stay] = []
    is_open = False
    for record in seen:
        at = record.at.astimezone(UTC)
        if is_open and at - found[-1].left_at <= beat_gap:
            found[-1] = found[-1]._replace(left_at=at)
        elif record.kind != "out":
            found.append(Stay(at, at, record.place, record.source))
        is_open = record.kind != "out"
    return found


def _stays_of_a_person(seen: Sequence[Evidence], *, closes_at: datetime) -> list[Stay]:
    """Return the stays of one arrival. Said twice is said once, for coming as for leaving."""
    found: list[Stay] = []
    is_open = False
    for record in seen:
        at = record.at.astimezone(UTC)
        if record.kind == "out":
            if is_open:
                found[-1] = found[-1]._replace(left_at=at)
            is_open = False
        elif not is_open:
            found.append(Stay(at, max(at, closes_at.astimezone(UTC)), record.place, record.source))
            is_open = True
    return found


def _connection(record: Evidence) -> tuple[str, str]:
    kept_apart = record.source if record.source in PROVED_BY_BEATS else "said"
    return kept_apart, record.connection


def _by_connection_then_time(record: Evidence) -> tuple[tuple[str, str], datetime]:
    if record.at.tzinfo is None:
        raise RecordingFault(f"a time without a zone could be any hour: {record.at}")
    return _connection(record), record.at.astimezone(UTC)
