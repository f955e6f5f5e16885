"""Somebody of the staff stays with a person at high risk: who is with them, when that is late, and why. Pure.

On site a person with an open case of tier 3 or 4 has a named person with them. Whoever was named is with them once they
say so themselves; who was with them before stays until then. It ends by a clinician's decision and never by itself.
Rule and cases: docs/rules/one-to-one.md.
"""

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple

from openiop.safety import ladder
from openiop.safety.assessing import HIGH
from openiop.safety.ladder import Rung

HANDED, OVER, INSTEAD = "handed", "over", "instead"
ENDS = (HANDED, OVER, INSTEAD)

LOWERED, AMBULANCE, OTHER_CARE, FAMILY, LEFT = "lowered", "ambulance", "other_care", "family", "left"
WHYS = (LOWERED, AMBULANCE, OTHER_CARE, FAMILY, LEFT)

NOBODY_NAMED, NOT_CONFIRMED, SHIFT_OVER, GONE = "nobody_named", "not_confirmed", "shift_over", "gone"

# Pages about it are pages of the case, kept apart from those of its ladder by this beginning.
PAGED = "safety.one_to_one/"
NAMED = f"{PAGED}named"  # called beside the ladder: who is asked to stay
_NO_SECOND_CLOCK = 10**6  # in minutes, nearly two years: there is one clock


class Clock(NamedTuple):
    """Within how many minutes somebody is with them, and who says so."""

    minutes: int
    source: str
    trust: ladder.Trust = "design"


STAYS_ON = timedelta(hours=1)  # so long the word of somebody on no duty holds; then it is asked anew. Our own design.
BEGUN_WITH = Clock(5, "the project’s own design")


class Turn(NamedTuple):
    """One person's time with somebody: named, then confirmed by themselves, then ended as one of ENDS.

    `until_at`: when their duty ends, as it stood when they confirmed. `works_here`: are they still of the staff?
    """

    who: Hashable
    named_at: datetime
    confirmed_at: datetime | None = None
    until_at: datetime | None = None
    ended_at: datetime | None = None
    works_here: bool = True


class Ended(NamedTuple):
    """A clinician's decision that nobody needs to stay any more, as one of WHYS."""

    at: datetime
    why: str


class State(NamedTuple):
    """How it stands. `needed_since`: since when the rule asks for somebody. `why`: what is wrong from `due_at` on."""

    with_them: Turn | None = None
    asked: Turn | None = None
    needed_since: datetime | None = None
    why: str = ""
    due_at: datetime | None = None

    @property
    def is_alone(self) -> bool:
        """Is somebody needed, and nobody with them?"""
        return self.needed_since is not None and self.with_them is None

    def is_late(self, *, at: datetime) -> bool:
        return self.due_at is not None and at >= self.due_at


def state(
    *,
    tier: int,
    since: datetime,
    told_on_site: Iterable[datetime] = (),
    turns: Iterable[Turn] = (),
    ended: Ended | None = None,
    minutes: int,
) -> State:
    """Return how it stands with one open case.

    `since`: its latest danger. `told_on_site`: when they were said to be on site, without a break, up to now.
    `ended`: the last decision.
    """
    turns = sorted(turns, key=lambda turn: turn.named_at)
    with_them = next((turn for turn in turns if turn.confirmed_at and not turn.ended_at), None)
    asked = next((turn for turn in turns if not turn.confirmed_at and not turn.ended_at), None)
    needed_since = _needed_since(tier, since, told_on_site, ended)
    asked_since = _asked_since(asked, turns, ended) if asked else None
    waits = timedelta(minutes=minutes)
    if with_them is not None:
        wrong = [
            (GONE, None if with_them.works_here else with_them.confirmed_at),
            (SHIFT_OVER, with_them.until_at),
            (NOT_CONFIRMED, asked_since and asked_since + waits),
        ]
    else:
        begun = min((moment for moment in (needed_since, asked_since) if moment), default=None)
        wrong = [(NOT_CONFIRMED if asked else NOBODY_NAMED, begun and begun + waits)]
    due = [(due_at, why) for why, due_at in wrong if due_at]
    due_at, why = min(due, default=(None, ""))
    return State(with_them, asked, needed_since, why, due_at)


def _needed_since(tier: int, since: datetime, told_on_site: Iterable[datetime], ended: Ended | None) -> datetime | None:
    """A decision answers the danger known then; one that says that they left, until they are on site again."""
    if tier < HIGH:
        return None
    told = sorted(told_on_site)
    if ended is not None and ended.at >= since:
        told = [] if ended.why == LOWERED else [moment for moment in told if moment > ended.at]
    return max(since, told[0]) if told else None


def _asked_since(asked: Turn, turns: Sequence[Turn], ended: Ended | None) -> datetime:
    """Since when somebody is asked and nobody has confirmed: naming somebody else never moves this clock."""
    settled = [turn.confirmed_at for turn in turns if turn.confirmed_at] + ([ended.at] if ended else [])
    last = max(settled, default=None)
    unanswered = [turn.named_at for turn in turns if not turn.confirmed_at and (last is None or turn.named_at >= last)]
    return min([asked.named_at, *unanswered])


def next_step(
    found: State,
    *,
    asked: Sequence[Rung],
    paged: Iterable[tuple[datetime, str]],
    order: Sequence[str],
    minutes: int,
    at: datetime,
) -> ladder.Step:
    """Return whom to ask now, by the ladder's own rule: from the moment it is late, the next rung each `minutes`.

    `asked`: the case's ladder as it stands now. `paged`: when, and for which reason, somebody was asked before.
    """
    if found.due_at is None:
        return ladder.Step("rest")
    if at < found.due_at:
        return ladder.Step("wait", next_at=found.due_at)
    rungs = [rung._replace(minutes=0, seconds=0) for rung in asked]
    before = [
        ladder.Paged(moment, ladder.place_of(because.removeprefix(PAGED), rungs, order=order))
        for moment, because in paged
        if because != NAMED and moment >= found.due_at
    ]
    clock = ladder.Deadlines(0, minutes, _NO_SECOND_CLOCK, minutes, "the clinic's own setting", "design")
    return ladder.next_step(ladder.Case(since=found.due_at, rungs=rungs, paged=before), at=at, deadlines=clock)


def why_not_end(why: str, *, words: str, assessed: int | None) -> str:
    """Return what is missing, as one of the keys below, or nothing. `assessed`: the level found since the danger."""
    if why not in WHYS or not words.strip():
        return NO_REASON
    if why == LOWERED and (assessed is None or assessed >= HIGH):
        return NOT_LOWERED
    return ""


NO_REASON, NOT_LOWERED = "safety.one_to_one.no_reason", "safety.one_to_one.not_lowered"


def duty_ends_at(ends: Iterable[datetime | None], *, at: datetime) -> datetime | None:
    """Return when somebody's duty ends: the latest of closing time and their shifts; None for who is on none now."""
    return max((moment for moment in ends if moment is not None and moment > at), default=None)


def closing_of(day_at: datetime, closes: time) -> datetime:
    """Return closing time on the clinic's day of `day_at`, which is in its zone.

    Of an hour that comes twice it is the one that `day_at` is in, so that who is there before closing is before it.
    """
    return day_at.replace(hour=closes.hour, minute=closes.minute, second=closes.second, microsecond=0)
