"""Somebody reliably worse than at the start who now stays away, or answers no more: evidence for a human to look.

The rule is pure; the worker reads everybody in care each hour. Rule and examples: docs/rules/escalation.md; cases:
tests/measures/test_worsening.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from openiop.lib.each import one_by_one
from openiop.measures import asking, caseload, instruments, reading, track
from openiop.people.access import System, acting
from openiop.people.models import Clinic, Person
from openiop.programs.models import Enrolment
from openiop.safety import ladder
from openiop.safety.models import HARMED, Case, Flag, raise_flag, staff_are_here
from openiop.schedule.models import RosterEntry

WORSE_AND_MISSING = ladder.Evidence("worse_and_missing", "yes")


class Worse(NamedTuple):
    """One measure whose newest score is reliably worse than the baseline."""

    instrument: str
    before: int
    now: int


class Missed(NamedTuple):
    """A session that was missed: the place on its roster, and its day where the person is."""

    entry: UUID
    on: date


class Finding(NamedTuple):
    """What is told, once: `key` names that evening, or that silence. `missed_on` is None for a silence."""

    key: str
    worst: Worse
    missed_on: date | None
    quiet_days: int


def findings(
    worse: Sequence[Worse],
    *,
    missed: Sequence[Missed],
    measured_on: Sequence[date],
    admitted_on: date,
    on: date,
    tells_silence: bool,
) -> list[Finding]:
    """Return what is to be told of one person: worse, and an evening missed within seven days, or silent for ten.

    Each missed evening is told once and each silence once; nothing is told of who is not worse, or no longer is.
    `tells_silence`: were they asked for something that they did not answer, and is this an hour to tell it?
    """
    if not worse:
        return []
    worst = max(worse, key=lambda each: each.now - each.before)
    found = [
        Finding(f"worse-missed-{each.entry}", worst, each.on, 0)
        for each in missed
        if on - track.MISSED_WITHIN < each.on <= on
    ]
    if not tells_silence:
        return found
    newest = max([day for day in measured_on if day <= on], default=admitted_on)
    silent = track.without_measure(measured_on, admitted_on=admitted_on, on=on)
    found += [Finding(f"worse-silent-{newest.isoformat()}", worst, None, row.now) for row in silent]
    return found


def raise_worse_and_missing(clinic: Clinic, *, at: datetime) -> int:
    """Raise evidence about everybody in care who got worse and is missing; returns how many flags are new.

    Acts as the system by itself. Each flag is one transaction, so that a case is held for no longer than its own flag
    takes; what fails for one person holds up nobody else, and is tried again at the next look.
    """
    with acting(System(clinic.pk), origin="worker"):
        new = sorted(_new(clinic, at=at), key=lambda told: told[0].pk)
    return sum(one_by_one(partial(_raise_one, at=at), new))


def _new(clinic: Clinic, *, at: datetime) -> list[tuple[Person, Finding]]:
    """What is to be told now and was not told before. A silence becomes true at midnight, and waits for the morning."""
    on = at.astimezone(ZoneInfo(clinic.zone)).date()
    rows = {row.patient_id: row for row in Enrolment.objects.filter(clinic=clinic).on(on).select_related("patient")}
    people = [row.patient for row in rows.values()]
    for person in people:
        person.clinic = clinic
    worse = _worse({pk: row.during.lower for pk, row in rows.items()}, people, clinic=clinic, on=on)
    them = [person for person in people if person.pk in worse]
    missed, known = _missed(them, on=on), asking.history(them, on=on)
    here = staff_are_here(clinic, at=at)
    told = [
        (person, finding)
        for person in them
        for finding in findings(
            worse[person.pk],
            missed=missed.get(person.pk, []),
            measured_on=[day for code, day in known[person.pk].given if code not in asking.NO_MEASURES],
            admitted_on=rows[person.pk].during.lower,
            on=on,
            tells_silence=here and _owes_a_measure(known[person.pk], on=on),
        )
    ]
    before = set(Flag.objects.filter(patient__in=them, reason=WORSE_AND_MISSING.reason).values_list("patient", "key"))
    return [(person, finding) for person, finding in told if (person.pk, finding.key) not in before]


def _owes_a_measure(known: asking.History, *, on: date) -> bool:
    """Was a measure asked for, in words they could read, and not answered? Who was asked nothing is not silent."""
    return any(
        row.instrument not in asking.NO_MEASURES
        and row.instrument not in known.speechless
        and asking.may_be_answered(row.instrument)
        for row in asking.late(known, on=on)
    )


def _worse(
    admitted: Mapping[UUID, date], people: Sequence[Person], *, clinic: Clinic, on: date
) -> dict[UUID, list[Worse]]:
    readings = reading.readings_of(clinic)
    found: dict[UUID, list[Worse]] = {}
    for pk, by_code in caseload.scores_by_patient(people, on=on, only=sorted(readings)).items():
        for code, scores in by_code.items():
            thresholds = caseload.thresholds_of(readings[code])
            reasons = track.against_baseline(scores, admitted_on=admitted[pk], thresholds=thresholds)
            worse = [Worse(code, row.before, row.now) for row in reasons if row.code == track.DETERIORATED]
            found.setdefault(pk, []).extend(worse)
    return {pk: rows for pk, rows in found.items() if rows}


def _missed(people: Sequence[Person], *, on: date) -> dict[UUID, list[Missed]]:
    zones = {person.pk: ZoneInfo(person.zone) for person in people}
    rows = RosterEntry.objects.filter(
        Q(status="absent") | Q(status="cancelled_late", excused=False),
        patient__in=people,
        session__cancelled_at=None,
        during__startswith__date__range=(on - track.MISSED_WITHIN - timedelta(days=1), on + timedelta(days=1)),
    )
    found: dict[UUID, list[Missed]] = {}
    for entry, patient_id, during in rows.values_list("pk", "patient", "during"):
        day = during.lower.astimezone(zones[patient_id]).date()
        found.setdefault(patient_id, []).append(Missed(entry, day))
    return found


def _raise_one(told: tuple[Person, Finding], *, at: datetime) -> None:
    person, finding = told
    with acting(System(person.clinic_id), origin="worker"):
        _raise(person, finding, at=at)


def _raise(person: Person, finding: Finding, *, at: datetime) -> None:
    """On a case of which the person's own pages say nothing, this is private too."""
    case = Case.objects.open().prefetch_related("flags").filter(patient=person).first()
    worst = finding.worst
    title = instruments.in_language(asking.newest(worst.instrument).title, "en")
    missing = (
        format_lazy(_("not at the session of {day}"), day=finding.missed_on.isoformat())
        if finding.missed_on
        else format_lazy(_("no measure for {days} days"), days=finding.quiet_days)
    )
    raise_flag(
        person,
        key=finding.key,
        evidence=WORSE_AND_MISSING,
        label=_("Reliably worse than at the start, and missing"),
        value=format_lazy(
            "{title} {before} → {now}; {missing}", title=title, before=worst.before, now=worst.now, missing=missing
        ),
        url=reverse("measure-trend", args=[person.pk, worst.instrument]),
        kind=HARMED if case and case.is_private else "",
        at=at,
    )
