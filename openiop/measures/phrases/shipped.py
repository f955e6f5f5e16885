"""The shipped list: one tab-separated file, numbered; a changed list is a new file with the next number."""

from functools import cache
from pathlib import Path

from openiop.measures.phrases.matching import Phrase

VERSION = 1
FILE = Path(__file__).parent / f"list.v{VERSION}.tsv"


@cache
def shipped() -> tuple[Phrase, ...]:
    """Return the shipped phrases in the file's order."""
    lines = FILE.read_text(encoding="utf-8").splitlines()[1:]
    return tuple(_phrase(*line.split("\t")) for line in lines if line and not line.startswith("#"))


def _phrase(code: str, language: str, category: str, tier: str, words: str, why: str) -> Phrase:
    return Phrase(code, language, category, int(tier), words, why)
