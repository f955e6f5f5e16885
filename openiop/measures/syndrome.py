"""The PHQ-9's own rule on which symptoms count: a suggestion for whoever makes a diagnosis, never one.

As CamCOPS reckons it (ucam-department-of-psychiatry/camcops, tasks/phq9.py): a symptom counts from *more than half the
days*, the thoughts of death from *several days*; one of the first two must be among them. Five or more: major; two to
four: other. Cases: docs/rules/scoring.md.
"""

from collections.abc import Mapping
from typing import Any, Literal

ITEMS = tuple(f"phq9_{number}" for number in range(1, 10))
CORE = ITEMS[:2]
DEATH = ITEMS[8]
SOURCE = "PHQ-9, the form's own algorithm as CamCOPS has it: question 1 or 2, and five symptoms (two to four: other)"

Syndrome = Literal["major", "other", "none"]


def depressive_syndrome(answers: Mapping[str, Any]) -> Syndrome | None:
    """Return which depressive syndrome the answers suggest; None while one is missing, for none is ever filled in."""
    if any(code not in answers for code in ITEMS):
        return None
    counted = [code for code in ITEMS if answers[code] >= (1 if code == DEATH else 2)]
    if not any(code in counted for code in CORE):
        return "none"
    return "major" if len(counted) >= 5 else "other" if len(counted) >= 2 else "none"
