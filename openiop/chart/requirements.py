"""What a patient's part of a group note must hold before it may be signed, and what it must not.

The elements are a dated table, because payers and standards change them; a row is ended and replaced, never edited.
Rule and worked examples: docs/rules/notes.md.
"""

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

Modality = Literal["on_site", "virtual_video", "virtual_audio"]


@dataclass(frozen=True, kw_only=True)
class NoteFacts:
    """Everything the validator looks at for one patient's part: what fills itself, the group part, the own part."""

    session_on: date | None = None
    scheduled_begins_at: datetime | None = None
    scheduled_ends_at: datetime | None = None
    actual_begins_at: datetime | None = None
    actual_ends_at: datetime | None = None
    minutes: int | None = None
    modality: Modality | None = None
    patient_location: str = ""
    clinician_location: str = ""
    identity_confirmed: bool = False
    number_present: int | None = None
    topic: str = ""
    intervention: str = ""
    participation: str = ""
    affect: str = ""
    response: str = ""
    goals: Sequence[Hashable] = ()
    risk: str = ""
    progress: str = ""
    next_step: str = ""
    clinician_name: str = ""
    clinician_credential: str = ""
    signed_at: datetime | None = None
    needs_cosignature: bool = False
    cosigned_at: datetime | None = None


class Element(NamedTuple):
    """One required element. `filled_by` says who supplies it: the record itself, the writer, or the act of signing.

    `effective_to` is the first day it is no longer asked for; `effective_from` None means since before our records.
    """

    code: str
    label: str
    fields: tuple[str, ...]
    check: Literal["written", "known", "true", "at_least_one", "written_if_virtual", "known_if_needed"]
    filled_by: Literal["record", "group_part", "own_part", "signing"]
    source: str
    trust: Literal["read", "recalled", "design"]
    effective_from: date | None = None
    effective_to: date | None = None


_PRACTICE = "Medicare local coverage determinations and AABH standards for group notes"
_COUNT = "NGS LCD L33632: the number of participants is documented"

ELEMENTS = (
    Element("date", "Date of the session", ("session_on",), "known", "record", _PRACTICE, "recalled"),
    Element(
        "scheduled_times", "Scheduled start and end", ("scheduled_begins_at", "scheduled_ends_at"), "known", "record",
        _PRACTICE, "recalled",
    ),
    Element(
        "actual_times", "Actual start and end", ("actual_begins_at", "actual_ends_at"), "known", "record",
        _PRACTICE, "recalled",
    ),
    Element("minutes", "Minutes this person was present", ("minutes",), "known", "record", _PRACTICE, "recalled"),
    Element("modality", "On site, by video or by telephone", ("modality",), "known", "record", _PRACTICE, "recalled"),
    Element(
        "patient_location", "Where the person was (virtual)", ("patient_location",), "written_if_virtual", "record",
        _PRACTICE, "recalled",
    ),
    Element(
        "clinician_location", "Where the clinician was (virtual)", ("clinician_location",), "written_if_virtual",
        "record", _PRACTICE, "recalled",
    ),
    Element("identity", "Identity confirmed", ("identity_confirmed",), "true", "record", _PRACTICE, "recalled"),
    Element("number_present", "Number of participants", ("number_present",), "at_least_one", "record", _COUNT, "read"),
    Element("topic", "Topic of the group", ("topic",), "written", "group_part", _PRACTICE, "recalled"),
    Element("intervention", "What the group did", ("intervention",), "written", "group_part", _PRACTICE, "recalled"),
    Element(
        "participation", "How this person took part", ("participation",), "written", "own_part", _PRACTICE, "recalled"
    ),
    Element("affect", "Affect", ("affect",), "written", "own_part", _PRACTICE, "recalled"),
    Element("response", "Response to the group", ("response",), "written", "own_part", _PRACTICE, "recalled"),
    Element("goal", "At least one goal of the plan", ("goals",), "at_least_one", "own_part", _PRACTICE, "recalled"),
    Element("risk", "Risk to self or others", ("risk",), "written", "own_part", _PRACTICE, "recalled"),
    Element("progress", "Progress toward the goal", ("progress",), "written", "own_part", _PRACTICE, "recalled"),
    Element("next_step", "Plan or next step", ("next_step",), "written", "own_part", _PRACTICE, "recalled"),
    Element(
        "clinician", "Clinician's name and credential", ("clinician_name", "clinician_credential"), "written", "record",
        _PRACTICE, "recalled",
    ),
    Element("signature", "Signature with its time", ("signed_at",), "known", "signing", _PRACTICE, "recalled"),
    Element(
        "cosignature", "Supervisor's signature", ("cosigned_at",), "known_if_needed", "signing", _PRACTICE, "recalled"
    ),
)  # fmt: skip


