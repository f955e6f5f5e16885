"""The same answer once more on the same day: sent again by a page, or said again by a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from openiop.measures import answering, scoring
from openiop.measures.instruments import Instrument
from openiop.measures.models import Answer
from openiop.measures.phrases.listening import speaks_of_danger
from openiop.people.models import Person
from openiop.safety.models import HARMED, Flag


def is_known(
    patient: Person,
    instrument: Instrument,
    *,
    day: date,
    item: str,
    value: Any,
    given: Mapping[str, Any],
    among: Mapping[str, Any],
) -> bool:
    """Need this answer not be kept again? `given`: the day's answers so far; `among`: with what comes in the same form.

    A danger is known only while somebody is still being looked for because of it. Once the person was reached, or the
    case was closed, the same answer is a new one, and is told anew.
    """
    if item not in given or given[item] != value:
        return False
    if instrument.item(item).kind == "text":
        return not speaks_of_danger(value, clinic_id=patient.clinic_id) or _waits_for_somebody(
            patient, instrument, day=day, item=item
        )
    youth = answering.is_youth(patient, on=day)
    if scoring.sign_of(instrument, item, value, youth=youth, among=among) is None:
        return True
    return _waits_for_somebody(patient, instrument, day=day, item=item)


def _waits_for_somebody(patient: Person, instrument: Instrument, *, day: date, item: str) -> bool:
    """Did the answers to this item raise a flag whose case is open, with nobody having reached the person since?"""
    asked = Answer.objects.filter(
        patient=patient, response__instrument=instrument.code, response__for_day=day, item=item
    ).values_list("key", flat=True)
    keys = [
        name
        for key in asked
        for name in (
            f"answer-{key}",
            f"answer-{key}-{item}",
            f"words-answer-{key}",
            f"words-answer-{key}-{HARMED}",
        )
    ]
    flags = Flag.objects.filter(patient=patient, key__in=keys, case__closed_at=None).select_related("case")
    return any(flag.case.contacted_at is None or flag.case.contacted_at < flag.raised_at for flag in flags)
