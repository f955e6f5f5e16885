"""When somebody is not reached: from when a clinician is asked to decide, and whom nobody may call unthinkingly. Pure.

Calling family, an emergency contact or the police can help and can harm. None of them stands on any ladder; what runs
out of time is put before a clinician as a decision. Rule and worked examples: docs/rules/unreached.md.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

KEEP_TRYING, EMERGENCY_CONTACT, WELFARE_CHECK, OTHER = "keep_trying", "emergency_contact", "welfare_check", "other"
CHOICES = (KEEP_TRYING, EMERGENCY_CONTACT, WELFARE_CHECK, OTHER)

LIFELINE, MOBILE_CRISIS, POLICE = "988", "mobile_crisis", "police"
HELPERS = (LIFELINE, MOBILE_CRISIS, POLICE)

PERSON = "person"
WHOM = (PERSON, POLICE)  # whom a mark may be about

NO_REASONS = "safety.unreached.no_reasons"
NOBODY_CONSULTED = "safety.unreached.nobody_consulted"
NO_TIME = "safety.unreached.no_time"
TIME_IS_PAST = "safety.unreached.time_is_past"
TOO_LATE = "safety.unreached.too_late"
NO_HELPER = "safety.unreached.no_helper"
NOBODY_NAMED = "safety.unreached.nobody_named"
MARKED = "safety.unreached.marked"
SOURCE_OF_HARM = "safety.unreached.source_of_harm"


class Decided(NamedTuple):
    """A decision that was taken. `tries_again_at` where it was to keep trying until then."""

    at: datetime
    tries_again_at: datetime | None = None


def asked_at(
    *,
    since: datetime,
    contact_minutes: int,
    attempts: Iterable[datetime],
    decided: Iterable[Decided] = (),
    is_over: bool = False,
) -> datetime | None:
    """Return from when a clinician is asked to decide; None where the person was reached or nobody has tried yet.

    That is when contact was due, or with the first attempt after it. A decision holds until the time it names, else
    for as long as contact may take; one from before contact was due does not move the clock.
    """
    tried = sorted(moment for moment in attempts if moment >= since)
    if is_over or not tried:
        return None
    may_take = timedelta(minutes=contact_minutes)
    due_at = since + may_take
    holding = [row.tries_again_at or row.at + may_take for row in decided if row.at >= due_at]
    return max(tried[0], max(holding, default=due_at))


class Mark(Protocol):
    """Somebody who must not be contacted about this person."""

    @property
    def whom(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def until(self) -> date | None: ...
    @property
    def source_of_harm(self) -> bool: ...


OneMark = TypeVar("OneMark", bound=Mark)


def holds(mark: Mark, *, today: date) -> bool:
    """Does the mark still hold? Its last day counts."""
    return mark.until is None or mark.until >= today


def marked(marks: Iterable[OneMark], *, name: str = "", phone: str = "", helper: str = "") -> OneMark | None:
    """Return the mark about the one who would be contacted, the source of harm before all others; else None.

    The same telephone, one name inside the other, or a first name shortened: "Rob" and "Robert Miller" are met by "Rob
    Miller"; of a whole family nobody else is. Rather once too often: a clinician then looks, and a mark can be lifted
    and written anew.
    """
    met = [mark for mark in marks if _meets(mark, name=name, phone=phone, helper=helper)]
    return next((mark for mark in met if mark.source_of_harm), next(iter(met), None))


def _meets(mark: Mark, *, name: str, phone: str, helper: str) -> bool:
    if mark.whom == POLICE:
        return helper == POLICE
    same_line = bool(_digits(phone)) and _digits(phone) == _digits(mark.phone)
    said, kept = _words(name), _words(mark.name)
    return same_line or bool(said and kept and (said <= kept or kept <= said or _shortened(said, kept)))


def _shortened(said: set[str], kept: set[str]) -> bool:
    """A name in common, and of the others one begins with the other: "Rob" and "Robert"."""
    pairs = [(one, other) for one in said - kept for other in kept - said if min(len(one), len(other)) > 2]
    return bool(said & kept) and any(one.startswith(other) or other.startswith(one) for one, other in pairs)


def _digits(phone: str) -> str:
    """The number as it is dialled here, without an extension."""
    return re.sub(r"\D", "", re.split(r"(?i)x|#", phone)[0])[-10:]


def _words(name: str) -> set[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return set(re.findall(r"\w+", plain))


def faults(
    *,
    choice: str,
    reasons: str,
    consulted: str,
    helper: str,
    whom: str,
    tries_again_at: datetime | None,
    mark: Mark | None,
    despite_mark: str,
    contact_minutes: int,
    at: datetime,
) -> Sequence[str]:
    """Return what is missing from a decision, or stands against it, as keys of sentences; empty when it may stand."""
    found = []
    if not reasons.strip():
        found.append(NO_REASONS)
    if not consulted.strip():
        found.append(NOBODY_CONSULTED)
    if choice == KEEP_TRYING:
        found += _faults_of_time(tries_again_at, contact_minutes=contact_minutes, at=at)
    if choice == WELFARE_CHECK and helper not in HELPERS:
        found.append(NO_HELPER)
    if choice == EMERGENCY_CONTACT and not whom.strip():
        found.append(NOBODY_NAMED)
    if mark is not None and mark.source_of_harm:
        found.append(SOURCE_OF_HARM)
    elif mark is not None and not despite_mark.strip():
        found.append(MARKED)
    return found


def _faults_of_time(tries_again_at: datetime | None, *, contact_minutes: int, at: datetime) -> list[str]:
    if tries_again_at is None:
        return [NO_TIME]
    if tries_again_at <= at:
        return [TIME_IS_PAST]
    return [TOO_LATE] if tries_again_at > at + timedelta(minutes=contact_minutes) else []
