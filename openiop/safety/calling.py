"""Whom a call from staff to staff asks, and in which order. Pure; docs/rules/escalation.md, *Staff call staff*.

The ladder is the one that serves patients (`ladder`, `rungs`) with rungs of its own: who is at that site today, who is
on duty there, who leads, everybody. Where nobody knows the site everybody is asked at once.
"""

from collections.abc import Hashable, Iterable
from datetime import date
from typing import NamedTuple

from openiop.safety import ladder, rungs
from openiop.safety.rungs import Ask, Plan

REPEAT_MINUTES = 2  # how often everybody is asked again


class Colleague(NamedTuple):
    """Somebody of the staff: the site they named last (None: at none, or never said) and on which day."""

    who: Hashable
    leads: bool = False
    site: Hashable | None = None
    said_on: date | None = None


def plan(*, climb_seconds: int, found_minutes: int) -> Plan:
    """The rungs of a call, lowest first. `found_minutes` is its second clock: to a word on what was found."""
    asked = (rungs.HERE, rungs.ON_DUTY, rungs.LEADS)
    return Plan(
        (*(Ask(asks, None, seconds=climb_seconds) for asks in asked), Ask(rungs.EVERYONE, REPEAT_MINUTES)),
        found_minutes,
        REPEAT_MINUTES,
    )


def deadlines(chosen: Plan) -> ladder.Deadlines:
    return ladder.Deadlines(
        4, chosen.repeat_minutes, chosen.contact_minutes, chosen.repeat_minutes, "the clinic's own setting", "design"
    )


def behind(
    colleagues: Iterable[Colleague], *, site: Hashable | None, only_site: bool, today: date
) -> dict[tuple[str, Hashable], list[Hashable]]:
    """Who stands behind each rung. `only_site`: the clinic has one building, so whoever is not elsewhere is there.

    Somebody who named another place today is asked only where everybody is. Who has not said today counts as on duty
    where they were last, and who never said as on duty anywhere: better asked for nothing than not at all.
    """
    if site is None:
        return {}
    here, on_duty, leads = [], [], []
    for one in colleagues:
        said_today = one.said_on == today
        if said_today and one.site == site or (only_site and not said_today):
            here.append(one.who)
        elif not said_today and (one.said_on is None or one.site == site):
            on_duty.append(one.who)
        if one.leads:
            leads.append(one.who)
    return {(rungs.HERE, ""): here, (rungs.ON_DUTY, ""): on_duty, (rungs.LEADS, ""): leads}
