"""What some patients of the fictional clinic take: begun, a dose that was changed, one stopped, one taken already."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from openiop.chart import medicating
from openiop.lib.ids import uuid7
from openiop.people.access import acting
from openiop.people.models import Person

ORIGIN = "past"
HERS = {"decided": "clinic", "prescriber": "Ada Okafor, MD"}

# Who → each medication's changes in turn: how many days after intake (before it: less than nothing), and what was said.
TOLD: dict[str, tuple[tuple[tuple[int, dict[str, str]], ...], ...]] = {
    "maya": (
        (
            (-21, {"kind": "begun", "name": "Sertraline", "dose": "50 mg, mornings", **HERS}),
            (6, {"kind": "dose", "dose": "100 mg, mornings", "reason": "Helps a little, well borne", **HERS}),
        ),
        (
            (0, {"kind": "taken", "name": "Diphenhydramine", "dose": "25 mg, some nights", "decided": "own"}),
            (5, {"kind": "stopped", "reason": "Tired until noon", "decided": "own"}),
        ),
    ),
    "sam": (((3, {"kind": "begun", "name": "Naltrexone", "dose": "50 mg, mornings", **HERS}),),),
    "ruth": (
        (
            (
                0,
                {
                    "kind": "taken",
                    "name": "Lisinopril",
                    "dose": "10 mg, mornings",
                    "decided": "elsewhere",
                    "prescriber": "her family doctor",
                },
            ),
        ),
    ),
}


def live(people: dict[str, Person], *, begun: datetime) -> None:
    """Write down what was told, by the prescriber, at intake or on the day itself."""
    okafor = people["okafor"]
    with acting(okafor, origin=ORIGIN):
        for key, medications in TOLD.items():
            _tell(people[key], medications, by=okafor, begun=begun)


def _tell(patient: Person, medications: Any, *, by: Person, begun: datetime) -> None:
    """In the order in which it happened, whichever medication it was."""
    told = [(days, n, said) for n, changes in enumerate(medications) for days, said in changes]
    opened: dict[int, Any] = {}
    for days, n, said in sorted(told, key=lambda each: each[0]):
        on = begun + timedelta(days=days)
        written = medicating.write(
            patient, **said, happened_on=on.date(), of=opened.get(n), by=by, at=max(on, begun), key=uuid7()
        )
        opened.setdefault(n, written.medication)
