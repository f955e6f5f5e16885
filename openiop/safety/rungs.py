"""The escalation ladder as a clinic sets it: who is asked, on which ways, how long each rung may wait.

One plan for each tier, place (on site or at home) and hour (while staff are here or not). Pure: `openiop.safety.models`
keeps the clinic's own plans as dated versions. A rung is one of ASKS or a named clinician. Family, police and emergency
contacts are none of them and can never be: whether they are told is a person's decision (docs/rules/escalation.md).
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from openiop.safety import ladder
from openiop.safety.ladder import Deadlines, Rung

LIVE, PRIMARY, ON_CALL, SECOND_ON_CALL = "live", "primary", "on_call", "second_on_call"
SUPERVISOR, EVERYONE, ROLE, PERSON = "supervisor", "everyone", "role", "person"
ASKS = (LIVE, PRIMARY, ON_CALL, SECOND_ON_CALL, SUPERVISOR, EVERYONE, ROLE, PERSON)
# Rungs of a call from staff to staff alone (`calling.py`); no clinic's ladder about a patient has them.
HERE, ON_DUTY, LEADS = "here", "on_duty", "leads"

DESK = "desk"
WAYS = (DESK, "push", "sms", "email")

ON_SITE, AT_HOME = "on_site", "virtual"
PLACES = (AT_HOME, ON_SITE)

BECAUSE = {
    LIVE: ladder.LIVE,
    PRIMARY: ladder.PRIMARY,
    ON_CALL: ladder.ON_CALL,
    SECOND_ON_CALL: ladder.SECOND_ON_CALL,
    SUPERVISOR: ladder.SUPERVISOR,
    EVERYONE: ladder.EVERYONE_ON_THE_DESK,
    HERE: "safety.here_today",
    ON_DUTY: "safety.on_duty_here",
    LEADS: "safety.leads",
}

HOLE = "safety.rungs.hole"
NO_CLOCK = "safety.rungs.no_clock"
EMPTY_RUNG = "safety.rungs.empty_rung"
NOBODY_LEFT = "safety.rungs.nobody_left"
TWICE = "safety.rungs.twice"
NO_SUPERVISOR = "safety.rungs.no_supervisor"
NOT_EVERYONE_LAST = "safety.rungs.not_everyone_last"
NO_WAY = "safety.rungs.no_way"
CONTACT_TOO_SOON = "safety.rungs.contact_too_soon"


class Ask(NamedTuple):
    """One rung as planned. `who` is the role or the clinician's id where `asks` is ROLE or PERSON, else empty."""

    asks: str
    minutes: int | None
    who: Any = ""
    ways: tuple[str, ...] = WAYS
    seconds: int = 0

    @property
    def because(self) -> str:
        return BECAUSE.get(self.asks) or f"safety.{self.asks}.{self.who}"


class Plan(NamedTuple):
    """The rungs, lowest first; `contact_minutes` is the second clock, `repeat_minutes` how often the last is asked."""

    rungs: tuple[Ask, ...]
    contact_minutes: int
    repeat_minutes: int

    @property
    def order(self) -> tuple[str, ...]:
        return tuple(ask.because for ask in self.rungs)


def begun_with(deadlines: Deadlines, *, in_hours: bool) -> Plan:
    """The plan of a clinic that has set none, on site as at home: docs/rules/escalation.md, *Who is asked*."""
    first = [LIVE, PRIMARY] if in_hours else [LIVE]
    asked = [*first, ON_CALL, SECOND_ON_CALL, SUPERVISOR]
    return Plan(
        (
            *(Ask(asks, deadlines.acknowledge_minutes) for asks in asked),
            Ask(EVERYONE, deadlines.repeat_minutes),
        ),
        deadlines.contact_minutes,
        deadlines.repeat_minutes,
    )


def drawn(plan: Plan, people: Mapping[tuple[str, Hashable], Iterable[Hashable]]) -> list[Rung]:
    """Return the ladder for one person now: `people` are those who stand behind each (asks, who).

    Nobody stands on two rungs and a rung without people is left out; everyone on the desk is always the last.
    """
    asked: set[Hashable] = set()
    rungs = []
    for ask in plan.rungs:
        if ask.asks == EVERYONE:
            continue
        new = tuple(dict.fromkeys(one for one in people.get((ask.asks, ask.who), ()) if one not in asked))
        asked.update(new)
        if new:
            rungs.append(Rung(new, ask.because, minutes=ask.minutes or 0, ways=ask.ways, seconds=ask.seconds))
    ways = next((ask.ways for ask in plan.rungs if ask.asks == EVERYONE), WAYS)
    return [*rungs, Rung((), ladder.EVERYONE_ON_THE_DESK, everyone=True, minutes=plan.repeat_minutes, ways=ways)]


def joined(
    asked: Sequence[Rung], gone: Sequence[Hashable], *, on_call: Iterable[Hashable], in_hours: bool
) -> list[Rung]:
    """Return the ladder with those who went off call and from whom nobody has taken over yet.

    They are asked together with whoever is on call now, on the rung that asks them; out of hours with nobody on call,
    together with the first rung after the person's own therapists. Never on a rung of their own, which would make
    everybody behind them wait for somebody who went home.
    """
    now = set(on_call)
    if not gone or (in_hours and not now):
        return list(asked)
    own = (ladder.LIVE, ladder.PRIMARY)
    place = next(
        (n for n, rung in enumerate(asked) if (now & set(rung.who) if now else rung.because not in own)), len(asked)
    )
    if place == len(asked) or asked[place].everyone:
        return list(asked)
    before = {person for rung in asked[: place + 1] for person in rung.who}
    new = tuple(person for person in dict.fromkeys(gone) if person not in before)
    with_them = asked[place]._replace(who=(*asked[place].who, *new))
    rest = [rung._replace(who=tuple(one for one in rung.who if one not in new)) for rung in asked[place + 1 :]]
    return [*asked[:place], with_them, *(rung for rung in rest if rung.who or rung.everyone)]


def faults(
    rows: Sequence[Ask | None], *, contact_minutes: int, staffing: Mapping[tuple[str, Hashable], int]
) -> list[tuple[int, str]]:
    """Return what is wrong with a plan as typed: (row from 0, or -1 for the whole, and a key of a sentence).

    `rows` are the rungs in order, None for a row left empty. `staffing` says how many active clinicians stand behind a
    role or a name today.
    """
    last = max((place for place, row in enumerate(rows) if row is not None), default=-1)
    found = [(place, HOLE) for place in range(last) if rows[place] is None]
    filled = [(place, row) for place, row in enumerate(rows) if row is not None]
    seen: set[str] = set()
    for place, row in filled:
        if row.because in seen:
            found.append((place, TWICE))
        seen.add(row.because)
        if not row.minutes or row.minutes < 1:
            found.append((place, NO_CLOCK))
        if DESK not in row.ways or not set(row.ways) <= set(WAYS):
            found.append((place, NO_WAY))
        if row.asks in (ROLE, PERSON) and not staffing.get((row.asks, row.who)):
            found.append((place, EMPTY_RUNG if row.asks == ROLE else NOBODY_LEFT))
    asks = [row.asks for _place, row in filled]
    if not asks or asks[-1] != EVERYONE:
        found.append((-1, NOT_EVERYONE_LAST))
    if SUPERVISOR not in asks:
        found.append((-1, NO_SUPERVISOR))
    if filled and (filled[0][1].minutes or 0) > contact_minutes:
        found.append((-1, CONTACT_TOO_SOON))
    return sorted(found)
