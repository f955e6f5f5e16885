"""A month's figures, read from the rows in a number of queries that does not grow with people or cases.

What counts as what: `unattended` and `quality`, docs/rules/quality.md. The same minutes from the trail: `from_trail`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Prefetch

from openiop.lib.estimates import NOT_YET, Middle, Share, middle
from openiop.lib.intervals import Span
from openiop.people.models import Clinic
from openiop.programs.models import Enrolment, Modality
from openiop.safety import quality
from openiop.safety.assessing import MODERATE, Ended, unassessed
from openiop.safety.models import Acknowledgement, Case, Contact, Flag, RiskAssessment, SafetyPlan, closed_cases
from openiop.safety.quality import NOT_IN_CARE, Assessed
from openiop.safety.unattended import Danger, Evidence, Steps, dangers, unattended, wait_reached, wait_taken, within

MODALITIES = (Modality.VIRTUAL.value, Modality.ON_SITE.value, Modality.HYBRID.value, NOT_IN_CARE)
ALL = "all"
LOOKS_BACK = timedelta(days=31)  # the longest time until the next assessment, and a day
ITEM_NINE = "self_harm_thoughts"

Care = Mapping[UUID, Sequence[tuple[str, date, date | None]]]


@dataclass(frozen=True)
class CaseMinutes:
    """One case's part of the month. `is_running`: nobody has closed it yet."""

    case: Case
    modality: str
    minutes: float
    is_running: bool


@dataclass(frozen=True)
class Group:
    """The figures of one modality, or of all. Waits and minutes are in minutes."""

    modality: str
    taken: Middle
    reached: Middle
    same_day: Share
    plans: Share
    on_time: Share
    unattended: Middle
    total: float
    longest: float
    running: int


@dataclass(frozen=True)
class Month:
    """All of it, reckoned at `until`: the month's end, or now while it runs."""

    span: Span
    until: datetime
    groups: list[Group]
    cases: list[CaseMinutes]


def month(clinic: Clinic, day: date, *, at: datetime, assessed: Iterable[tuple[UUID, datetime]] = ()) -> Month:
    """Return the figures of the month of `day`. `assessed`: by whom else's record a clinician assessed whom, and when.

    That is the screens that safety knows nothing of: the caller brings them.
    """
    span = quality.month_of(day, clinic.zone)
    until = min(span.ends_at, max(at, span.begins_at))
    cases = _cases(clinic, span, until=until)
    ended = _ended(clinic, span, until=until)
    begun = [one.since for rows in ended.values() for one in rows]
    assessments = list(_assessments(clinic, since=min([span.begins_at - LOOKS_BACK, *begun]), until=until))
    people = {case.patient_id for case in cases} | {row.patient_id for row in assessments} | set(ended)
    read = _Read(
        clinic,
        span,
        until,
        cases,
        assessments,
        list(assessed),
        ended=ended,
        care=_care(people),
        signed=_signed(people),
    )
    counted = [_minutes_of(case, read) for case in cases]
    groups = [_group(modality, read, counted) for modality in (ALL, *MODALITIES)]
    ordered = sorted(counted, key=lambda row: row.minutes, reverse=True)
    return Month(span, until, [group for group in groups if group.modality or _has_any(group)], ordered)


def minutes_by_case(clinic: Clinic, day: date, *, at: datetime) -> dict[UUID, timedelta]:
    """Return each case's unattended time in the month of `day`, to the microsecond: what the trail must give too."""
    span = quality.month_of(day, clinic.zone)
    until = min(span.ends_at, max(at, span.begins_at))
    return {case.pk: _within(steps_of(case), span, until=until) for case in _cases(clinic, span, until=until)}


def steps_of(case: Case) -> Steps:
    """The case as the rule sees it."""
    return Steps(
        evidence=[Evidence(flag.raised_at, flag.tier, flag.contact_minutes) for flag in case.flags.all()],
        taken=[row.at for row in case.acknowledgements.all()],
        reached=[row.at for row in case.contacts.all() if row.reached],
        closed_at=case.closed_at,
        decided=[(row.at, row.tries_again_at) for row in case.decisions.all()],
    )


