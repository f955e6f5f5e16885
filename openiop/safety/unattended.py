"""How long a person in danger was in nobody's hands: unattended-risk minutes. Pure.

A case's clocks start with the first evidence, with evidence of a higher tier, and with anything new after contact was
made (`ladder.clocks_start_at`); each start is a *danger*. From there the minutes run until a clinician takes the case,
reaches the person or closes it. Taking holds as long as the ladder takes it to hold: until contact is due. If nobody
has reached the person by then they run again. So they run exactly while the person would be told anything else than
*somebody has it*. Rule and worked examples: docs/rules/quality.md.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from openiop.lib.intervals import Span, clip, length
from openiop.safety import ladder
from openiop.safety.gaps import without


class Evidence(NamedTuple):
    """One flag. `contact_minutes`: the clock to contact that it started; None where it joined clocks that ran."""

    at: datetime
    tier: int
    contact_minutes: int | None = None


class Steps(NamedTuple):
    """What happened in one case: evidence, who took it, who reached the person (tries that did not are none).

    `decided`: when a clinician decided what happens while the person is not reached, and until when they keep trying,
    None where it was something else.
    """

    evidence: Sequence[Evidence]
    taken: Sequence[datetime] = ()
    reached: Sequence[datetime] = ()
    closed_at: datetime | None = None
    decided: Sequence[tuple[datetime, datetime | None]] = ()


class Danger(NamedTuple):
    """One start of the clocks, up to the next or to the closing; `ends_at` is None while it lasts."""

    since: datetime
    tier: int
    contact_minutes: int
    ends_at: datetime | None


def dangers(steps: Steps) -> list[Danger]:
    """Return the case's dangers in order. Raises ValueError for a case without evidence."""
    if not steps.evidence:
        raise ValueError("a case without evidence has no clock")
    ordered = sorted(steps.evidence, key=lambda piece: (piece.at, piece.tier))
    starts: list[Evidence] = []
    highest = 0
    for place, piece in enumerate(ordered):
        so_far = [(each.at, each.tier) for each in ordered[: place + 1]]
        since = ladder.clocks_start_at(so_far, contacts=steps.reached)
        highest = max(highest, piece.tier)
        if not starts or since > starts[-1].at:
            starts.append(Evidence(since, highest, piece.contact_minutes))
        elif since == piece.at and piece.tier > starts[-1].tier:
            starts[-1] = Evidence(since, highest, piece.contact_minutes or starts[-1].contact_minutes)
    ends = [start.at for start in starts[1:]] + [steps.closed_at]
    return [Danger(start.at, start.tier, _clock(start), ends_at) for start, ends_at in zip(starts, ends, strict=True)]


def _clock(start: Evidence) -> int:
    return start.contact_minutes or ladder.DEADLINES[start.tier].contact_minutes


def unattended(steps: Steps, *, until: datetime) -> list[Span]:
    """Return when the person was in nobody's hands, as things stood at `until`: an open case counts up to then."""
    return [span for danger in dangers(steps) for span in _of_one(danger, steps, until=until)]


def _of_one(danger: Danger, steps: Steps, *, until: datetime) -> list[Span]:
    ends_at = min(until, danger.ends_at) if danger.ends_at else until
    if ends_at <= danger.since:
        return []
    taken = sorted(at for at in steps.taken if danger.since <= at < ends_at)
    held = [
        span for at, until_next in pairwise([*taken, ends_at]) for span in _held(at, danger, steps, ends_at=until_next)
    ]
    reached = min((at for at in steps.reached if danger.since <= at < ends_at), default=None)
    return without([Span(danger.since, ends_at)], [*held, *([(reached, ends_at)] if reached else [])])


def _held(taken_at: datetime, danger: Danger, steps: Steps, *, ends_at: datetime) -> Iterable[Span]:
    """How long this taking holds, at most until the next. From each decision on, what was decided then counts."""
    decided = sorted(steps.decided, key=lambda turn: turn[0])
    before = [turn for turn in decided if turn[0] <= taken_at]
    turns = [(taken_at, before[-1][1] if before else None), *(turn for turn in decided if taken_at < turn[0] < ends_at)]
    for (at, agreed), next_at in zip(turns, [*(turn[0] for turn in turns[1:]), ends_at], strict=True):
        held = ladder.held_until(
            taken_at, since=danger.since, contact_minutes=danger.contact_minutes, tries_again_at=agreed
        )
        if at < min(held, next_at):
            yield Span(at, min(held, next_at))


def within(spans: Iterable[Span], *, begins_at: datetime, ends_at: datetime) -> timedelta:
    """Return how much of `spans` lies between the two moments: a month's share of a case."""
    return length(clip(spans, begins_at=begins_at, ends_at=ends_at))


def wait_taken(danger: Danger, steps: Steps, *, until: datetime) -> timedelta | None:
    """Return how long from this evidence until somebody took it, reached the person or closed; None: not by `until`."""
    return _first([*steps.taken, *steps.reached, *_closing(steps)], danger, until=until)


def wait_reached(danger: Danger, steps: Steps, *, until: datetime) -> timedelta | None:
    """Return how long from this evidence until the person was reached; None where they were not by `until`."""
    return _first(steps.reached, danger, until=until)


def _closing(steps: Steps) -> list[datetime]:
    return [steps.closed_at] if steps.closed_at else []


def _first(moments: Iterable[datetime], danger: Danger, *, until: datetime) -> timedelta | None:
    found = min((at for at in moments if danger.since <= at <= until), default=None)
    return None if found is None else found - danger.since
