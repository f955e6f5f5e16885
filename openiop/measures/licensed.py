"""Words that belong to somebody else: each clinic loads the text that it was allowed to use.

The file is JSON: {"instrument": "cssrs", "version": 1, "permission": "who allowed it, when", "languages": ["en"],
"stem": {"en": …}, "items": {"cssrs_1": {"en": …}, …}}. Every item has its text in every language named; so has every
answer whose words are not here: "options": {"*": {"0": {"en": …}, …}, "audit_9": {…}}, by the question's code or "*"
for all others. Text that is free for non-commercial use only is taken from a file that says "non_commercial": true.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from openiop.audit import trail
from openiop.measures.instruments import Instrument, Item, Option
from openiop.measures.models import LicensedWords
from openiop.people.models import Person

LARGEST = 200_000  # bytes


class BadWords(ValueError):
    """The file cannot be used; the text says which item, and what to do."""


def load(content: bytes, instrument: Instrument, *, by: Person, at: datetime) -> LicensedWords:
    """Keep the words in `content` for the clinic of `by`; from now on they are what is asked. Raises BadWords."""
    data = _read(content)
    _check(data, instrument)
    row = LicensedWords.objects.create(
        clinic_id=by.clinic_id,
        instrument=instrument.code,
        version=instrument.version,
        permission=data["permission"].strip(),
        words={key: data[key] for key in ("languages", "stem", "items", "options") if key in data},
        loaded_by=by,
        loaded_at=at,
    )
    trail.record("words.load", thing=row, instrument=instrument.key)
    return row


def _read(content: bytes) -> Mapping[str, Any]:
    if len(content) > LARGEST:
        raise BadWords(_("The file is too large to be a questionnaire."))
    try:
        data = json.loads(content.decode("utf-8"))
    except ValueError:
        raise BadWords(_("The file is not JSON. Save it as plain text in UTF-8 and try again.")) from None
    if not isinstance(data, dict):
        raise BadWords(_("The file has to be one object with instrument, version, permission, languages and items."))
    return data


def _check(data: Mapping[str, Any], instrument: Instrument) -> None:
    if (data.get("instrument"), data.get("version")) != (instrument.code, instrument.version):
        raise BadWords(_("The file is of another instrument or version; this page takes %s.") % instrument.key)
    if not _is_text(data.get("permission")):
        raise BadWords(_("Add a permission: who allowed this clinic to use the text, with a date or number."))
    if instrument.terms == "non_commercial" and data.get("non_commercial") is not True:
        raise BadWords(
            _(
                "This text is free for non-commercial use only. If this clinic’s use is that, say so in the file: "
                "“non_commercial”: true. If not, ask its owner first."
            )
        )
    languages, items = data.get("languages"), data.get("items")
    if not isinstance(languages, list) or "en" not in languages or not all(map(_is_text, languages)):
        raise BadWords(_("Name the languages of the text, English among them."))
    if not isinstance(items, dict):
        raise BadWords(_("Add items: the text of each question by its code."))
    for item in instrument.items:
        if not item.staff_only:
            _check_item(items.get(item.code), item.code, languages)
            _check_options(data, item, languages)
    if unknown := sorted(set(items) - {item.code for item in instrument.items}):
        raise BadWords(_("There is no question %s here. Mend its code or take it out.") % unknown[0])
    if "stem" in data:
        _check_item(data["stem"], "stem", languages)


def _check_options(data: Mapping[str, Any], item: Item, languages: list[str]) -> None:
    words = _options_for(data, item)
    for option in item.options:
        if not option.worded:
            _check_item(words.get(str(option.value)), f"{item.code}, {option.value}", languages)


def _options_for(data: Mapping[str, Any], item: Item) -> Mapping[str, Any]:
    """The words of an item's answers: its own, or those for all others."""
    given = data.get("options")
    found = given.get(item.code, given.get("*")) if isinstance(given, dict) else None
    return found if isinstance(found, dict) else {}


def _check_item(words: Any, code: str, languages: list[str]) -> None:
    for language in languages:
        if not isinstance(words, dict) or not _is_text(words.get(language)):
            told = {"code": code, "language": language}
            raise BadWords(_("The text of %(code)s is missing in the language “%(language)s”. Add it.") % told)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def with_words(instrument: Instrument, *, clinic_id: UUID) -> Instrument:
    """Return the instrument with the newest words its clinic has loaded; as it is where it takes none or has none."""
    if not instrument.takes_words:
        return instrument
    rows = LicensedWords.objects.filter(clinic=clinic_id, instrument=instrument.code, version=instrument.version)
    newest = rows.order_by("-loaded_at").first()
    return merged(instrument, newest.words) if newest else instrument


def merged(instrument: Instrument, words: Mapping[str, Any]) -> Instrument:
    """Return the instrument with these words in place of none."""
    items = tuple(
        dataclasses.replace(
            item,
            text=MappingProxyType(dict(words["items"][item.code])),
            options=_worded(item, _options_for(words, item)),
        )
        if item.code in words["items"]
        else item
        for item in instrument.items
    )
    stem = MappingProxyType(dict(words["stem"])) if "stem" in words else instrument.stem
    return dataclasses.replace(instrument, items=items, stem=stem, languages=tuple(words["languages"]))


def _worded(item: Item, words: Mapping[str, Any]) -> Sequence[Option]:
    """The item's answers, those without words of their own in the words that were loaded."""
    return tuple(
        option
        if option.worded or str(option.value) not in words
        else dataclasses.replace(option, text=MappingProxyType(dict(words[str(option.value)])), worded=True)
        for option in item.options
    )