def in_force(*, on: date, elements: Iterable[Element] = ELEMENTS) -> list[Element]:
    """Return the elements asked for in a session held on that day."""
    return [
        element
        for element in elements
        if (element.effective_from is None or element.effective_from <= on)
        and (element.effective_to is None or on < element.effective_to)
    ]


def missing(
    part: NoteFacts, *, on: date, before_signing: bool = False, elements: Iterable[Element] = ELEMENTS
) -> list[Element]:
    """Return the required elements that the part lacks, in the order of the table; empty when it is complete.

    `before_signing` leaves out what only the signature itself can supply.
    """
    asked = [e for e in in_force(on=on, elements=elements) if not (before_signing and e.filled_by == "signing")]
    return [element for element in asked if not _CHECKS[element.check](part, element)]


def _written(part: NoteFacts, element: Element) -> bool:
    return all(str(getattr(part, name)).strip() for name in element.fields)


def _known(part: NoteFacts, element: Element) -> bool:
    return all(getattr(part, name) is not None for name in element.fields)


def _at_least_one(part: NoteFacts, element: Element) -> bool:
    value = getattr(part, element.fields[0])
    return value is not None and (value if isinstance(value, int) else len(value)) > 0


def _written_if_virtual(part: NoteFacts, element: Element) -> bool:
    return part.modality == "on_site" or _written(part, element)


_CHECKS: Mapping[str, Callable[[NoteFacts, Element], bool]] = MappingProxyType(
    {
        "written": _written,
        "known": _known,
        "true": lambda part, element: all(getattr(part, name) is True for name in element.fields),
        "at_least_one": _at_least_one,
        "written_if_virtual": _written_if_virtual,
        "known_if_needed": lambda part, element: not part.needs_cosignature or _known(part, element),
    }
)


# --- Other people's names -------------------------------------------------------------------------------------------


class Names(NamedTuple):
    """What a person is called: the name used in the group, the given name, the family name. Any may be blank."""

    called: str = ""
    given: str = ""
    family: str = ""


# Scripts written without spaces between words: a name of two signs or more counts wherever it stands.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
# Arabic and Hebrew write "and", "to", "with", "the" onto the word that follows.
_IS_PREFIXING = re.compile("[\u0590-\u05ff\u0600-\u06ff]")
_PREFIXES = (
    "(?:\u0648|\u0641)?(?:\u0628|\u0644|\u0643)?(?:\u0627\u0644)?|[\u05d5\u05d1\u05db\u05dc\u05de\u05e9\u05d4]{0,2}"
)
_LETTERS_WITHOUT_PARTS = str.maketrans({
    "\u0142": "l", "\u00f8": "o", "\u0111": "d", "\u0131": "i", "\u00f0": "d", "\u00fe": "th", "\u00e6": "ae",
    "\u0153": "oe", "\u0141": "L", "\u00d8": "O", "\u0110": "D", "\u2019": "'", "\u02bc": "'", "\u0640": None,
})  # fmt: skip

# Names that are everyday words of a note count only with a capital; otherwise each "will" would warn of Will.
EVERYDAY_WORDS = frozenset({
    "angel", "april", "art", "august", "autumn", "bell", "best", "bill", "black", "brown", "case", "chance",
    "charity", "christian", "dawn", "day", "drew", "faith", "fields", "good", "grace", "grant", "green", "guy",
    "hope", "joy", "june", "king", "long", "love", "man", "mark", "may", "page", "pat", "ray", "rich", "rob", "rose",
    "short", "small", "strong", "sue", "summer", "sunny", "white", "will", "wise", "young",
})  # fmt: skip