@dataclass(frozen=True)
class _Read:
    """What was read for one month."""

    clinic: Clinic
    span: Span
    until: datetime
    cases: list[Case]
    assessments: list[RiskAssessment]
    elsewhere: list[tuple[UUID, datetime]]
    ended: Mapping[UUID, Sequence[Ended]]
    care: Care
    signed: Mapping[UUID, Sequence[datetime]]

    def modality(self, patient_id: UUID, at: datetime) -> str:
        return quality.modality_on(at.astimezone(ZoneInfo(self.clinic.zone)).date(), self.care.get(patient_id, ()))

    def is_of(self, modality: str, patient_id: UUID, at: datetime) -> bool:
        return modality == ALL or self.modality(patient_id, at) == modality

    def holds(self, at: datetime) -> bool:
        return self.span.begins_at <= at < self.span.ends_at and at <= self.until

    def unassessed(self, patient_id: UUID) -> list[Ended]:
        moments = [row.at for row in self.assessments if row.patient_id == patient_id]
        return unassessed(self.ended.get(patient_id, ()), assessed=moments)

    def in_care(self, patient_id: UUID) -> list[Span]:
        return [
            Span(_midnight(begins, self.clinic), _midnight(ends, self.clinic) if ends else self.span.ends_at)
            for _modality, begins, ends in self.care.get(patient_id, ())
        ]


def _midnight(day: date, clinic: Clinic) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(clinic.zone))


def _cases(clinic: Clinic, span: Span, *, until: datetime) -> list[Case]:
    """The cases that were open at some time of the month, as far as it has run."""
    rows = Case.objects.filter(clinic_id=clinic.pk, opened_at__lt=span.ends_at, opened_at__lte=until)
    rows = rows.exclude(closed_at__lte=span.begins_at).select_related("patient")
    steps = [
        Prefetch("flags", Flag.objects.order_by("raised_at")),
        Prefetch("acknowledgements", Acknowledgement.objects.order_by("at")),
        Prefetch("contacts", Contact.objects.order_by("at")),
    ]
    return list(rows.prefetch_related(*steps, "decisions").order_by("opened_at"))


def _assessments(clinic: Clinic, *, since: datetime, until: datetime) -> Iterable[RiskAssessment]:
    rows = RiskAssessment.objects.filter(clinic_id=clinic.pk, at__gte=since, at__lte=until)
    return rows.order_by("patient_id", "at")


def _ended(clinic: Clinic, span: Span, *, until: datetime) -> Mapping[UUID, Sequence[Ended]]:
    """By patient, the cases that were closed lately enough for their clock to end in this month."""
    return closed_cases(clinic_id=clinic.pk, closed_at__gte=span.begins_at - LOOKS_BACK, closed_at__lte=until)


def _care(people: Iterable[UUID]) -> Care:
    found: dict[UUID, list[tuple[str, date, date | None]]] = defaultdict(list)
    rows = Enrolment.objects.filter(patient__in=list(people)).values_list("patient_id", "modality", "during")
    for patient_id, modality, during in rows:
        found[patient_id].append((modality, during.lower, during.upper))
    return found


def _signed(people: Iterable[UUID]) -> Mapping[UUID, list[datetime]]:
    """When both had signed each version of each person's safety plan."""
    found: dict[UUID, list[datetime]] = defaultdict(list)
    for plan in SafetyPlan.objects.filter(patient__in=list(people)).prefetch_related("signatures"):
        if since := plan.in_force_since:
            found[plan.patient_id].append(since)
    return found


def _minutes_of(case: Case, read: _Read) -> CaseMinutes:
    spent = _within(steps_of(case), read.span, until=read.until)
    is_running = case.closed_at is None or case.closed_at > read.until
    return CaseMinutes(case, read.modality(case.patient_id, case.opened_at), _as_minutes(spent), is_running)


def _within(steps: Steps, span: Span, *, until: datetime) -> timedelta:
    return within(unattended(steps, until=until), begins_at=span.begins_at, ends_at=span.ends_at)


def _as_minutes(spent: timedelta) -> float:
    return spent / timedelta(minutes=1)


