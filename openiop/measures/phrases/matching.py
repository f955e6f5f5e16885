"""Which phrases of the list a text says: pure functions, no tables. Rule and figures: docs/rules/phrases.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from openiop.measures.phrases import guards
from openiop.measures.phrases.folding import fold
from openiop.measures.phrases.wording import joined_in, places, run_together, within


class Phrase(NamedTuple):
    """One line of the list. `tier` is what it suggests to the ladder; `why` stands beside it on the page."""

    code: str
    language: str
    category: str
    tier: int
    words: str
    why: str

    @property
    def parts(self) -> list[str]:
        """The words with room to break lines at: "kill / end  myself"."""
        return [part.replace("|", " / ") for part in self.words.split()]


class Found(NamedTuple):
    """A phrase found in a text; `said` is the sentence it stands in, as written."""

    phrase: Phrase
    said: str


def find(text: str, phrases: Sequence[Phrase]) -> list[Found]:
    """Return the phrases that the text says, in the text's order, each at most once. Guards are modest: see the doc."""
    wordings = tuple(phrase.words for phrase in phrases)
    found: dict[str, Found] = {}
    for sentence in _sentences(text):
        words = fold(sentence)
        if not words:
            continue
        figures, near = guards.figures_in(words), {*within(words, wordings), *run_together(words, wordings)}
        for phrase in phrases:
            if (
                phrase.words in near
                and phrase.code not in found
                and _says(words, phrase, sentence=sentence, figures=figures)
            ):
                found[phrase.code] = Found(phrase, sentence.strip())
    return list(found.values())


def _says(words: Sequence[str], phrase: Phrase, *, sentence: str, figures: set[int]) -> bool:
    where = [*places(words, phrase.words), *joined_in(words, phrase.words)]
    return any(
        not figures & set(range(begin, end))
        and not guards.guarded(words, begin, end, sentence=sentence, category=phrase.category)
        for begin, end in where
    )


def worst(found: Iterable[Found]) -> Found | None:
    """The one of the highest tier; of equal ones the first."""
    return max(found, key=lambda each: each.phrase.tier, default=None)


def _sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?;\n])\s+|\n", text) if part.strip()]
