"""Answers about being harmed: told to people by a private flag, together with how it is safe to reach the person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse

from openiop.measures import scoring
from openiop.measures.instruments import Instrument, Item, in_language
from openiop.measures.models import Answer
from openiop.people.models import Person
from openiop.safety import ladder
from openiop.safety.models import HARMED, Flag, raise_flag


def tell(patient: Person, instrument: Instrument, kept: Answer, *, current: Mapping[str, Any], at: datetime) -> None:
    """Raise what a private answer calls for. `current`: the newest answers of the same response, this one with them.

    Whichever of the two comes first, *is somebody harming you* and *how is it safe to reach you* end in the same case.
    """
    item = instrument.item(kept.item)
    sign = scoring.sign_of(instrument, kept.item, kept.value)
    if item.safety is None and (_said(instrument, current) or _is_open(patient)):
        _raise(patient, instrument, kept, item, evidence=ladder.Evidence("harmed_at_home", "rather_not_say"), at=at)
    if sign is None:
        return
    _raise(patient, instrument, kept, item, evidence=ladder.Evidence(sign.reason, sign.value), at=at)
    for other in instrument.items:
        if other.private and other.safety is None and other.code in current:
            evidence = ladder.Evidence(sign.reason, sign.value)
            _raise(patient, instrument, kept, other, evidence=evidence, value=current[other.code], at=at)


def _said(instrument: Instrument, current: Mapping[str, Any]) -> bool:
    asked = [item for item in instrument.items if item.private and item.safety and item.code in current]
    return any(scoring.sign_of(instrument, item.code, current[item.code]) for item in asked)


def _is_open(patient: Person) -> bool:
    return Flag.objects.filter(patient=patient, case__closed_at=None, kind=HARMED).exists()


def _raise(
    patient: Person,
    instrument: Instrument,
    kept: Answer,
    item: Item,
    *,
    evidence: ladder.Evidence,
    value: Any = None,
    at: datetime,
) -> None:
    chosen = kept.value if value is None else value
    raise_flag(
        patient,
        key=f"answer-{kept.key}-{item.code}",
        evidence=evidence,
        label=in_language(item.text, "en"),
        value=next(in_language(option.text, "en") for option in item.options if option.value == chosen),
        url=reverse("patient-response", args=[patient.pk, kept.response_id]),
        at=at,
        kind=HARMED,
    )
