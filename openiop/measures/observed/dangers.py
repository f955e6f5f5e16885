"""Which observation calls somebody, and how soon. Pure: what was seen comes in, the evidence for the ladder comes out.

Two kinds. *Dangers* that need no number, in the ladder's own table (docs/rules/escalation.md). And what a clinic itself
decided to be told of: a number, a substance, a refusal, with whose decision it is. No number is shipped.
Rule and examples: docs/rules/observation.md; cases: tests/cases/observation.json.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from openiop.measures.observed.aspects import PRIVATE
from openiop.safety.ladder import Evidence

OVER, UNDER, FOUND = "over", "under", "found"
SEEN_BY_MEDICAL_HELP, NOT_SEEN_BY_MEDICAL_HELP = "seen", "not_seen"

SIGNS = frozenset(
    {
        ("surroundings", "means_in_sight"),
        ("appearance", "self_harm_marks"),
        ("health", "confused"),
        ("health", "hard_to_wake"),
        ("intoxication", "intoxicated"),
    }
)
SEVERE_WITHDRAWAL = frozenset({"confused", "sees_things"})


class Danger(NamedTuple):
    """One thing to tell: what it was, as `code`, and its evidence. `private`: somebody near may harm the person."""

    code: str
    evidence: Evidence
    private: bool = False


class Rule(NamedTuple):
    """What a clinic decided to be told of. `limit` only for numbers, in the unit of the thing itself."""

    of: str
    way: str
    limit: Decimal | None
    tier: int
    source: str
    key: str = ""


def seen(signs: Mapping[str, Collection[str]]) -> list[Danger]:
    """Return what the signs call for. An aspect that could not be seen calls nobody, and clears nobody."""
    all_signs = [(aspect, sign) for aspect, chosen in sorted(signs.items()) for sign in sorted(chosen)]
    found = [Danger(sign, Evidence("observed", sign)) for aspect, sign in all_signs if (aspect, sign) in SIGNS]
    if any(pair in PRIVATE for pair in all_signs):
        found.append(Danger("harmed", Evidence("harmed_at_home", "seen_by_staff"), private=True))
    return found


def event(kind: str, *, signs: Collection[str] = (), medical: str = "") -> list[Danger]:
    """Return what a withdrawal, an overdose or naloxone given calls for. The gravest sign speaks for a withdrawal."""
    if kind in ("overdose", "naloxone"):
        # Whoever does not say that medical help has seen the person has not said it.
        state = SEEN_BY_MEDICAL_HELP if medical == SEEN_BY_MEDICAL_HELP else NOT_SEEN_BY_MEDICAL_HELP
        return [Danger(f"{kind}_{state}", Evidence(kind, state))]
    if "seizure" in signs:
        return [Danger("seizure", Evidence("withdrawal", "seizure"))]
    if SEVERE_WITHDRAWAL & set(signs):
        return [Danger("severe", Evidence("withdrawal", "severe"))]
    return [Danger("signs", Evidence("withdrawal", "signs"))] if signs else []


def met(rules: Iterable[Rule], facts: Mapping[str, Any]) -> list[Rule]:
    """Return the clinic's own rules that these facts meet. A limit itself counts; what was not measured meets none."""
    return [rule for rule in rules if rule.of in facts and _is_met(rule, facts[rule.of])]


def _is_met(rule: Rule, value: Any) -> bool:
    if rule.way == FOUND:
        return value is True
    if rule.limit is None or value is True:
        return False
    return bool(value >= rule.limit if rule.way == OVER else value <= rule.limit)
