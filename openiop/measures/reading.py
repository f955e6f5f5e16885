"""How a clinic reads a measure: its choice among the published definitions of change, and what a sum may lack."""

from __future__ import annotations

from typing import NamedTuple

from openiop.measures import norms
from openiop.measures.models import ReadingRule, Response
from openiop.people.models import Clinic

MOST_MISSING = 4  # no instrument's source allows more


class Reading(NamedTuple):
    """What applies in one clinic to one instrument: the chosen definition among those on offer, and its facts."""

    definition: norms.Definition
    known: norms.Norms
    prorate_up_to: int


def readings_of(clinic: Clinic) -> dict[str, Reading]:
    """Return how this clinic reads each instrument of which anything is known about change. One query."""
    chosen = {rule.instrument: rule for rule in ReadingRule.objects.filter(clinic=clinic)}
    found = {}
    for path in sorted(norms.FOLDER.glob("*.json")):
        if known := norms.norms_of(path.stem):
            rule = chosen.get(known.instrument)
            definition = known.definition(rule.definition if rule else "")
            found[known.instrument] = Reading(definition, known, rule.prorate_up_to if rule else 0)
    return found


def prorate_up_to(response: Response) -> int:
    """Return how many answers this clinic lets the response's sum be reckoned without; none, unless it chose."""
    rule = ReadingRule.objects.filter(clinic=response.clinic_id, instrument=response.instrument).first()
    return rule.prorate_up_to if rule else 0
