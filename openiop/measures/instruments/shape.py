"""What an instrument is made of: its words, codes and rules, as read from one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

KINDS = frozenset({"choice", "scale", "number", "text"})
METHODS = frozenset({"sum", "rule", "none"})
RULES = frozenset({"asq", "cssrs"})
TRUST = frozenset({"read", "recalled", "design"})
TERMS = frozenset({"free", "non_commercial", "permission"})
WHO_ASKS = frozenset({"patient", "staff"})

Words = Mapping[str, str]


class BadInstrument(ValueError):
    """An instrument's file contradicts itself or was changed after it was shipped; it must not be used."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One answer of a choice. `value` is stored; `score` is what it adds where that differs.

    `code` names it where a number would not say enough. `ours`: not on the printed form, such as "I would rather not
    answer", and so in words of our own. `worded`: False where its words belong to somebody else and are not here; its
    text is its number then.
    """

    value: int
    code: str
    text: Words
    score: int
    loinc: str | None = None
    ours: bool = False
    worded: bool = True


@dataclass(frozen=True, kw_only=True)
class Safety:
    """Which answers of an item raise a flag: `values` maps the stored value to what the escalation ladder is told.

    `youth_values` come on top of these for adolescents.
    """

    reason: str
    values: Mapping[int, str | int]
    youth_values: Mapping[int, str | int]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Another item's answers that make an item be asked."""

    item: str
    values: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question. `least`, `most` and `step` bound a scale or number; `unit` is UCUM; `most` is the length of a text.

    `required`: the answers count as complete only with it, where it is asked. `asked_if`: only when one of these holds;
    a question that was not asked was not answered "no". `staff_only`: for whoever reads the form out.
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
    asked_if: Sequence[Condition] = ()
    staff_only: bool = False
    private: bool = False

    def score_of(self, value: object) -> int:
        """Return what this answer adds to a sum. Raises KeyError."""
        return {option.value: option.score for option in self.options}[value]  # type: ignore[index]


@dataclass(frozen=True, kw_only=True)
class Band:
    """A range of totals, both ends included."""

    code: str
    least: int
    most: int
    text: Words


@dataclass(frozen=True, kw_only=True)
class Result:
    """One outcome of a rule that is no sum, such as a screen's."""

    code: str
    text: Words
    loinc: str | None = None


@dataclass(frozen=True, kw_only=True)
class Subscore:
    """The sum of some of the items; `higher_is` says which way it points: worse or better."""

    code: str
    text: Words
    items: Sequence[str]
    higher_is: Literal["worse", "better"]


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """At least `at_least` of `items` answered with `value` or more."""

    code: str
    items: Sequence[str]
    at_least: int
    value: int


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """From a total to a standard score, such as PROMIS's T; only of a total to which no answer is missing."""

    name: str
    table: Mapping[int, float]
    source: str
    trust: str


@dataclass(frozen=True, kw_only=True)
class LeadsTo:
    """A total of `at_least` asks for another instrument the same day."""

    at_least: int
    instrument: str
    source: str
    trust: str


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """One version of one instrument. `recall_days` is the time its questions look back on; 0 where they differ.

    `words`: "shipped" with us, or "clinic" where a licence wants each clinic to load the text it was allowed. `terms`:
    on which terms these words are: free, free for non-commercial use, or by their owner's permission.
    """

    code: str
    version: int
    title: Words
    stem: Words | None
    languages: Sequence[str]
    recall_days: int
    licence: str
    source: str
    method: Literal["sum", "rule", "none"]
    least_total: int | None
    most_total: int | None
    items: Sequence[Item]
    bands: Sequence[Band] = ()
    bands_source: str = ""
    bands_trust: str = ""
    panel_loinc: str | None = None
    total_loinc: str | None = None
    rule: str = ""
    results: Sequence[Result] = ()
    subscores: Sequence[Subscore] = ()
    subscores_source: str = ""
    subscores_trust: str = ""
    criteria: Sequence[Criterion] = ()
    criteria_source: str = ""
    criteria_trust: str = ""
    leads_to: Sequence[LeadsTo] = ()
    asked_by: frozenset[str] = WHO_ASKS
    words: Literal["shipped", "clinic"] = "shipped"
    words_trust: str = "read"
    terms: str = "free"
    conversion: Conversion | None = None
    note: Words | None = None

    @property
    def key(self) -> str:
        return f"{self.code}.v{self.version}"

    @property
    def has_words(self) -> bool:
        """Can it be put to somebody? Not before a clinic has loaded the text that its licence covers."""
        return all(item.text and all(option.worded for option in item.options) for item in self.items)

    @property
    def takes_words(self) -> bool:
        """May a clinic load words for it: because none ship, or because those that do are not confirmed?"""
        return self.words == "clinic" or self.words_trust == "recalled"

    def item(self, code: str) -> Item:
        """Return the item of that code. Raises KeyError."""
        for item in self.items:
            if item.code == code:
                return item
        raise KeyError(f"{self.key} has no item {code}")


def in_language(words: Words, language: str) -> str:
    """Return the text in the language, or in English where the instrument has no licensed text in it."""
    return words.get(language) or words.get(language.split("-")[0]) or words["en"]
