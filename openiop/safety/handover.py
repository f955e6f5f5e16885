"""When what is open passes from the one who goes to the one who comes, and who is asked while nobody takes it. Pure.

A hand-over is due at the end of a shift or a session. It waits until somebody takes it over in so many words; until
then the one who goes stays responsible. Not taken in the clinic's time it climbs as a page does (`ladder.next_step`).
Rule and worked examples: docs/rules/handover.md.
"""

from collections.abc import Collection, Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from openiop.safety import ladder
from openiop.safety.ladder import Rung

SHIFT, SESSION, OWN = "shift", "session", "own"
KINDS = (SHIFT, SESSION, OWN)
TAKEN, NOTHING_OPEN, STAYS = "taken", "nothing_open", "stays"
ENDS = (TAKEN, NOTHING_OPEN, STAYS)

FIRST = "safety.hand_over_first"  # who comes, or, where nobody is named, who goes and is to name them
NAMED = "safety.hand_over_named"  # named later: called beside the ladder, whose clock naming somebody never moves
ORDER = (FIRST, ladder.ON_CALL, ladder.SECOND_ON_CALL, ladder.SUPERVISOR, ladder.EVERYONE_ON_THE_DESK)

LEFT_COUNTS_FOR = timedelta(hours=24)  # how long somebody at risk who left early stays on the list, unless seen to
EVERYONE_ROUNDS = 3  # how often everyone is asked outside the desk; the desk goes on saying it
MAY_STAY = (SESSION, OWN)  # kinds of which somebody who goes may say that they stay with it after all
_NO_SECOND_CLOCK = 10**6  # a hand-over has one clock; this is in minutes, and nearly two years


class Pages(NamedTuple):
    """One page that was sent for a hand-over."""

    at: datetime
    because: str


def rungs(
    *,
    goes: Sequence[Hashable],
    comes: Hashable | None,
    on_call: Iterable[Hashable] = (),
    second_on_call: Iterable[Hashable] = (),
    supervisors: Iterable[Hashable] = (),
) -> list[Rung]:
    """Return who is asked to take over, lowest first: who comes, who is on call, supervisors, everyone on the desk.

    Where nobody is named, those who go are asked first: to name somebody. Those who go take nothing over from
    themselves, and stand on no other rung but the last.
    """
    asked: set[Hashable] = set(goes)
    first = tuple(goes) if comes is None else (comes,)
    asked.update(first)
    found = [Rung(first, FIRST)]
    for people, because in (
        (on_call, ladder.ON_CALL),
        (second_on_call, ladder.SECOND_ON_CALL),
        (supervisors, ladder.SUPERVISOR),
    ):
        new = tuple(dict.fromkeys(person for person in people if person not in asked))
        asked.update(new)
        if new:
            found.append(Rung(new, because))
    return [*found, Rung((), ladder.EVERYONE_ON_THE_DESK, everyone=True)]


def next_step(
    *, due_at: datetime, within_minutes: int, asked: Sequence[Rung], paged: Iterable[Pages], at: datetime
) -> ladder.Step:
    """Return what is to be done about a hand-over that waits: the ladder's own rule, with the one clock it has.

    Everyone is asked `EVERYONE_ROUNDS` times. A danger that nobody has taken climbs by itself, by its own case.
    """
    if at < due_at:
        return ladder.Step("wait", next_at=due_at)
    paged = list(paged)
    rounds = {page.at for page in paged if page.because == ladder.EVERYONE_ON_THE_DESK}
    if len(rounds) >= EVERYONE_ROUNDS:
        return ladder.Step("rest")
    before = [
        ladder.Paged(page.at, ladder.place_of(page.because, asked, order=ORDER))
        for page in paged
        if page.because != NAMED
    ]
    clock = ladder.Deadlines(0, within_minutes, _NO_SECOND_CLOCK, within_minutes, "the clinic's own setting", "design")
    return ladder.next_step(ladder.Case(since=due_at, rungs=asked, paged=before), at=at, deadlines=clock)


def is_late(*, due_at: datetime, within_minutes: int, at: datetime) -> bool:
    """Has nobody taken it over within the clinic's time?"""
    return at >= due_at + timedelta(minutes=within_minutes)


def concerns(
    kind: str, *, patient: Hashable, holder: Hashable | None, patients: Collection[Hashable], goes: Collection[Hashable]
) -> bool:
    """Is this open case on the list? A shift's list is the whole clinic's; a session's, what nobody has of its people.

    What one of those who go has in hand is on it always. What somebody else has after a session has a name.
    """
    if kind == SHIFT or (holder is not None and holder in goes):
        return True
    return holder is None and patient in patients


def passes(*, holder: Hashable | None, goes: Collection[Hashable]) -> bool:
    """Does the case pass to the one who comes? What somebody else has in hand stays with them, and what nobody has
    rings on until somebody takes it by itself; both are on the list.
    """
    return holder is not None and holder in goes
