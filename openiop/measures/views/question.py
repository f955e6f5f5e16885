"""One question as its page needs it, for whoever answers: the patient, or staff who read it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from openiop.measures import answering, instruments, scoring
from openiop.measures.models import Response
from openiop.people.models import Person


@dataclass(frozen=True)
class Question:
    """One item as its page needs it."""

    item: instruments.Item
    text: str
    options: list[tuple[int, str, bool]]
    value: Any
    urgent: str
    mistake: str
    key: str
    asked_if: str = ""
    least_text: str = ""
    most_text: str = ""

    @classmethod
    def of(
        cls,
        item: instruments.Item,
        language: str,
        *,
        given: dict[str, Any],
        mistake: str,
        sent: Any,
        youth: bool = False,
    ) -> Question:
        """`urgent` are the answers that reach somebody at once; `asked_if` those before it that make it be asked."""
        # What somebody near may do to them is not shown again: the device may be shared.
        value = "" if item.private else sent.get(item.code, given.get(item.code, ""))
        return cls(
            item=item,
            text=instruments.in_language(item.text, language),
            options=[(number, text, str(number) == str(value)) for number, text in _options(item, language)],
            value=value,
            urgent=" ".join(str(number) for number in _urgent(item, youth=youth)),
            asked_if=" ".join(f"{each.item}={value}" for each in item.asked_if for value in sorted(each.values)),
            mistake=mistake,
            key=str(uuid4()),
            least_text=instruments.in_language(item.least_text, language) if item.least_text else "",
            most_text=instruments.in_language(item.most_text, language) if item.most_text else "",
        )


def _urgent(item: instruments.Item, *, youth: bool) -> list[int]:
    if item.safety is None or item.private:
        return []
    return sorted({*item.safety.values, *(item.safety.youth_values if youth else {})})


def _options(item: instruments.Item, language: str) -> list[tuple[int, str]]:
    if item.kind == "scale":
        return [(number, str(number)) for number in range(int(item.least or 0), int(item.most or 0) + 1)]
    return [(option.value, instruments.in_language(option.text, language)) for option in item.options]


def questions_for(
    instrument: instruments.Instrument,
    language: str,
    *,
    given: dict[str, Any],
    mistakes: dict[str, str],
    sent: Any,
    youth: bool = False,
    for_staff: bool = False,
) -> list[Question]:
    """Return the questions in order; those for staff alone only where staff ask."""
    return [
        Question.of(item, language, given=given, mistake=mistakes.get(item.code, ""), sent=sent, youth=youth)
        for item in instrument.items
        if for_staff or not item.staff_only
    ]


def sent_answers(instrument: instruments.Instrument, post: Any, *, for_staff: bool = False) -> dict[str, Any]:
    """Return the answers of a posted form that can be read, by item, without those that were then not asked."""
    found: dict[str, Any] = {}
    for item in instrument.items:
        value = post.get(item.code, "").strip()
        if value == "" or (item.staff_only and not for_staff) or not scoring.is_asked(item, found):
            continue
        try:
            found[item.code] = answering.understood(instrument, item.code, value)
        except answering.NotTaken:
            continue
    return found


def given_on(patient: Person, instrument: instruments.Instrument, day: Any) -> dict[str, Any]:
    """Return what was answered for this day so far."""
    response = Response.objects.filter(patient=patient, instrument=instrument.code, for_day=day).first()
    return answering.current_answers(response) if response else {}


def language_of(instrument: instruments.Instrument, language: str) -> str:
    """The language the questions stand in: another than the page's where no licensed text exists."""
    return language.split("-")[0] if language.split("-")[0] in instrument.languages else "en"


def uuid_of(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
