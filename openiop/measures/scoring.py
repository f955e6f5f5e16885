"""What answers amount to: totals, bands, and the answers that raise a flag whatever the total.

Nothing is ever filled in for a person: a missing answer means no total (docs/rules/escalation.md for the flags).
"""

from collections.abc import Mapping
from typing import NamedTuple

from openiop.measures.instruments import Instrument, Item

Answer = int | float | str


class Score(NamedTuple):
    """`total` is the raw sum, None while an answer is missing or where the instrument has no total.

    `missing` are the codes of required items without an answer, in the instrument's order.
    """

    total: int | None
    band: str | None
    complete: bool
    missing: tuple[str, ...]


class Sign(NamedTuple):
    """An answer that must be told to somebody: a reason and value as the escalation ladder knows them."""

    item: str
    reason: str
    value: str | int


class NotAnAnswer(ValueError):
    """The item does not exist or cannot be answered so. Nothing may be saved."""


def score(instrument: Instrument, answers: Mapping[str, Answer]) -> Score:
    """Return the total and band of the answers, by item code, that were given. Raises NotAnAnswer."""
    for code, answer in answers.items():
        check(instrument, code, answer)
    missing = tuple(item.code for item in instrument.items if item.required and item.code not in answers)
    if missing or instrument.method == "none":
        return Score(None, None, not missing, missing)
    total = sum(int(answers[item.code]) for item in instrument.items if item.scored)
    band = next((band.code for band in instrument.bands if band.least <= total <= band.most), None)
    return Score(total, band, True, ())


def signs(instrument: Instrument, answers: Mapping[str, Answer]) -> tuple[Sign, ...]:
    """Return what the answers must be told for, at any total and however few have been given. Raises NotAnAnswer."""
    found = (sign_of(instrument, code, answer) for code, answer in answers.items())
    return tuple(sign for sign in found if sign is not None)


def sign_of(instrument: Instrument, code: str, answer: Answer) -> Sign | None:
    """Return what one answer must be told for, at the moment it is saved, or None. Raises NotAnAnswer."""
    item = check(instrument, code, answer)
    if item.safety is None or answer not in item.safety.values:
        return None
    return Sign(code, item.safety.reason, item.safety.values[int(answer)])


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
