"""What answers amount to: totals, bands, sub-scores, and the answers that raise a flag whatever the total.

Nothing is ever filled in for a person: a missing answer means no total, unless a clinic chose to prorate, and then the
total says so. An answer about suicide or self-harm is never filled in. Rules and cases: docs/rules/scoring.md.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from openiop.measures import screens
from openiop.measures.instruments import Criterion, Instrument, Item, Subscore

Answer = int | float | str
Answers = Mapping[str, Answer]


class Score(NamedTuple):
    """`total` is the raw sum, None while an answer is missing or where the instrument has no total.

    `band` is the code of the total's band, or of a screen's result as far as it is known: a screen that is not
    finished may be positive already. `missing` are the codes of required items that were asked and have no answer, in
    the instrument's order. `prorated`: the total was reckoned from fewer answers than the instrument has.
    """

    total: int | None
    band: str | None
    complete: bool
    missing: tuple[str, ...]
    prorated: bool = False


class Sign(NamedTuple):
    """An answer that must be told to somebody: a reason and value as the escalation ladder knows them."""

    item: str
    reason: str
    value: str | int


class NotAnAnswer(ValueError):
    """The item does not exist or cannot be answered so. Nothing may be saved."""


def score(instrument: Instrument, answers: Answers, *, youth: bool = False, prorate_up_to: int = 0) -> Score:
    """Return what the answers, by item code, amount to. Raises NotAnAnswer.

    `youth`: an adolescent, for whom a refused ASQ question counts as a positive screen. `prorate_up_to`: how many
    missing answers the clinic lets a sum be reckoned without; 0, the strict rule, unless somebody chose otherwise.
    """
    for code, answer in answers.items():
        check(instrument, code, answer)
    missing = tuple(item.code for item in instrument.items if item.required and is_open(item, answers))
    if instrument.method == "rule":
        return Score(None, screens.result(instrument, answers, youth=youth), not missing, missing)
    if instrument.method == "none" or (missing and not _may_prorate(instrument, missing, prorate_up_to)):
        return Score(None, None, not missing, missing)
    total = _sum(instrument, answers)
    return Score(total, band_of(instrument, total), not missing, missing, prorated=bool(missing))


def _may_prorate(instrument: Instrument, missing: Sequence[str], up_to: int) -> bool:
    """Only scored items, only as many as the clinic allows, and never one whose answer could raise a flag.

    A standard score is of whole answers only, so that nothing is reckoned for an instrument that has one.
    """
    if instrument.conversion is not None:
        return False
    items = [instrument.item(code) for code in missing]
    return len(missing) <= up_to and all(item.scored and item.safety is None for item in items)


def _sum(instrument: Instrument, answers: Answers) -> int:
    """The sum; of fewer answers than items, their mean for each item, rounded half up."""
    scored = [item for item in instrument.items if item.scored]
    given = [item.score_of(answers[item.code]) for item in scored if item.code in answers]
    return sum(given) if len(given) == len(scored) else (2 * sum(given) * len(scored) + len(given)) // (2 * len(given))


def band_of(instrument: Instrument, total: int) -> str | None:
    """Return the code of the band this total lies in, if the instrument has bands."""
    return next((band.code for band in instrument.bands if band.least <= total <= band.most), None)


def standard_score(instrument: Instrument, total: int | None) -> float | None:
    """Return the standard score of a total, such as PROMIS's T; None without a total, or where there is no table."""
    return instrument.conversion.table.get(total) if instrument.conversion and total is not None else None


def is_asked(item: Item, answers: Answers) -> bool:
    """Is this item put to the person, with what they have answered so far?"""
    return not item.asked_if or any(answers.get(each.item) in each.values for each in item.asked_if)


def is_open(item: Item, answers: Answers) -> bool:
    """Is this item asked, and has it no answer yet?"""
    return item.code not in answers and is_asked(item, answers)


def subscores(instrument: Instrument, answers: Answers) -> dict[str, int | None]:
    """Return each sub-score by its code; None while one of its answers is missing. Raises NotAnAnswer.

    An item that the form itself skips (no alcohol at all, so no days of five drinks) adds nothing; an item that was
    merely not answered leaves its sub-score open.
    """
    for code, answer in answers.items():
        check(instrument, code, answer)
    return {part.code: _subscore(instrument, part, answers) for part in instrument.subscores}


def _subscore(instrument: Instrument, part: Subscore, answers: Answers) -> int | None:
    total = 0
    for item in map(instrument.item, part.items):
        if item.code in answers:
            total += item.score_of(answers[item.code])
        elif not _is_skipped(item, answers):
            return None
    return total


def _is_skipped(item: Item, answers: Answers) -> bool:
    """Was everything that decides whether it is asked answered, and was it then not asked?"""
    return bool(item.asked_if) and all(each.item in answers for each in item.asked_if) and not is_asked(item, answers)


def criteria_met(instrument: Instrument, answers: Answers) -> bool | None:
    """Return whether the provisional rule holds, such as the PCL-5's for DSM-5; None where it cannot be said.

    A cluster that has enough answers of the wanted strength holds whatever is missing; one that has not, with answers
    missing, is not known to fail. Without such a rule: None. Raises NotAnAnswer.
    """
    for code, answer in answers.items():
        check(instrument, code, answer)
    held = [_holds(each, answers) for each in instrument.criteria]
    if not held or (None in held and False not in held):
        return None
    return False not in held


def _holds(criterion: Criterion, answers: Answers) -> bool | None:
    given = [answers[code] for code in criterion.items if code in answers]
    if sum(int(value) >= criterion.value for value in given) >= criterion.at_least:
        return True
    return False if len(given) == len(criterion.items) else None


def signs(instrument: Instrument, answers: Answers, *, youth: bool = False) -> tuple[Sign, ...]:
    """Return what the answers must be told for, at any total and however few have been given. Raises NotAnAnswer."""
    found = (sign_of(instrument, code, answer, youth=youth, among=answers) for code, answer in answers.items())
    return tuple(sign for sign in found if sign is not None)


def sign_of(
    instrument: Instrument, code: str, answer: Answer, *, youth: bool = False, among: Answers | None = None
) -> Sign | None:
    """Return what one answer must be told for, at the moment it is saved, or None. Raises NotAnAnswer.

    `among`: what else is known, for screens whose result no single answer decides.
    """
    item = check(instrument, code, answer)
    if instrument.rule == "cssrs":
        level = screens.cssrs_told(code, answer, among=among or {})
        return Sign(code, "suicide_screen", level) if level else None
    if item.safety is None:
        return None
    values = {**item.safety.values, **(item.safety.youth_values if youth else {})}
    return Sign(code, item.safety.reason, values[int(answer)]) if answer in values else None


def check(instrument: Instrument, code: str, answer: Answer) -> Item:
    """Return the item, if the answer is one it can have. Raises NotAnAnswer, naming the item but never the answer."""
    try:
        item = instrument.item(code)
    except KeyError as fault:
        raise NotAnAnswer(str(fault)) from fault
    if not _fits(item, answer):
        # The answer itself stays out of the message: messages end up in logs.
        raise NotAnAnswer(f"{instrument.key} {code}: not one of its answers")
    return item


def _fits(item: Item, answer: Answer) -> bool:
    if item.kind == "text":
        return isinstance(answer, str) and item.most is not None and len(answer) <= item.most
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return False
    if item.kind == "choice":
        return isinstance(answer, int) and answer in {option.value for option in item.options}
    if item.least is None or item.most is None or item.step is None:
        return False
    return item.least <= answer <= item.most and ((answer - item.least) / item.step).is_integer()
