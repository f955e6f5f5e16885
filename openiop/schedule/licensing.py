"""Who may treat a person where that person is right now.

Licensure follows the patient's physical location at the time of service (practice guidance of the American
Psychological Association and the American Telemedicine Association; recalled, not checked against state law).
It limits treatment only. Contact, safety included, is never stopped: somebody always stays with the person.
"""

from collections.abc import Hashable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

# US states, the District of Columbia and the inhabited territories, by USPS code.
STATES: Mapping[str, str] = MappingProxyType(
    {
        "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
        "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
        "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
        "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
        "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
        "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
        "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma",
        "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
        "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
        "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
        "AS": "American Samoa", "GU": "Guam", "MP": "Northern Mariana Islands", "PR": "Puerto Rico",
        "VI": "U.S. Virgin Islands",
    }
)  # fmt: skip

COVERED = "licensing.covered"
NOBODY_LICENSED_THERE = "licensing.nobody_licensed_there"
PLACE_UNKNOWN = "licensing.place_unknown"


class UnknownState(ValueError):
    """Not a state's code. A misspelt state must be corrected, not quietly refused."""


class Licence(NamedTuple):
    """The right to treat in one state: a licence of that state, or a compact's privilege there (one row a state).

    `ends_at` is the first moment it no longer holds; None where no end is known. `authority` says which it is.
    """

    state: str
    begins_at: datetime
    ends_at: datetime | None = None
    authority: str = "licence"

    @classmethod
    def from_days(cls, state: str, *, first_on: date, last_on: date | None, zone: str) -> Self:
        """Return a licence good from the start of its first day to the end of its last, by the clocks of `zone`."""
        begins_at = datetime.combine(first_on, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if last_on is None:
            return cls(state, begins_at)
        day_after = last_on + timedelta(days=1)
        return cls(state, begins_at, datetime.combine(day_after, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC))


class Decision(NamedTuple):
    """What the person's place allows. `covering` are the clinicians who may treat there, in the order given."""

    treatment: bool
    covering: tuple[Hashable, ...]
    because: str


def may_treat(licences: Iterable[Licence], *, state: str | None, at: datetime) -> bool:
    """Return whether these licences allow treating a person who is in `state`; where nobody knows, they do not.

    Raises UnknownState for a code that is no state's.
    """
    if not state:
        return False
    _refuse_unknown(state)
    return any(_holds(licence, state=state, at=at) for licence in licences)


def covering(
    clinicians: Mapping[Hashable, Iterable[Licence]], *, state: str | None, at: datetime
) -> tuple[Hashable, ...]:
    """Return those clinicians who may treat a person who is in `state`. Raises UnknownState."""
    return tuple(who for who, licences in clinicians.items() if may_treat(licences, state=state, at=at))


def decide(clinicians: Mapping[Hashable, Iterable[Licence]], *, state: str | None, at: datetime) -> Decision:
    """Return whether a session with these clinicians may treat the person, and why not. Raises UnknownState."""
    if not state:
        return Decision(False, (), PLACE_UNKNOWN)
    found = covering(clinicians, state=state, at=at)
    return Decision(bool(found), found, COVERED if found else NOBODY_LICENSED_THERE)


def _holds(licence: Licence, *, state: str, at: datetime) -> bool:
    _refuse_unknown(licence.state)
    return licence.state == state and licence.begins_at <= at and (licence.ends_at is None or at < licence.ends_at)


def _refuse_unknown(state: str) -> None:
    if state not in STATES:
        raise UnknownState(f"not a state's two-letter code: {state}")
