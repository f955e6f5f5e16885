"""The instruments: their words, codes and rules as data, one JSON file for each version.

A shipped file never changes: a changed question is a new version beside the old one, and a stored score keeps the
version it was scored by. `SHA256SUMS` lists what was shipped; reading a file that differs from it raises.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

FOLDER = Path(__file__).parent
KINDS = frozenset({"choice", "scale", "number", "text"})
METHODS = frozenset({"sum", "none"})
TRUST = frozenset({"read", "recalled", "design"})

Words = Mapping[str, str]


class BadInstrument(ValueError):
    """An instrument's file contradicts itself or was changed after it was shipped; it must not be used."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One answer of a choice. `value` is stored and scored; `code` names it where a number would not say enough."""

    value: int
    code: str
    text: Words
    loinc: str | None = None


@dataclass(frozen=True, kw_only=True)
class Safety:
    """Which answers of an item raise a flag: `values` maps the stored value to what the escalation ladder is told."""

    reason: str
    values: Mapping[int, str | int]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question. `least`, `most` and `step` bound a scale or number; `unit` is UCUM; `most` is the length of a text.

    `required`: the answers count as complete only with it.
    """

    code: str
    kind: Literal["choice", "scale", "number", "text"]
    text: Words
    required: bool
    scored: bool
    options: Sequence[Option] = ()
    least: float | None = None
    most: float | None = None
    step: float | None = None
    unit: str | None = None
    least_text: Words | None = None
    most_text: Words | None = None
    loinc: str | None = None
    safety: Safety | None = None


@dataclass(frozen=True, kw_only=True)
class Band:
    """A range of totals, both ends included."""

    code: str
    least: int
    most: int
    text: Words


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """One version of one instrument. `recall_days` is the time its questions look back on."""

    code: str
    version: int
    title: Words
    stem: Words | None
    languages: Sequence[str]
    recall_days: int
    licence: str
    source: str
    method: Literal["sum", "none"]
    least_total: int | None
    most_total: int | None
    items: Sequence[Item]
    bands: Sequence[Band] = ()
    bands_source: str = ""
    bands_trust: str = ""
    panel_loinc: str | None = None
    total_loinc: str | None = None

    @property
    def key(self) -> str:
        return f"{self.code}.v{self.version}"

    def item(self, code: str) -> Item:
        """Return the item of that code. Raises KeyError."""
        for item in self.items:
            if item.code == code:
                return item
        raise KeyError(f"{self.key} has no item {code}")


def in_language(words: Words, language: str) -> str:
    """Return the text in the language, or in English where the instrument has no licensed text in it."""
    return words.get(language) or words.get(language.split("-")[0]) or words["en"]


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
    instrument = parse(json.loads(content))
    if instrument.key != key:
        raise BadInstrument(f"{name} says it is {instrument.key}")
    return instrument


def shipped() -> Mapping[str, str]:
    """Return the shipped files and their SHA-256, as committed."""
    lines = (FOLDER / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return MappingProxyType({name: digest for digest, name in (line.split() for line in lines if line)})


def parse(data: Mapping[str, Any]) -> Instrument:
    """Return the instrument that the data describes. Raises BadInstrument, naming every fault found."""
    try:
        instrument = _instrument(data)
    except (KeyError, TypeError, AttributeError) as fault:
        raise BadInstrument(f"missing or misshapen: {fault!r}") from fault
    faults = list(_faults(instrument))
    if faults:
        raise BadInstrument(f"{instrument.key}: " + "; ".join(faults))
    return instrument


def loinc_is_valid(code: str) -> bool:
    """Return whether a LOINC code, or the code of a LOINC answer (LA...), carries the right check digit.

    From the right, double every odd-position digit, add all digits up; the check digit fills up to the next ten.
    The letters of an answer's code count by their place in ASCII from "0" on, L as 28 and A as 17; found by trial on
    the published codes of PHQ-9 and C-SSRS, which it all fits.
    """
    parts = re.fullmatch(r"((?:LA)?[0-9]+)-([0-9])", code, re.ASCII)
    if parts is None:
        return False
    values = [ord(sign) - ord("0") for sign in reversed(parts[1])]
    weighed = [value * 2 - value // 5 * 9 if place % 2 == 0 else value for place, value in enumerate(values)]
    return (10 - sum(weighed) % 10) % 10 == int(parts[2])


def _instrument(data: Mapping[str, Any]) -> Instrument:
    option_sets = {name: tuple(map(_option, rows)) for name, rows in data["option_sets"].items()}
    score, bands = data["score"], data.get("bands", {})
    return Instrument(
        code=data["code"],
        version=data["version"],
        title=_words(data["title"]),
        stem=_words(data["stem"]) if "stem" in data else None,
        languages=tuple(data["languages"]),
        recall_days=data["recall_days"],
        licence=data["licence"],
        source=data["source"],
        method=score["method"],
        least_total=score.get("least"),
        most_total=score.get("most"),
        items=tuple(_item(row, option_sets) for row in data["items"]),
        bands=tuple(
            Band(code=row["code"], least=row["least"], most=row["most"], text=_words(row["text"]))
            for row in bands.get("rows", ())
        ),
        bands_source=bands.get("source", ""),
        bands_trust=bands.get("trust", ""),
        panel_loinc=data.get("loinc", {}).get("panel"),
        total_loinc=data.get("loinc", {}).get("total"),
    )


def _item(row: Mapping[str, Any], option_sets: Mapping[str, Sequence[Option]]) -> Item:
    return Item(
        code=row["code"],
        kind=row["kind"],
        text=_words(row["text"]),
        required=row["required"],
        scored=row["scored"],
        options=option_sets[row["options"]] if "options" in row else (),
        least=row.get("least"),
        most=row.get("most"),
        step=row.get("step"),
        unit=row.get("unit"),
        least_text=_words(row["least_text"]) if "least_text" in row else None,
        most_text=_words(row["most_text"]) if "most_text" in row else None,
        loinc=row.get("loinc"),
        safety=_safety(row["safety"]) if "safety" in row else None,
    )


def _option(row: Mapping[str, Any]) -> Option:
    return Option(
        value=row["value"], code=row.get("code", str(row["value"])), text=_words(row["text"]), loinc=row.get("loinc")
    )


def _safety(row: Mapping[str, Any]) -> Safety:
    values = MappingProxyType({int(value): told for value, told in row["values"].items()})
    return Safety(reason=row["reason"], values=values)


def _words(row: Mapping[str, str]) -> Words:
    return MappingProxyType(dict(row))


def _faults(instrument: Instrument) -> list[str]:
    return [
        *_faults_of_head(instrument),
        *_faults_of_words(instrument),
        *_faults_of_codes(instrument),
        *(fault for item in instrument.items for fault in _faults_of_item(item)),
        *_faults_of_score(instrument),
    ]


def _faults_of_head(instrument: Instrument) -> list[str]:
    faults = []
    if not (isinstance(instrument.version, int) and instrument.version >= 1):
        faults.append("the version is a whole number from 1")
    if not instrument.licence.strip() or not instrument.source.strip():
        faults.append("licence and source must be named")
    if not instrument.items:
        faults.append("no items")
    return faults


def _faults_of_words(instrument: Instrument) -> list[str]:
    """Every text stands in every language the instrument claims, so that no page mixes two."""
    texts = [instrument.title, instrument.stem, *(band.text for band in instrument.bands)]
    for item in instrument.items:
        texts += [item.text, item.least_text, item.most_text, *(option.text for option in item.options)]
    wanted = set(instrument.languages)
    if "en" not in wanted:
        return ["English is the language everything falls back to"]
    return [
        f"languages {sorted(words)} instead of {sorted(wanted)}: {words.get('en', '')!r}"
        for words in texts
        if words is not None and ({*words} != wanted or not all(text.strip() for text in words.values()))
    ]


def _faults_of_codes(instrument: Instrument) -> list[str]:
    codes = [item.code for item in instrument.items]
    faults = [f"item {code} twice" for code in sorted(set(codes)) if codes.count(code) > 1]
    loincs = [instrument.panel_loinc, instrument.total_loinc]
    for item in instrument.items:
        loincs += [item.loinc, *(option.loinc for option in item.options)]
    return faults + [f"not a LOINC code: {code}" for code in loincs if code is not None and not loinc_is_valid(code)]


def _faults_of_item(item: Item) -> list[str]:
    faults = []
    if item.kind not in KINDS:
        faults.append(f"{item.code}: no such kind {item.kind}")
    values = [option.value for option in item.options]
    if item.kind == "choice" and (not values or values != list(range(values[0], values[0] + len(values)))):
        faults.append(f"{item.code}: values must count up by one: {values}")
    if len({option.code for option in item.options}) != len(item.options):
        faults.append(f"{item.code}: two options of one code")
    if item.kind in {"scale", "number"}:
        bounds = (item.least, item.most, item.step)
        if any(bound is None for bound in bounds) or not (item.least < item.most and item.step > 0):  # type: ignore[operator]
            faults.append(f"{item.code}: least, most and step do not fit: {bounds}")
    if item.kind == "text" and not item.most:
        faults.append(f"{item.code}: a text needs a greatest length")
    if item.safety and not set(item.safety.values) <= set(values):
        faults.append(f"{item.code}: a flag for an answer that cannot be given")
    return faults


def _faults_of_score(instrument: Instrument) -> list[str]:
    scored = [item for item in instrument.items if item.scored]
    if instrument.method not in METHODS:
        return [f"no such way to score: {instrument.method}"]
    if instrument.method == "none":
        return ["items are scored, but there is no score"] if scored or instrument.bands else []
    if not scored or any(item.kind != "choice" or not item.required for item in scored):
        return ["a sum is of required choices"]
    least = sum(item.options[0].value for item in scored)
    most = sum(item.options[-1].value for item in scored)
    faults = []
    if (instrument.least_total, instrument.most_total) != (least, most):
        faults.append(f"totals reach from {least} to {most}")
    covered = [total for band in instrument.bands for total in range(band.least, band.most + 1)]
    if instrument.bands and covered != list(range(least, most + 1)):
        faults.append("the bands leave a gap or overlap")
    if instrument.bands and (not instrument.bands_source or instrument.bands_trust not in TRUST):
        faults.append("the bands need a source and how far to trust it")
    return faults
