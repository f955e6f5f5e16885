"""Blocks: the pieces that a clinic puts its check-ins together from, one immutable JSON file for each version.

A block has one or two questions in our own words, in English and Spanish, of the same shape as an instrument's. A
changed question is a new version of its block beside the old one; `SHA256SUMS` lists what was shipped. What is
assembled from blocks is an instrument like any other (`assembled`), without a total.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from openiop.measures import instruments
from openiop.measures.instruments import BadInstrument, Instrument, Words

FOLDER = Path(__file__).parent
SAFETY = "self_harm.v1"  # the daily check-in never goes without it


class Block(NamedTuple):
    """One version of one block. `data` is its file: option sets and items, as an instrument has them."""

    code: str
    version: int
    order: int
    title: Words
    data: Mapping[str, Any]

    @property
    def key(self) -> str:
        return f"{self.code}.v{self.version}"


@cache
def shipped() -> tuple[Block, ...]:
    """Return every shipped block, in the order they are asked. Raises BadInstrument for a changed file."""
    lines = (FOLDER / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return tuple(sorted((_load(name, digest) for digest, name in map(str.split, lines)), key=lambda block: block.order))


def _load(name: str, digest: str) -> Block:
    content = (FOLDER / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise BadInstrument(f"{name} was changed after it was shipped; make a new version of it instead")
    data = json.loads(content)
    return Block(data["code"], data["version"], data["order"], data["title"], data)


def assemble(code: str, version: int, title: Words, keys: Sequence[str]) -> Instrument:
    """Return the blocks of these keys as one instrument, in the blocks' own order. Raises KeyError, BadInstrument."""
    return _assembled(code, version, title["en"], title["es"], tuple(keys))


@lru_cache(maxsize=500)
def _assembled(code: str, version: int, english: str, spanish: str, keys: tuple[str, ...]) -> Instrument:
    by_key = {block.key: block for block in shipped()}
    blocks = sorted((by_key[key] for key in keys), key=lambda block: block.order)
    return instruments.parse(
        {
            "code": code,
            "version": version,
            "title": {"en": english, "es": spanish},
            "languages": ["en", "es"],
            "recall_days": 1,
            "licence": "Apache-2.0: our own words",
            "source": "OpenIOP. Not a validated measure: it opens a conversation and has no total.",
            "option_sets": {name: rows for block in blocks for name, rows in block.data["option_sets"].items()},
            "items": [item for block in blocks for item in block.data["items"]],
            "score": {"method": "none"},
        }
    )
