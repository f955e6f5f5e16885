"""Free text that was just saved is searched at once, and what is found is told in the same transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from openiop.measures.phrases import own
from openiop.measures.phrases.matching import Found, find, worst
from openiop.people.models import Person
from openiop.safety import ladder
from openiop.safety.models import HARMED, Flag, raise_flag

SHOWN = 300  # letters of the sentence that are copied to the flag


def listen(
    patient: Person, text: str, *, key: Any, label: str, url: str = "", quotes: bool = True, at: datetime
) -> list[Flag]:
    """Raise a flag for a person to read where `text` says a phrase of the clinic's list. A miss lowers nothing.

    At most two: one for danger, and a private one for being harmed (docs/rules/private.md). `key` names the text, so
    that the same text sent twice raises one; `label` says where it was written. Without `quotes` the flag names the
    kind of danger and copies no word of a text that few may read. The transaction is the caller's.
    """
    if not text.strip():
        return []
    found = find(text, own.of_clinic(patient.clinic_id))
    home = worst(each for each in found if each.phrase.category == HARMED)
    other = worst(each for each in found if each.phrase.category != HARMED)
    flags = []
    for one, kind in ((other, ""), (home, HARMED)):
        if one:
            its = f"words-{key}{kind and '-' + kind}"
            flags.append(_raise(patient, one, kind=kind, key=its, label=label, url=url, quotes=quotes, at=at))
    return flags


def speaks_of_danger(text: Any, *, clinic_id: Any) -> bool:
    """Does the text say a phrase of the clinic's list, whatever it is about?"""
    return bool(find(str(text), own.of_clinic(clinic_id)))


def is_private(text: str, *, clinic_id: Any) -> bool:
    """Does the text say that somebody harms them, so that its words may stand in no ordinary flag?"""
    return any(each.phrase.category == HARMED for each in find(text, own.of_clinic(clinic_id)))


def _raise(
    patient: Person, found: Found, *, kind: str, key: str, label: str, url: str, quotes: bool, at: datetime
) -> Flag:
    return raise_flag(
        patient,
        key=key,
        evidence=ladder.Evidence("words_found", found.phrase.tier),
        label=f"{label} ({dict(own.CATEGORIES)[found.phrase.category]})",
        value=_shown(found, kind=kind, clinic_id=patient.clinic_id) if quotes else "the words are not shown here",
        url=url,
        at=at,
        kind=kind,
    )


def _shown(found: Found, *, kind: str, clinic_id: Any) -> str:
    """The sentence; one that speaks of being harmed too is copied to the private flag alone."""
    if kind == HARMED or not is_private(found.said, clinic_id=clinic_id):
        return found.said[:SHOWN]
    return f"the phrase “{' '.join(found.phrase.parts)}”"
