"""The hour ledger from the tables: everybody's week, and where each number comes from.

The arithmetic is in `hours`, pure; here rosters, blocks, counted minutes and, for an evening that is not closed yet,
the live evidence are brought together in a handful of queries, however many patients there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.utils import formats
from django.utils.translation import gettext as _

from openiop.lib.intervals import Span
from openiop.people.models import Clinic, Person
from openiop.programs.models import Enrolment
from openiop.schedule import hours, presence
from openiop.schedule.models import Block, BlockMinutes, CareSession, RosterEntry

WAS_THERE = ("attended", "late", "left_early")


@dataclass(frozen=True)
class Line:
    """One block of one session, as one person had it. `source`: counted, evidence (so far), or planned."""

    session: CareSession
    block: Block
    delivered: hours.Delivered
    source: str


@dataclass
class PatientWeek:
    """One patient's week against the track's minimum."""

    patient: Person
    enrolment: Enrolment
    week: Span
    lines: list[Line]
    ledger: hours.Ledger
    warning: hours.EarlyWarning
    helps: list[CareSession] = field(default_factory=list)

    @property
    def minimum_minutes(self) -> int:
        return self.enrolment.track.weekly_minimum_minutes

    @property
    def goal_minutes(self) -> int:
        return self.enrolment.weekly_goal_minutes

    @property
    def to_come_minutes(self) -> int:
        """Scheduled and neither over nor counted yet."""
        return sum(line.delivered.minutes_scheduled for line in self.lines if line.source == "planned")

    @property
    def short_by(self) -> str:
        """What the week lacks when all that is planned is attended, in words; nothing when it reaches the minimum."""
        if not self.warning.reasons:
            return ""
        if hours.PLAN_BELOW_MINIMUM in self.warning.reasons:
            return _("The plan itself is too small.")
        return _("What was missed can no longer be made up by what is planned.")

    @property
    def help_words(self) -> str:
        """What would help: the first free places in this week that do not clash."""
        places = [
            _("%(name)s on %(day)s")
            % {
                "name": session.name,
                "day": formats.date_format(session.begins_at.astimezone(ZoneInfo(session.zone)), "D, P"),
            }
            for session in self.helps
        ]
        if not places:
            return _("No free place is left this week; plan a session.")
        return _("A place is free in: %(places)s") % {"places": "; ".join(places)}


def week_of(clinic: Clinic, at: datetime) -> Span:
    """Return the clinic's week around `at`."""
    return hours.week_of(at, zone=clinic.zone, week_starts=cast(hours.WeekStart, clinic.week_starts))


def week_beginning(clinic: Clinic, on: date) -> Span:
    """Return the clinic's week in which the day `on` lies."""
    noon = datetime.combine(on, datetime.min.time(), ZoneInfo(clinic.zone)) + timedelta(hours=12)
    return week_of(clinic, noon)


def weeks(enrolments: Iterable[Enrolment], *, clinic: Clinic, week: Span, at: datetime) -> list[PatientWeek]:
    """Return the week of each patient, one for each, by their latest enrolment; the queries do not grow with them."""
    latest = {enrolment.patient_id: enrolment for enrolment in enrolments}
    lines = _lines(latest.keys(), week=week, at=at)
    found = [
        _patient_week(enrolment, lines.get(patient_id, []), week=week, at=at)
        for patient_id, enrolment in latest.items()
    ]
    _add_help(found, clinic=clinic, at=at)
    return found


def enrolled_in(week: Span, *, reader: Any, zone: str) -> list[Enrolment]:
    """Return the enrolments that touch the week, earlier ones first, of those whose schedule `reader` may see."""
    first_on, until = (moment.astimezone(ZoneInfo(zone)).date() for moment in week)
    return list(
        Enrolment.objects.visible_to(reader)
        .filter(during__overlap=(first_on, until))
        .select_related("patient", "track")
        .order_by("during")
    )


def week_of_patient(patient: Person, at: datetime) -> PatientWeek | None:
    """Return the patient's own week around `at`; None for somebody who is not enrolled in it."""
    week = week_of(patient.clinic, at)
    first_on, until = (moment.astimezone(ZoneInfo(patient.clinic.zone)).date() for moment in week)
    own = list(
        Enrolment.objects.filter(patient=patient, during__overlap=(first_on, until))
        .select_related("patient", "track")
        .order_by("during")
    )
    latest = own[-1:]
    lines = _lines([patient.pk], week=week, at=at)
    return next((_patient_week(one, lines.get(patient.pk, []), week=week, at=at) for one in latest), None)


def _patient_week(enrolment: Enrolment, lines: list[Line], *, week: Span, at: datetime) -> PatientWeek:
    delivered = [line.delivered for line in lines]
    minimum = enrolment.track.weekly_minimum_minutes
    return PatientWeek(
        patient=enrolment.patient,
        enrolment=enrolment,
        week=week,
        lines=lines,
        ledger=hours.ledger(delivered, minimum_minutes=minimum),
        warning=hours.early_warning(delivered, week=week, minimum_minutes=minimum, at=at),
    )


