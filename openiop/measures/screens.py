"""Screens for suicide risk: what a set of answers amounts to. What was not asked is never a "no".

C-SSRS: the triage of the Columbia card, read from the top down. The mapping found in SPiER's own code (question 4 to
Moderate, every past behaviour to High) is not followed. ASQ: the rules of the NIMH toolkit. Every row of both truth
tables is in docs/rules/scoring.md and tests/cases/screens.json.
"""

from collections.abc import Mapping
from typing import Any

from openiop.measures.instruments import Instrument
from openiop.safety import assessing

NO, YES, REFUSED = 0, 1, 2
OPEN = ("positive_open", "refused")  # results that decide nothing yet
TOLD = {
    "cssrs_1": "low",
    "cssrs_2": "low",
    "cssrs_3": "moderate",
    "cssrs_4": "high",
    "cssrs_5": "high",
    "cssrs_6": "high",
    "cssrs_6_recent": "high",
}

Answers = Mapping[str, Any]


def result(instrument: Instrument, answers: Answers, *, youth: bool = False) -> str | None:
    """Return the code of the screen's result as far as the answers carry it, or None where nothing can be said yet."""
    if instrument.rule == "cssrs":
        return cssrs_level(answers)
    return asq_result(answers, youth=youth)


def cssrs_level(answers: Answers) -> str | None:
    """Return the level that the answers reach at least: high, moderate, low; none only when all was asked; else None.

    A past behaviour whose date nobody asked for counts as recent, to be on the safe side.
    """
    said = {n: answers.get(f"cssrs_{n}") for n in (1, 2, 3, 4, 5, 6)}
    recent = answers.get("cssrs_6_recent")
    if YES in (said[4], said[5]) or (said[6] == YES and recent != NO):
        return "high"
    if said[3] == YES or said[6] == YES:
        return "moderate"
    if YES in (said[1], said[2]):
        return "low"
    return "none" if said[1] == said[2] == said[6] == NO else None


def cssrs_told(code: str, answer: Any, *, among: Answers) -> str | None:
    """Return the level to be told for this one answer: only a "yes" tells something.

    `among` matters for the past behaviour alone: where it is known to be longer ago, it is Moderate.
    """
    if answer != YES:
        return None
    if code == "cssrs_6" and among.get("cssrs_6_recent") == NO:
        return "moderate"
    return TOLD.get(code)


def asq_result(answers: Answers, *, youth: bool = False) -> str | None:
    """Return the ASQ's result: negative, non_acute, acute, or why it is open; None before anything can be said.

    A youth who would rather not answer screens positive. For an adult that depends on whether staff are concerned, and
    until they have said so the screen is neither positive nor negative.
    """
    said = [answers.get(f"asq_{n}") for n in (1, 2, 3, 4)]
    now = answers.get("asq_5")
    if now == YES:
        return "acute"
    if YES in said:
        return "non_acute" if now == NO else "positive_open"
    if REFUSED in said:
        return _asq_refused(youth=youth, concern=answers.get("asq_concern"), asked_all=None not in said)
    return "negative" if said == [NO, NO, NO, NO] else None


def _asq_refused(*, youth: bool, concern: Any, asked_all: bool) -> str | None:
    if youth or concern == YES:
        return "non_acute"
    if concern == NO and asked_all:
        return "refused_no_concern"
    return "refused"


# What a decided result calls for, as the ladder's levels count; what is in neither table decides nothing.
CSSRS_LEVELS = {"none": assessing.NONE, "low": assessing.LOW, "moderate": assessing.MODERATE, "high": assessing.HIGH}
ASQ_LEVELS = {
    "negative": assessing.NONE,
    "refused_no_concern": assessing.NONE,
    "non_acute": assessing.MODERATE,
    "positive_open": assessing.MODERATE,
    "acute": assessing.IMMINENT,
}


def level(instrument: Instrument, band: str, answers: Answers) -> int | None:
    """Return the level that a screen's result calls for, as its answers are told; None where it decides nothing."""
    if instrument.rule == "cssrs":
        return CSSRS_LEVELS.get(band)
    if band == "positive_open" and answers.get("asq_5") == REFUSED:
        return assessing.HIGH
    return ASQ_LEVELS.get(band)


def asks_for_assessment(rule: str, band: str) -> bool:
    """Does this result want a clinician's assessment the same day? A C-SSRS from moderate up, an ASQ that is positive.

    Source: the Columbia card (moderate: the same day; high: at once) and the ASQ's own rules.
    """
    levels = CSSRS_LEVELS if rule == "cssrs" else ASQ_LEVELS
    return levels.get(band, assessing.NONE) >= assessing.MODERATE
