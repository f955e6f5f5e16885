"""State reporting rules that ship with the product: dated data with their source, never law and never complete.

Each file is one state. None has been confirmed with the state itself, and every page that shows one says so, until the
clinic has checked it and entered its own (`models.StateRule`). A state, or a kind, without an entry has none known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from openiop.people.models import STATES
from openiop.safety.reporting import FIRST_REPORT, HOURS, KINDS, LEARNED, WORKING_DAYS, Clocks, Within

FOLDER = Path(__file__).parent
FIELDS = frozenset({"kind", "agency", "phone", "first", "written", "source", "read_on", "trust"})
WITHIN = frozenset({"amount", "unit", "since"})
TRUST = frozenset({"read", "recalled"})
LONGEST = {HOURS: 24 * 60, WORKING_DAYS: 60}


class BadStateFile(ValueError):
    """The file may not be used. `faults` are sentences."""

    def __init__(self, name: str, faults: list[str]) -> None:
        super().__init__("\n".join(f"{name}: {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class ShippedRule:
    """One state's rule for one kind, as somebody read it. `trust`: read in a secondary source, or recalled."""

    state: str
    kind: str
    agency: str
    phone: str
    clocks: Clocks
    source: str
    read_on: date
    trust: str


def shipped_rule(state: str, kind: str) -> ShippedRule | None:
    """Return what ships for this state and kind, or None: then nobody here knows."""
    return shipped().get((state, kind))


@cache
def shipped() -> Mapping[tuple[str, str], ShippedRule]:
    rules = [rule for path in sorted(FOLDER.glob("*.json")) for rule in load(path)]
    return {(rule.state, rule.kind): rule for rule in rules}


def load(path: Path) -> list[ShippedRule]:
    """Raises BadStateFile for a file with anything missing, misspelt or impossible."""
    try:
        data = json.loads(path.read_text())
    except ValueError as error:
        raise BadStateFile(path.name, ["this is no JSON"]) from error
    if faults := faults_of(data):
        raise BadStateFile(path.name, faults)
    return [_rule(data["state"], row) for row in data["rules"]]


def faults_of(data: Any) -> list[str]:
    """Return every fault as a sentence; none for a file that may be used."""
    if not isinstance(data, dict) or set(data) != {"state", "rules"} or not isinstance(data["rules"], list):
        return ["a state's file holds `state` and `rules`, and nothing else"]
    found = [] if data["state"] in STATES else [f"{data['state']!r} is no state"]
    kinds = [row.get("kind") for row in data["rules"] if isinstance(row, dict)]
    found += [f"{kind}: two rules for one kind" for kind in sorted({k for k in kinds if kinds.count(k) > 1}, key=str)]
    for place, row in enumerate(data["rules"], start=1):
        found += [f"rule {place}: {fault}" for fault in _faults_of_rule(row)]
    return found


def _faults_of_rule(row: Any) -> list[str]:
    if not isinstance(row, dict) or set(row) != FIELDS:
        return [f"its fields are {', '.join(sorted(FIELDS))}"]
    found = []
    if row["kind"] not in KINDS:
        found.append(f"{row['kind']!r} is no kind of restricted flag")
    if not _is_text(row["agency"]) or not _is_text(row["source"]):
        found.append("agency and source are named: a clock without a source is invented")
    if not isinstance(row["phone"], str) or row["phone"] and not (row["phone"].isdigit() and len(row["phone"]) == 10):
        found.append("a telephone has ten digits, or is empty")
    if row["trust"] not in TRUST:
        found.append(f"trust is one of {', '.join(sorted(TRUST))}")
    if not _is_day(row["read_on"]):
        found.append("read_on is a day, as 2026-11-27")
    found += _faults_of_clock("first", row["first"])
    if row["written"] is not None:
        found += _faults_of_clock("written", row["written"])
    if isinstance(row["first"], dict) and row["first"].get("since") == FIRST_REPORT:
        found.append("first: it cannot begin with the first report")
    return found


def _faults_of_clock(name: str, clock: Any) -> list[str]:
    if not isinstance(clock, dict) or set(clock) != WITHIN:
        return [f"{name}: its fields are {', '.join(sorted(WITHIN))}"]
    found = []
    if clock["unit"] not in LONGEST:
        found.append(f"{name}: the unit is hours or working_days")
    amount = clock["amount"]
    if type(amount) is not int or not 0 <= amount <= LONGEST.get(clock["unit"], 0):
        found.append(f"{name}: the amount is a whole number, of at most sixty days")
    if clock["since"] not in (LEARNED, FIRST_REPORT):
        found.append(f"{name}: since is learned or first_report")
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _rule(state: str, row: Mapping[str, Any]) -> ShippedRule:
    clocks = Clocks(Within(**row["first"]), Within(**row["written"]) if row["written"] else None)
    return ShippedRule(
        state=state,
        kind=row["kind"],
        agency=row["agency"],
        phone=row["phone"],
        clocks=clocks,
        source=row["source"],
        read_on=date.fromisoformat(row["read_on"]),
        trust=row["trust"],
    )
