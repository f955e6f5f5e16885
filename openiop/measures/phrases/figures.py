"""How the list does on the labelled messages: sensitivity, specificity, predictive values, with Wilson intervals.

`manage.py phrase_figures` writes docs/rules/phrases.md from here; a test holds the page to the command's output.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from openiop.lib.estimates import Share
from openiop.measures.phrases.matching import Phrase, find

FOLDER = Path(__file__).parent / "labelled"
HALVES = ("development", "held_out")


class Message(NamedTuple):
    """One labelled message; `tell`: a clinician should read it soon."""

    language: str
    tell: bool
    category: str
    text: str


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
