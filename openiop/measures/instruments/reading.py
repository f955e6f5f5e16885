"""From a file's data to an instrument; what is missing, misspelt or misshapen is refused in a sentence."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from openiop.measures.instruments.faults import faults_of
from openiop.measures.instruments.shape import (
    WHO_ASKS,
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
)

FIELDS = frozenset(
    "code version title stem languages recall_days licence source loinc option_sets items score bands results "  # noqa: SIM905
    "subscores criteria leads_to asked_by words words_trust terms note".split()
)
ITEM_FIELDS = frozenset(
    "code kind text required scored options least most step unit least_text most_text loinc safety asked_if "  # noqa: SIM905
    "staff_only private".split()
)


def parse(data: Mapping[str, Any], *, name: str = "") -> Instrument:
    """Return the instrument that the data describes. Raises BadInstrument, naming every fault found.

    `name` is the file's, so that the sentence says where to look.
    """
    where = name or f"{data.get('code', '?')}.v{data.get('version', '?')}.json"
    try:
        instrument = _instrument(data)
    except (KeyError, TypeError, AttributeError, ValueError) as fault:
        raise BadInstrument(f"{where}: missing or misshapen: {fault}. Compare it with phq9.v1.json.") from fault
    faults = [*_unknown_fields(data), *faults_of(instrument)]
    if faults:
        raise BadInstrument(f"{where}: " + "; ".join(faults))
    return instrument


def _unknown_fields(data: Mapping[str, Any]) -> list[str]:
    """A misspelt field would otherwise be passed over in silence, and its rule with it."""
    faults = [f"no such field {field!r}: mend its spelling" for field in sorted(set(data) - FIELDS)]
    for row in data["items"]:
        wrong = sorted(set(row) - ITEM_FIELDS)
        faults += [f"item {row['code']}: no such field {field!r}: mend its spelling" for field in wrong]
    return faults


def _instrument(data: Mapping[str, Any]) -> Instrument:
    option_sets = {name: tuple(map(_option, rows)) for name, rows in data["option_sets"].items()}
    score, bands, loinc = data["score"], data.get("bands", {}), data.get("loinc", {})
    subscores, criteria = data.get("subscores", {}), data.get("criteria", {})
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
        rule=score.get("rule", ""),
        least_total=score.get("least"),
        most_total=score.get("most"),
        items=tuple(_item(row, option_sets) for row in data["items"]),
        bands=tuple(
            Band(code=row["code"], least=row["least"], most=row["most"], text=_words(row["text"]))
            for row in bands.get("rows", ())
        ),
        bands_source=bands.get("source", ""),
        bands_trust=bands.get("trust", ""),
        results=tuple(
            Result(code=row["code"], text=_words(row["text"]), loinc=row.get("loinc"))
            for row in data.get("results", ())
        ),
        subscores=tuple(
            Subscore(code=row["code"], text=_words(row["text"]), items=tuple(row["items"]), higher_is=row["higher_is"])
            for row in subscores.get("rows", ())
        ),
        subscores_source=subscores.get("source", ""),
        subscores_trust=subscores.get("trust", ""),
        criteria=tuple(
            Criterion(code=row["code"], items=tuple(row["items"]), at_least=row["at_least"], value=row["value"])
            for row in criteria.get("rows", ())
        ),
        criteria_source=criteria.get("source", ""),
        criteria_trust=criteria.get("trust", ""),
        leads_to=tuple(LeadsTo(**row) for row in data.get("leads_to", ())),
        asked_by=frozenset(data.get("asked_by", WHO_ASKS)),
        words=data.get("words", "shipped"),
        words_trust=data.get("words_trust", "read"),
        terms=data.get("terms", "permission" if data.get("words") == "clinic" else "free"),
        conversion=_conversion(score["converted"]) if "converted" in score else None,
        note=_words(data["note"]) if "note" in data else None,
        panel_loinc=loinc.get("panel"),
        total_loinc=loinc.get("total"),
    )


def _item(row: Mapping[str, Any], option_sets: Mapping[str, Sequence[Option]]) -> Item:
    if "options" in row and row["options"] not in option_sets:
        raise ValueError(f"item {row['code']} names the option set {row['options']!r}, which is missing")
    return Item(
        code=row["code"],
        kind=row["kind"],
        text=_words(row.get("text", {})),
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
        asked_if=tuple(
            Condition(item=each["item"], values=frozenset(each["values"])) for each in row.get("asked_if", ())
        ),
        staff_only=row.get("staff_only", False),
        private=row.get("private", False),
    )


def _option(row: Mapping[str, Any]) -> Option:
    return Option(
        value=row["value"],
        code=row.get("code", str(row["value"])),
        text=_words(row["text"]) if "text" in row else MappingProxyType({"en": str(row["value"])}),
        worded="text" in row,
        score=row.get("score", row["value"]),
        loinc=row.get("loinc"),
        ours=row.get("ours", False),
    )


def _conversion(row: Mapping[str, Any]) -> Conversion:
    table = MappingProxyType({int(total): float(value) for total, value in row["table"].items()})
    return Conversion(name=row["name"], table=table, source=row["source"], trust=row["trust"])


def _safety(row: Mapping[str, Any]) -> Safety:
    return Safety(reason=row["reason"], values=_told(row["values"]), youth_values=_told(row.get("youth_values", {})))


def _told(row: Mapping[str, str | int]) -> Mapping[int, str | int]:
    return MappingProxyType({int(value): told for value, told in row.items()})


def _words(row: Mapping[str, str]) -> Words:
    return MappingProxyType(dict(row))
