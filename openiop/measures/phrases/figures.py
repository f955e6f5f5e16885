"""How the list does on the labelled messages: sensitivity, specificity, predictive values, with Wilson intervals.

`manage.py phrase_figures` writes docs/rules/phrases.md from here; a test holds the page to the command's output.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from openiop.measures.phrases.matching import Phrase, find

FOLDER = Path(__file__).parent / "labelled"
HALVES = ("development", "held_out")
Z95 = 1.959964  # the normal quantile of a two-sided 95 % interval


class Message(NamedTuple):
    """One labelled message; `tell`: a clinician should read it soon."""

    language: str
    tell: bool
    category: str
    text: str


class Share(NamedTuple):
    """`part` of `whole`, with the Wilson interval's ends; None where nothing was counted."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.part, self.whole) if self.whole else None


class Figures(NamedTuple):
    """What became of some messages: told rightly, missed, told wrongly, left alone rightly."""

    caught: int
    missed: int
    alarmed: int
    quiet: int

    @property
    def sensitivity(self) -> Share:
        return Share(self.caught, self.caught + self.missed)

    @property
    def specificity(self) -> Share:
        return Share(self.quiet, self.quiet + self.alarmed)

    @property
    def predictive_value(self) -> Share:
        return Share(self.caught, self.caught + self.alarmed)

    @property
    def negative_predictive_value(self) -> Share:
        return Share(self.quiet, self.quiet + self.missed)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion at 95 % (Wilson 1927). `whole` must be above zero."""
    share, squared = part / whole, Z95 * Z95
    middle = (share + squared / (2 * whole)) / (1 + squared / whole)
    reach = Z95 * math.sqrt(share * (1 - share) / whole + squared / (4 * whole * whole)) / (1 + squared / whole)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def labelled(half: str) -> list[Message]:
    """Return the labelled messages of one half."""
    lines = (FOLDER / f"{half}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return [Message(language, tell == "1", category, text) for language, tell, category, text in rows]


def measured(messages: Iterable[Message], phrases: Sequence[Phrase]) -> list[tuple[Message, bool]]:
    """Return each message with whether the list would tell somebody of it."""
    return [(message, bool(find(message.text, phrases))) for message in messages]


def figures(results: Iterable[tuple[Message, bool]]) -> Figures:
    """Count what became of some messages."""
    counts = {(tell, told): 0 for tell in (True, False) for told in (True, False)}
    for message, told in results:
        counts[message.tell, told] += 1
    return Figures(counts[True, True], counts[True, False], counts[False, True], counts[False, False])