def _lines(patients: Iterable[UUID], *, week: Span, at: datetime) -> dict[UUID, list[Line]]:
    """Every counting block of the week, by patient, in order of time."""
    entries = list(
        RosterEntry.objects.filter(Q(stands=True) | Q(status__in=WAS_THERE))
        .filter(
            patient__in=list(patients),
            session__cancelled_at=None,
            during__startswith__gte=week.begins_at,
            during__startswith__lt=week.ends_at,
        )
        .select_related("session")
        .order_by("during")
    )
    sessions = {entry.session_id: entry.session for entry in entries}
    blocks = _blocks(sessions)
    counted = _counted(entries)
    unclosed = {pk: session for pk, session in sessions.items() if session.begins_at <= at and not session.closed_at}
    so_far = _so_far(unclosed, blocks, entries, at=at)
    lines: dict[UUID, list[Line]] = defaultdict(list)
    for entry in entries:
        rows = counted.get(entry.pk) or so_far.get(entry.pk) or {}
        source = "counted" if entry.pk in counted else "evidence" if entry.session_id in unclosed else "planned"
        lines[entry.patient_id] += _lines_of(entry, sessions[entry.session_id], blocks[entry.session_id], rows, source)
    return lines


def _lines_of(
    entry: RosterEntry, session: CareSession, blocks: list[Block], rows: dict[UUID, tuple[int, str]], source: str
) -> list[Line]:
    """Seconds become minutes once for the whole evening: a block gets what the running total grew by."""
    lines, total = [], 0
    for block in blocks:
        seconds, place = rows.get(block.pk, (0, ""))
        minutes = (total + seconds) // 60 - total // 60
        total += seconds
        delivered = hours.Delivered(block.begins_at, block.minutes, minutes, block.kind, place or entry.modality)
        lines.append(Line(session, block, delivered, source))
    return lines


def _blocks(sessions: dict[UUID, CareSession]) -> dict[UUID, list[Block]]:
    blocks: dict[UUID, list[Block]] = {pk: [] for pk in sessions}
    for block in Block.objects.filter(session__in=sessions, counts=True).order_by("session", "n"):
        block.session = sessions[block.session_id]
        blocks[block.session_id].append(block)
    return blocks


def _counted(entries: list[RosterEntry]) -> dict[UUID, dict[UUID, tuple[int, str]]]:
    counted: dict[UUID, dict[UUID, tuple[int, str]]] = defaultdict(dict)
    for row in BlockMinutes.objects.filter(entry__in=entries):
        counted[row.entry_id][row.block_id] = (row.seconds if row.treatment else 0, row.place)
    return counted


def _so_far(
    sessions: dict[UUID, CareSession], blocks: dict[UUID, list[Block]], entries: list[RosterEntry], *, at: datetime
) -> dict[UUID, dict[UUID, tuple[int, str]]]:
    """What the evidence of evenings that are not closed says up to now, corrections included."""
    present = presence.presence_in(sessions.values(), at=at)
    running = [entry for entry in entries if entry.session_id in sessions]
    corrected = presence.corrections_of(running)
    found: dict[UUID, dict[UUID, tuple[int, str]]] = {}
    for entry in running:
        seen = present.get((entry.session_id, entry.patient_id))
        rows = {
            block.pk: presence.minutes_of(entry, block, seen, corrected.get((entry.pk, block.pk)), at=at)
            for block in blocks[entry.session_id]
        }
        found[entry.pk] = {pk: (row.seconds, row.place) for pk, row in rows.items() if row is not None}
    return found


def _add_help(found: list[PatientWeek], *, clinic: Clinic, at: datetime) -> None:
    """For those in trouble: sessions later this week with a free place, when they have nothing else."""
    troubled = [one for one in found if one.warning.reasons]
    if not troubled:
        return
    week = troubled[0].week
    taken = Count("roster", filter=Q(roster__stands=True))
    open_sessions = [
        session
        for session in CareSession.objects.filter(clinic=clinic)
        .standing()
        .filter(during__startswith__gt=at, during__startswith__lt=week.ends_at, closed_at=None)
        .annotate(taken=taken)
        .in_order()
        if session.taken < session.capacity  # type: ignore[attr-defined]
    ]
    cancelled: dict[UUID, set[UUID]] = defaultdict(set)
    for entry in RosterEntry.objects.filter(session__in=open_sessions, stands=False):
        cancelled[entry.patient_id].add(entry.session_id)
    for one in troubled:
        busy = [line.session for line in one.lines]
        turned_down = cancelled.get(one.patient.pk, set())
        one.helps = [
            session
            for session in open_sessions
            if session.audience == one.enrolment.audience
            and session.pk not in turned_down
            and not any(_overlap(session, other) for other in busy)
        ][:2]


def _overlap(one: CareSession, other: CareSession) -> bool:
    return one.begins_at < other.ends_at and other.begins_at < one.ends_at


def evenings(week: PatientWeek) -> list[tuple[CareSession, list[Line]]]:
    """Return the week's lines by session, in order, for the page that shows where each number comes from."""
    return [(session, list(lines)) for session, lines in groupby(week.lines, key=lambda line: line.session)]