def _group(modality: str, read: _Read, counted: Sequence[CaseMinutes]) -> Group:
    waits = list(_dangers(modality, read))
    mine = [row for row in counted if modality == ALL or row.modality == modality]
    minutes = [row.minutes for row in mine]
    return Group(
        modality,
        taken=middle(_wait(wait_taken(danger, steps, until=read.until)) for danger, steps in waits),
        reached=middle(_wait(wait_reached(danger, steps, until=read.until)) for danger, steps in waits),
        same_day=_share(_same_day(modality, read)),
        plans=_share(_plans(modality, read)),
        on_time=_share(_on_time(modality, read)),
        unattended=middle(minutes),
        total=sum(minutes),
        longest=max(minutes, default=0.0),
        running=sum(row.is_running for row in mine),
    )


def _has_any(group: Group) -> bool:
    counts = (group.taken.n, group.unattended.n, group.same_day.whole, group.plans.whole, group.on_time.whole)
    return any(counts)


def _wait(spent: timedelta | None) -> float:
    return NOT_YET if spent is None else _as_minutes(spent)


def _share(found: Iterable[bool]) -> Share:
    outcomes = list(found)
    return Share(sum(outcomes), len(outcomes))


def _dangers(modality: str, read: _Read) -> Iterable[tuple[Danger, Steps]]:
    for case in read.cases:
        steps = steps_of(case)
        for danger in dangers(steps):
            if read.holds(danger.since) and read.is_of(modality, case.patient_id, danger.since):
                yield danger, steps


def _same_day(modality: str, read: _Read) -> Iterable[bool]:
    assessed: dict[UUID, list[datetime]] = defaultdict(list)
    for patient_id, at in [*((row.patient_id, row.at) for row in read.assessments), *read.elsewhere]:
        assessed[patient_id].append(at)
    positives: dict[UUID, list[datetime]] = defaultdict(list)
    for flag in _flags(read):
        if flag.reason == ITEM_NINE and read.is_of(modality, flag.patient_id, flag.raised_at):
            positives[flag.patient_id].append(flag.raised_at)
    for patient_id, moments in positives.items():
        yield from quality.same_day(moments, assessed[patient_id], zone=read.clinic.zone, until=read.until)


def _plans(modality: str, read: _Read) -> Iterable[bool]:
    risks: dict[UUID, datetime] = {}
    moments = [(flag.patient_id, flag.raised_at) for flag in _flags(read) if flag.tier >= MODERATE]
    moments += [(row.patient_id, row.at) for row in read.assessments if row.level >= MODERATE and read.holds(row.at)]
    for patient_id, at in sorted(moments, key=lambda moment: moment[1]):
        risks.setdefault(patient_id, at)
    for patient_id, at in risks.items():
        if read.is_of(modality, patient_id, at):
            yield quality.has_plan(read.signed.get(patient_id, ()), until=_until_they_left(patient_id, at, read))


def _until_they_left(patient_id: UUID, at: datetime, read: _Read) -> datetime:
    ends = [span.ends_at for span in read.in_care(patient_id) if span.begins_at <= at < span.ends_at]
    return min([*ends, read.until])


def _on_time(modality: str, read: _Read) -> Iterable[bool]:
    by_patient: dict[UUID, list[Assessed]] = defaultdict(list)
    for row in read.assessments:
        by_patient[row.patient_id].append(Assessed(row.at, row.due_again_at))
    for patient_id in {*by_patient, *read.ended}:
        rows = by_patient.get(patient_id, [])
        care: Any = read.in_care(patient_id)
        open_ends = [Assessed(one.closed_at, one.due_again_at) for one in read.unassessed(patient_id)]
        for one in quality.reassessments(rows, unassessed=open_ends, in_care=care, until=read.until):
            if read.holds(one.settled_at) and read.is_of(modality, patient_id, one.settled_at):
                yield one.on_time


def _flags(read: _Read) -> Iterable[Flag]:
    """The month's flags: each belongs to a case that was open then."""
    return (flag for case in read.cases for flag in case.flags.all() if read.holds(flag.raised_at))
