"""The skills cards: what a skill is for and its few steps, in our own words, English and Spanish, a file for each.

Each file names where the skill is described; no text of that source is copied. A changed step is a new `version`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("en", "es")


@dataclass(frozen=True)
class Words:
    """A card in one language. `care`: who should ask their team first; empty where nobody needs to."""

    title: str
    why: str
    steps: tuple[str, ...]
    care: str = ""


@dataclass(frozen=True)
class Card:
    code: str
    family: str
    version: int
    source: str
    words: dict[str, Words]

    def read_in(self, language: str) -> Words:
        return self.words.get(language[:2], self.words["en"])


@cache
def all_cards() -> dict[str, Card]:
    """Return every card by its code, in the order of their English titles."""
    cards = [_read(path) for path in TEXTS.glob("*.toml")]
    return {card.code: card for card in sorted(cards, key=lambda card: card.words["en"].title)}


def choices(language: str) -> list[dict[str, str]]:
    """Return code and title of every card, for whoever chooses one to show."""
    return [{"card": card.code, "title": card.read_in(language).title} for card in all_cards().values()]


def _read(path: Path) -> Card:
    raw: dict[str, Any] = tomllib.loads(path.read_text())
    words = {language: Words(**{**raw[language], "steps": tuple(raw[language]["steps"])}) for language in LANGUAGES}
    return Card(path.stem, raw["family"], raw["version"], raw["source"], words)
