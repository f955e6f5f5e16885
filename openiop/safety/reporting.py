"""Restricted flags: what kinds there are, which clock runs on a worksheet, and what may be told to whom. Pure.

Rules and their sources: docs/rules/reporting.md. Who may read what is decided by the database, and so is every
refusal here a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

HARM_TO_OTHERS = "harm_to_others"
CHILD_ABUSE = "child_abuse"
ADULT_ABUSE = "adult_abuse"
HARMED_AT_HOME = "harmed_at_home"
INCIDENT = "incident"
GRIEVANCE = "grievance"
KINDS = (HARM_TO_OTHERS, CHILD_ABUSE, ADULT_ABUSE, HARMED_AT_HOME, INCIDENT, GRIEVANCE)

# --- what leaves the clinic ---

CHILD_ABUSE_EXCEPTION = "child_abuse_exception"
PRIVACY_DECISION = "privacy_decision"
MEDICAL_EMERGENCY = "medical_emergency"
COURT_ORDER = "court_order"
CONSENT = "consent"
PATHS = (CHILD_ABUSE_EXCEPTION, PRIVACY_DECISION, MEDICAL_EMERGENCY, COURT_ORDER, CONSENT)

NOT_DECIDED = "report_was_decided"
NEEDS_A_PATH = "part2_needs_a_path"
ONLY_THE_FIRST = "exception_for_the_first_report_of_child_abuse"
NOT_ALLOWED = "privacy_officer_allowed_it"
NOT_NOTED = "emergency_disclosure_is_noted"
NOT_NAMED = "path_is_named"


class Telling(NamedTuple):
    """A report that somebody says was made. `identifying`: it says who the patient is."""

    kind: str
    identifying: bool
    path: str = ""
    detail: str = ""


def why_not_told(
    telling: Telling,
    *,
    decided: bool,
    part2: bool,
    told_before: bool,
    allowed: bool,
    emergency_noted: bool,
) -> str | None:
    """Return the constraint that keeps this from being a report, or None where it may have been made.

    `part2`: the patient's record is protected by 42 CFR Part 2. `told_before`: an identifying report was made already.
    `allowed`: the privacy officer's latest decision is that it may be told.
    """
    if not decided:
        return NOT_DECIDED
    if not (part2 and telling.identifying):
        return None
    if telling.path not in PATHS:
        return NEEDS_A_PATH
    if telling.path == CHILD_ABUSE_EXCEPTION:
        return ONLY_THE_FIRST if telling.kind != CHILD_ABUSE or told_before else None
    if telling.path == PRIVACY_DECISION:
        return None if allowed else NOT_ALLOWED
    if telling.path == MEDICAL_EMERGENCY:
        return None if emergency_noted else NOT_NOTED
    return None if telling.detail.strip() else NOT_NAMED


# --- clocks ---

HOURS, WORKING_DAYS = "hours", "working_days"
LEARNED, FIRST_REPORT = "learned", "first_report"


@dataclass(frozen=True)
class Within:
    """How soon: so many hours or working days after the clinic learned of it, or after the first report."""

    amount: int
    unit: str = HOURS
    since: str = LEARNED

    def due_at(self, begins_at: datetime, *, zone: str) -> datetime:
        """Working days are Monday to Friday and end at midnight; a state's holidays are not known, so that the clock
        is never later than the state's own.
        """
        if self.unit == HOURS:
            return begins_at + timedelta(hours=self.amount)
        day = begins_at.astimezone(ZoneInfo(zone)).date()
        return datetime.combine(_working_day_after(day, self.amount) + timedelta(days=1), time.min, ZoneInfo(zone))


def _working_day_after(day: date, count: int) -> date:
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


@dataclass(frozen=True)
class Clocks:
    """A state's clocks for one kind; `written` is None where only one report is asked for."""

    first: Within
    written: Within | None = None


DECIDE, FIRST, WRITTEN, FOLLOW_UP, ACKNOWLEDGE, ANSWER = (
    "decide", "first", "written", "follow_up", "acknowledge", "answer",
)  # fmt: skip


class Due(NamedTuple):
    """One thing that is due on a worksheet. `known`: a rule of the state or of the clinic says when."""

    what: str
    due_at: datetime
    known: bool = True


class Done(NamedTuple):
    """What has been done on a worksheet so far. `decided`: report, do not report, or nothing yet."""

    decided: bool | None = None
    first_at: datetime | None = None
    written_at: datetime | None = None
    acknowledged_at: datetime | None = None
    answered_at: datetime | None = None
    follow_up_at: datetime | None = None
    closed: bool = False


def due_of_report(learned_at: datetime, clocks: Clocks | None, done: Done, *, zone: str) -> list[Due]:
    """Return what is due on the worksheet of anything but a grievance, in order.

    Without a rule of the state nobody knows how long there is, so that the decision is due at once.
    """
    if done.closed:
        return []
    found = []
    if done.decided is None:
        found.append(Due(DECIDE, clocks.first.due_at(learned_at, zone=zone) if clocks else learned_at, bool(clocks)))
    if done.decided and done.first_at is None:
        found.append(Due(FIRST, clocks.first.due_at(learned_at, zone=zone) if clocks else learned_at, bool(clocks)))
    if done.decided and clocks and clocks.written and done.written_at is None:
        begins_at = done.first_at if clocks.written.since == FIRST_REPORT else learned_at
        if begins_at:
            found.append(Due(WRITTEN, clocks.written.due_at(begins_at, zone=zone)))
    return sorted(found + _follow_up(done), key=lambda due: due.due_at)


def due_of_grievance(sent_at: datetime, done: Done, *, acknowledge_days: int, answer_days: int, zone: str) -> list[Due]:
    """Return what is due to whoever complained: that somebody has it, then an answer. Days of the calendar."""
    if done.closed:
        return []
    found = []
    if done.acknowledged_at is None and done.answered_at is None:
        found.append(Due(ACKNOWLEDGE, _days_after(sent_at, acknowledge_days, zone)))
    if done.answered_at is None:
        found.append(Due(ANSWER, _days_after(sent_at, answer_days, zone)))
    return sorted(found + _follow_up(done), key=lambda due: due.due_at)


def _follow_up(done: Done) -> list[Due]:
    return [Due(FOLLOW_UP, done.follow_up_at)] if done.follow_up_at else []


def _days_after(at: datetime, days: int, zone: str) -> datetime:
    day = at.astimezone(ZoneInfo(zone)).date() + timedelta(days=days + 1)
    return datetime.combine(day, time.min, ZoneInfo(zone))


# --- guardians of minors ---

MUST, MAY, MINOR_AGREES = "must", "may", "minor_agrees"
TELLING_GUARDIANS = (MUST, MAY, MINOR_AGREES)

OF_AGE = "guardian_of_a_minor"
IMPLICATED = "guardian_is_not_implicated"
MINOR_DID_NOT_AGREE = "minor_agreed"
NOT_CONSIDERED = "guardian_was_considered"


def why_not_tell_guardian(
    *, age: int, minor_until: int, telling: str, agreed: bool, emergency: bool, implicated: bool
) -> str | None:
    """Return the constraint that keeps a guardian from being told, or None.

    `telling`: the state's rule in force, or nothing where none is entered. `emergency`: it is written why it could not
    wait for the minor's agreement. That somebody thought about whether this guardian is safe to tell is asked for
    always, so that asking betrays nothing.
    """
    if age >= minor_until:
        return OF_AGE
    if implicated:
        return IMPLICATED
    return MINOR_DID_NOT_AGREE if telling == MINOR_AGREES and not (agreed or emergency) else None
