"""The instruments: their words, codes and rules as data, one JSON file for each version.

A shipped file never changes: a changed question is a new version beside the old one, and a stored score keeps the
version it was scored by. `SHA256SUMS` lists what was shipped; reading a file that differs from it raises.
`python -m openiop.measures.instruments` reads every file and says what is wrong; bin/check runs it.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from openiop.measures.instruments.loinc import loinc_is_valid
from openiop.measures.instruments.reading import parse
from openiop.measures.instruments.shape import (
    BadInstrument,
    Band,
    Condition,
    Conversion,
    Criterion,
    Instrument,
    Item,
    LeadsTo,
    Option,
    Result,
    Safety,
    Subscore,
    Words,
    in_language,
)

__all__ = [
    "BadInstrument",
    "Band",
    "Condition",
    "Conversion",
    "Criterion",
    "Instrument",
    "Item",
    "LeadsTo",
    "Option",
    "Result",
    "Safety",
    "Subscore",
    "Words",
    "all_instruments",
    "in_language",
    "load",
    "loinc_is_valid",
    "parse",
    "shipped",
]

FOLDER = Path(__file__).parent


def all_instruments() -> Mapping[str, Instrument]:
    """Return every shipped instrument by its key, such as `phq9.v1`."""
    return MappingProxyType({name.removesuffix(".json"): load(name.removesuffix(".json")) for name in shipped()})


@cache
def load(key: str) -> Instrument:
    """Return one version of an instrument. Raises KeyError where there is none, BadInstrument where its file is bad."""
    name = f"{key}.json"
    sums = shipped()
    if name not in sums:
        raise KeyError(f"no instrument {key}")
    content = (FOLDER / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != sums[name]:
        raise BadInstrument(f"{name} was changed after it was shipped; make a new version of it instead")
    instrument = parse(json.loads(content), name=name)
    if instrument.key != key:
        raise BadInstrument(f"{name} says it is {instrument.key}; name the file after what it holds")
    return instrument


def shipped() -> Mapping[str, str]:
    """Return the shipped files and their SHA-256, as committed."""
    lines = (FOLDER / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return MappingProxyType({name: digest for digest, name in (line.split() for line in lines if line)})
