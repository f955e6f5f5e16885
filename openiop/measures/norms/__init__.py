"""What is known about reading a change in a measure's scores, each fact with its source and how far to trust it.

Not in the instruments' files, which never change: findings about change do, and differ. A clinic chooses among the
definitions (`ChangeRule`); what is not confirmed is shown as such, and nothing here is true because it stands here.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from openiop.measures import change
from openiop.measures.instruments.shape import TRUST

FOLDER = Path(__file__).parent
FACTS = {"matters": "points", "remission": "below", "caseness": "from", "expected": "fall", "prorate": "up_to"}


class BadNorms(ValueError):
    """A file of norms lacks something or contradicts itself."""


class Definition(NamedTuple):
    """One definition of reliable change, in raw points; with its `reliability` where it was reckoned from one."""

    code: str
    points: float
    source: str
    trust: str
    reliability: change.Reliability | None = None


class Fact(NamedTuple):
    """One threshold in raw points (for `prorate`, in items), with its source."""

    value: int
    source: str
    trust: str
    still_from: int | None = None


class Norms(NamedTuple):
    """What is known of one instrument; `reliable` in the order offered, the first used until somebody chooses."""

    instrument: str
    reliable: Sequence[Definition]
    facts: Mapping[str, Fact]

    def definition(self, code: str) -> Definition:
        """Return the definition of that code, or the first. An old choice of what is gone falls back to it."""
        return next((each for each in self.reliable if each.code == code), self.reliable[0])


@cache
def norms_of(code: str) -> Norms | None:
    """Return what is known of an instrument, None where nothing is. Raises BadNorms."""
    path = FOLDER / f"{Path(code).name}.json"
    return parse(json.loads(path.read_text(encoding="utf-8")), name=path.name) if path.exists() else None


def parse(data: Mapping[str, Any], *, name: str) -> Norms:
    """Return the norms that the data describes. Raises BadNorms in a sentence that names the file."""
    try:
        reliable = [_definition(row) for row in data["reliable"]]
        facts = {key: _fact(data[key], FACTS[key]) for key in data if key not in {"instrument", "reliable"}}
    except (KeyError, TypeError, ValueError) as fault:
        raise BadNorms(f"{name}: missing or misshapen: {fault!r}") from fault
    faults = ["two definitions of one code"] if len({each.code for each in reliable}) < len(reliable) else []
    faults += [] if reliable else ["no definition of reliable change"]
    told = [(each.source, each.trust) for each in reliable] + [(each.source, each.trust) for each in facts.values()]
    for source, trust in told:
        if not source.strip() or trust not in TRUST:
            faults.append("every fact needs a source and how far to trust it")
    if faults:
        raise BadNorms(f"{name}: " + "; ".join(faults))
    return Norms(data["instrument"], tuple(reliable), facts)


def _definition(row: Mapping[str, Any]) -> Definition:
    if "points" in row:
        return Definition(row["code"], float(row["points"]), row["source"], row["trust"])
    reliability = change.Reliability(r=row["r"], sd=row["sd"])
    if not (0 < reliability.r < 1 and reliability.sd > 0):
        raise ValueError("a reliability lies between 0 and 1, a deviation above 0")
    return Definition(row["code"], reliability.least, row["source"], row["trust"], reliability)


def _fact(row: Mapping[str, Any], field: str) -> Fact:
    return Fact(int(row[field]), row["source"], row["trust"], row.get("still_from"))
