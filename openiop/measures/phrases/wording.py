"""A phrase's words and where they stand in a text.

`kill|end` either word, `dr*` whatever begins so, `#` a number, `...` up to three other words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import product

from openiop.measures.phrases.folding import fold, same

GAP = "..."
GAP_MOST = 3  # words that `...` may skip
JOINED_FROM = 9  # letters of a run-together phrase that is looked for inside one long word


@cache
def pattern_of(words: str) -> tuple[tuple[str, ...], ...]:
    """The phrase as positions, each with its folded choices; a gap is ("...",)."""
    positions: list[tuple[str, ...]] = []
    for part in words.split():
        if part == GAP:
            positions.append((GAP,))
        else:
            positions.append(tuple(_fold_choice(choice) for choice in part.split("|")))
    return tuple(positions)


def _fold_choice(choice: str) -> str:
    if choice == "#":
        return choice
    star = choice.endswith("*")
    folded = "".join(fold(choice.rstrip("*")))
    return folded + "*" if star else folded


def has_a_word(words: str) -> bool:
    """Is at least one place of the phrase held by whole words of three letters or more alone?"""
    return any(all(len(choice.rstrip("*")) >= 3 and choice != GAP for choice in place) for place in pattern_of(words))


def places(words: Sequence[str], phrase: str) -> Iterator[tuple[int, int]]:
    pattern = pattern_of(phrase)
    for begin in range(len(words)):
        end = _match(words, begin, pattern)
        if end is not None:
            yield begin, end


def _match(words: Sequence[str], at: int, pattern: Sequence[tuple[str, ...]]) -> int | None:
    """Where a match that begins at `at` ends, or None."""
    if not pattern:
        return at
    first, rest = pattern[0], pattern[1:]
    if first == (GAP,):
        for skipped in range(GAP_MOST + 1):
            if skipped and (at + skipped > len(words) or words[at + skipped - 1] == ","):
                return None
            if (end := _match(words, at + skipped, rest)) is not None:
                return end
        return None
    if at < len(words) and any(same(words[at], choice) for choice in first):
        return _match(words, at + 1, rest)
    return None


def within(words: Sequence[str], wordings: tuple[str, ...]) -> list[str]:
    """Return the wordings whose every word is somewhere among the words: few of many, found without trying all."""
    choices = _all_choices(wordings)
    heard = {choice for word in set(words) for choice in _choices_like(word, choices)}
    return [each for each in wordings if all(_heard(position, heard) for position in pattern_of(each))]


def _heard(position: tuple[str, ...], heard: set[str]) -> bool:
    return position == (GAP,) or any(choice in heard for choice in position)


@lru_cache(maxsize=20_000)
def _choices_like(word: str, choices: frozenset[str]) -> frozenset[str]:
    return frozenset(choice for choice in choices if same(word, choice))


@cache
def _all_choices(wordings: tuple[str, ...]) -> frozenset[str]:
    return frozenset(choice for each in wordings for choices in pattern_of(each) for choice in choices) - {GAP}


@cache
def _joined(phrase: str) -> tuple[str, ...]:
    """The phrase's wordings written without spaces, where it has no gap or open end."""
    pattern = pattern_of(phrase)
    if len(pattern) == 1 or any(
        GAP in choices or any(choice.endswith("*") for choice in choices) for choices in pattern
    ):
        return ()
    wordings = ("".join(parts) for parts in product(*pattern))
    return tuple(re.sub(r"(.)\1+", r"\1", each) for each in wordings if len(each) >= JOINED_FROM)


def joined_in(words: Sequence[str], phrase: str) -> Iterator[tuple[int, int]]:
    """Yield where a long word holds the phrase run together, as in "iwanttodie"."""
    for place, word in enumerate(words):
        if len(word) >= JOINED_FROM and any(each in word for each in _joined(phrase)):
            yield place, place + 1


def run_together(words: Sequence[str], wordings: tuple[str, ...]) -> list[str]:
    """Return the wordings that stand run together inside one long word."""
    return [each for each in wordings if any(joined_in(words, each))]