def other_names(text: str, others: Iterable[Names], *, own: Names) -> list[str]:
    """Return the names of other members that stand in the text, each once, as they are written in their record.

    Compared without regard to case and accents, as whole words where the script has words. The person's own names are
    never reported, even where another member bears one of them. A warning, not a proof: inflected and misspelt names
    pass, and a name that is also a word may be meant as the word; the writer decides.
    """
    mine = {_folded(form) for form in _forms(own)}
    readable = _without(_folded(text, keep_case=True), own)
    found: dict[str, None] = {}
    for form in (form for names in others for form in _forms(names)):
        if _folded(form) not in mine and _pattern(form).search(readable):
            found[form] = None
    return [form for form in found if not any(form != longer and form in longer.split() for longer in found)]


def _without(readable: str, own: Names) -> str:
    """Return the text with the person's own names struck out, so that Anne-Marie's note does not warn of Anne."""
    for form in sorted(_forms(own), key=len, reverse=True):
        readable = _pattern(form, everyday_needs_capital=False).sub("\0", readable)
    return readable


def _forms(names: Names) -> list[str]:
    """Return the spellings to look for: each name, the longer words of a name of several, and both names run on."""
    whole = [name.strip() for name in names if name.strip()]
    words = [word for name in whole if " " in name for word in name.split() if len(word) >= 4]
    family, given = names.family.strip(), names.given.strip()
    run_on = [family + given] if _IS_UNSPACED.search(family) and given else []
    return list(dict.fromkeys(whole + words + run_on))


def _pattern(form: str, *, everyday_needs_capital: bool = True) -> re.Pattern[str]:
    folded = _folded(form)
    spaced = r"[\s'-]+".join(re.escape(word) for word in re.split(r"[\s'-]+", folded))
    letter = r"[^\W\d_]"
    if _IS_UNSPACED.search(folded):
        neighbour = f"[{_UNSPACED}]"
        body = spaced if len(folded) > 1 else f"(?<!{neighbour}){spaced}(?!{neighbour})"
        return re.compile(body, re.IGNORECASE)
    if _IS_PREFIXING.search(folded):
        return re.compile(f"(?<!{letter})(?:{_PREFIXES}){spaced}(?!{letter})")
    if everyday_needs_capital and folded in EVERYDAY_WORDS:
        return re.compile(f"(?<!{letter})(?:{folded.capitalize()}|{folded.upper()})(?!{letter})")
    return re.compile(f"(?<!{letter}){spaced}(?!{letter})", re.IGNORECASE)


def _folded(text: str, *, keep_case: bool = False) -> str:
    """Return the text without accents, vowel points and stretching, letters of one kind spelt one way."""
    cased = text if keep_case else text.casefold()
    parts = unicodedata.normalize("NFKD", cased.translate(_LETTERS_WITHOUT_PARTS))
    kept = (sign for sign in parts if not _is_accent(sign) and unicodedata.category(sign) != "Cf")
    folded = unicodedata.normalize("NFC", "".join(kept)).replace("\u00df", "ss")
    return folded.strip() if not keep_case else folded


def _is_accent(sign: str) -> bool:
    """Return whether the sign is an accent or vowel point; vowel signs and voicing marks that make letters are not."""
    kind = unicodedata.combining(sign)
    return kind >= 200 or 10 <= kind <= 35


# --- The same words for everybody ------------------------------------------------------------------------------------


def identical(parts: Mapping[Hashable, Sequence[str]]) -> tuple[tuple[Hashable, ...], ...] | None:
    """Return the groups of members whose whole parts read the same, or None; case and spacing do not make a difference.

    Single sentences may well be shared, since ten people do the same exercise; only a part that is the same from end
    to end says nothing about the person. Parts without any text are not compared: they are missing, not identical.
    """
    alike: dict[tuple[str, ...], list[Hashable]] = {}
    for member, texts in parts.items():
        reads = tuple(" ".join(unicodedata.normalize("NFC", text).split()).casefold() for text in texts)
        if any(reads):
            alike.setdefault(reads, []).append(member)
    groups = tuple(tuple(members) for members in alike.values() if len(members) > 1)
    return groups or None
