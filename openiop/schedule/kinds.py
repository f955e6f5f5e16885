"""What each kind of service asks of a session: one table, which the room, the forms and the door read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from openiop.schedule.models import Block, CareSession, Kind


@dataclass(frozen=True)
class Rule:
    """`most_patients`: how many at most, None for as many as there are places. `supporters`: whether a patient's people
    may come by a link. `asked_alone`: each patient is asked alone about safety before they are seen together.
    `muted_on_entry`: who comes in listens first; they raise a hand or turn their microphone on when they like."""

    most_patients: int | None = None
    supporters: bool = False
    asked_alone: bool = False
    muted_on_entry: bool = False


RULES: dict[str, Rule] = {
    Kind.GROUP: Rule(),
    Kind.SKILLS: Rule(),
    Kind.EDUCATION: Rule(muted_on_entry=True),
    Kind.INDIVIDUAL: Rule(most_patients=1),
    # One patient, so that who comes for them hears nobody else's words.
    Kind.FAMILY: Rule(most_patients=1, supporters=True),
    Kind.COUPLE: Rule(most_patients=2, asked_alone=True),
    Kind.INTAKE: Rule(most_patients=1),
    Kind.MEDICATION: Rule(most_patients=1),
    Kind.CRISIS: Rule(most_patients=1),
}


def rule_for(kinds: Iterable[str]) -> Rule:
    """Return what a session of these blocks asks: the narrowest of what each of them does. Breaks ask nothing."""
    rules = [RULES[kind] for kind in kinds if kind != Kind.BREAK]
    most = [rule.most_patients for rule in rules if rule.most_patients is not None]
    return Rule(
        most_patients=min(most, default=None),
        supporters=bool(rules) and all(rule.supporters for rule in rules),
        asked_alone=any(rule.asked_alone for rule in rules),
        muted_on_entry=bool(rules) and all(rule.muted_on_entry for rule in rules),
    )


def rule_of(session: CareSession) -> Rule:
    return rule_for(session.blocks.values_list("kind", flat=True))


def enters_muted(blocks: Iterable[Block], here: Block | None, *, at: datetime) -> bool:
    """Does whoever comes in now come in muted? By the block that is on, else the one that is next."""
    asking = [block for block in blocks if block.kind != Kind.BREAK]
    on = here if here in asking else next((block for block in asking if block.begins_at >= at), None)
    return on is not None and RULES[on.kind].muted_on_entry
