"""What is different since last time, for everybody on one session's roster: the rules, and the reading of their facts.

*Last time* is when the session began at which a patient was last seen in this series, or by somebody who leads this
session. Pure functions decide; `lines` reads for the whole roster at once. Rule and examples: docs/rules/since.md;
cases: tests/measures/test_since.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from openiop.measures import caseload, change, norms, reading, track
from openiop.measures.caseload import ASSESS, ASSESS_LATE, REACHED, WAITS, Why
from openiop.measures.change import Dated, Direction
from openiop.measures.models import Answer, Assignment, Response
from openiop.people import access
from openiop.people.models import Person
from openiop.safety.models import Case, Flag
from openiop.schedule.models import CareSession, RosterEntry, SessionStaff

NOT_SAFE, FLAGGED, CHECKED_WORSE, NOTHING_SAID = "not_safe", "flagged", "check_in_worse", "nothing_said"
# The gravest first; within one reason, the higher number first.
ORDER = (
    WAITS,
    ASSESS_LATE,
    ASSESS,
    NOT_SAFE,
    track.ITEM_NINE_ROSE,
    track.DETERIORATED,
    FLAGGED,
    REACHED,
    track.MISSED,
    CHECKED_WORSE,
    NOTHING_SAID,
)
LOOKS_BACK = timedelta(days=60)  # how far back "since last time" reaches at the most: design
BEFORE_LAST_TIME = timedelta(days=14)  # an older check-in says nothing of how somebody was last time: design
WORSE_BY = 2  # points of 0 to 10 by which a check-in counts as worse here: design, not a validated change
SEEN, MISSED = ("attended", "late", "left_early"), ("absent", "cancelled_late")
SCALES: Mapping[str, int] = {"mood": 1, "anxiety": -1, "urges": -1}  # 1: more is better
SAFETY = ("safe_now", "self_harm")  # choices, 0 is safe and more is graver
SLEEP = "sleep_hours"  # more or less; neither is better by itself
CHECK_IN_ITEMS = (*SCALES, SLEEP, *SAFETY)

Way = Literal["better", "worse", "more", "less", "same", "first"]


class Scored(NamedTuple):
    """A complete score of a day, and when it was known."""

    on: date
    total: int
    known_at: datetime


class Step(NamedTuple):
    """From one score to the newest. `way` by the measure's definition; None where nothing is known of the measure."""

    before: Dated
    points: int
    way: Direction | None


class Measure(NamedTuple):
    """One measure: its newest score, the step from the answer before, and from what was known last time.

    `is_new`: was the newest given since? `from_then` is None without an earlier score, or where nothing is new.
    """

    instrument: str
    last: Dated
    is_new: bool
    from_before: Step | None
    from_then: Step | None
    definition: norms.Definition | None


class Said(NamedTuple):
    """One check-in question: the newest answer since last time, the newest before, and the worst since."""

    item: str
    now: float
    then: float | None
    worst: float
    way: Way


class Evening(NamedTuple):
    """A session of the past: when it began, what became of it, and whether this series or these staff held it."""

    began: datetime
    status: str
    ours: bool


class Line(NamedTuple):
    """One patient of the roster. `seen_at` is None where there was no last time; then `since` is their admission."""

    patient: Person
    seen_at: datetime | None
    since: datetime
    whys: list[Why]
    measures: list[Measure]
    said: list[Said]
    flags: list[Flag]
    missed: list[date]


# --- rules ---


def measured(
    instrument: str, scores: Sequence[Scored], *, since: datetime, applies: reading.Reading | None
) -> Measure | None:
    """Return how one measure stands against the answer before and against last time; None without a score."""
    in_order = sorted(scores)
    if not in_order:
        return None
    last = in_order[-1]
    is_new = last.known_at > since
    known_then = [each for each in in_order if each.known_at <= since]
    points = applies.definition.points if applies else None
    return Measure(
        instrument=instrument,
        last=_dated(last),
        is_new=is_new,
        from_before=_step(in_order[-2], last, points=points) if len(in_order) > 1 else None,
        from_then=_step(known_then[-1], last, points=points) if is_new and known_then else None,
        definition=applies.definition if applies else None,
    )


def _step(before: Scored, last: Scored, *, points: float | None) -> Step:
    way = None if points is None else change.reliable_change(before.total, last.total, points=points)
    return Step(_dated(before), last.total - before.total, way)


def _dated(each: Scored) -> Dated:
    return Dated(each.on, each.total)


def said_of(item: str, answers: Sequence[tuple[datetime, float]], *, since: datetime) -> Said | None:
    """Return how a check-in question was answered since, against the newest answer before; None if not since.

    A question's direction is a start for a talk: a check-in is no validated measure, and no change of it is reliable.
    """
    in_order = sorted(answers)
    newer = [value for at, value in in_order if at > since]
    older = [value for at, value in in_order if since - BEFORE_LAST_TIME <= at <= since]
    if not newer:
        return None
    then, now = (older[-1] if older else None), newer[-1]
    worst = min(newer) if SCALES.get(item, -1) > 0 or item == SLEEP else max(newer)
    return Said(item, now, then, worst, direction(item, then, now))


def direction(item: str, then: float | None, now: float) -> Way:
    """Return which way an answer went: better or worse, for sleep only more or less."""
    if then is None:
        return "first"
    if now == then:
        return "same"
    if item == SLEEP:
        return "more" if now > then else "less"
    sign = SCALES.get(item, -1)
    return "better" if (now - then) * sign > 0 else "worse"


def of_check_ins(said: Sequence[Said], *, asked: bool) -> list[Why]:
    """Return why a check-in puts somebody forward: not safe since, clearly worse, or silent though asked each day."""
    gravest = max((each.worst for each in said if each.item in SAFETY), default=0)
    found = [Why(NOT_SAFE, "", 0, int(gravest))] if gravest else []
    falls = [abs(each.now - each.then) for each in said if each.item in SCALES and each.way == "worse"
             and each.then is not None]  # fmt: skip
    if falls and max(falls) >= WORSE_BY:
        found.append(Why(CHECKED_WORSE, "", 0, int(max(falls))))
    return found or ([Why(NOTHING_SAID)] if asked and not said else [])


def of_measures(measures: Sequence[Measure]) -> list[Why]:
    """Return each measure that is reliably worse than what was known last time."""
    worse = [(each, each.from_then) for each in measures]
    return [
        Why(track.DETERIORATED, each.instrument, step.before.total, each.last.total)
        for each, step in worse
        if step is not None and step.way == "worse"
    ]


def item_nine_rose(values: Sequence[int]) -> list[Why]:
    """The newest answer to the question about death is higher than the one before. `values`: oldest first."""
    rose = len(values) > 1 and values[-1] > values[-2]
    return [Why(track.ITEM_NINE_ROSE, "", values[-2], values[-1])] if rose else []


def last_seen(days: Sequence[Evening]) -> datetime | None:
    """Return when the last session began of this series, or led by who leads this one, at which the person was seen.

    What was not counted yet is passed over: the time shown is then longer, never shorter.
    """
    return max((each.began for each in days if each.ours and each.status in SEEN), default=None)


# --- reading ---


def lines(session: CareSession, reader: Person, *, at: datetime) -> list[Line]:
    """Return a line for each patient on the roster whose record `reader` may open, who needs somebody first on top.

    The number of queries does not grow with the roster or the answers.
    """
    rows = session.roster.standing().filter(access.about(reader, "patient_id")).select_related("patient", "enrolment")
    entries = {row.patient_id: row for row in rows.order_by("patient__called", "patient__family_name")}
    for row in entries.values():
        row.patient.clinic = reader.clinic
    facts = _Facts(session, entries, at=at)
    found = {pk: facts.line(row) for pk, row in entries.items()}
    return [found[pk] for pk in caseload.in_order({pk: line.whys for pk, line in found.items()}, order=ORDER)]


class _Facts:
    """What the rules need to know of everybody on the roster, read at once."""

    def __init__(self, session: CareSession, entries: Mapping[UUID, RosterEntry], *, at: datetime) -> None:
        self.at, self.clinic = at, session.clinic
        self.until = min(at, session.begins_at)
        who = list(entries)
        self.days = _days(session, who, until=self.until)
        self.since = {pk: self._since(pk, row) for pk, row in entries.items()}
        earliest = min(self.since.values(), default=self.until)
        self.readings = reading.readings_of(self.clinic)
        self.scores = _scores(who, since=at.date() - caseload.REMEMBERS)
        self.answers = _answers(who, since=earliest - BEFORE_LAST_TIME, rose_since=self.until - LOOKS_BACK)
        self.flags = _flags(who, since=earliest)
        self.cases = {case.patient_id: case for case in Case.objects.open().filter(patient__in=who)}
        self.tasks = list(Assignment.objects.open().filter(patient__in=who, asked_of=Assignment.STAFF))

    def _since(self, pk: UUID, row: RosterEntry) -> datetime:
        admitted_at = datetime.combine(row.enrolment.during.lower, time.min, ZoneInfo(row.patient.zone))
        return max(last_seen(self.days.get(pk, [])) or admitted_at, self.until - LOOKS_BACK)

    def line(self, row: RosterEntry) -> Line:
        pk, since = row.patient_id, self.since[row.patient_id]
        measures = [
            found
            for code, scores in sorted(self.scores.get(pk, {}).items())
            if (found := measured(code, scores, since=since, applies=self.readings.get(code)))
        ]
        answers = self.answers.get(pk, {})
        said = [each for item in CHECK_IN_ITEMS if (each := said_of(item, answers.get(item, []), since=since))]
        flags = [flag for flag in self.flags.get(pk, []) if flag.raised_at > since]
        missed = [each.began for each in self.days.get(pk, []) if each.status in MISSED and each.began > since]
        zone = ZoneInfo(row.patient.zone)
        whys = [
            *self._of_case(pk),
            *self._of_assessment(pk),
            *of_check_ins(said, asked=since.date() < self.until.date()),
            *self._item_nine(answers),
            *of_measures(measures),
            *([Why(FLAGGED, "", 0, max(flag.tier for flag in flags))] if flags else []),
            *([Why(track.MISSED, "", 0, len(missed))] if missed else []),
        ]
        return Line(
            patient=row.patient,
            seen_at=last_seen(self.days.get(pk, [])),
            since=since,
            whys=sorted(whys, key=lambda why: (ORDER.index(why.code), -why.weight)),
            measures=measures,
            said=said,
            flags=flags,
            missed=sorted(began.astimezone(zone).date() for began in missed),
        )

    def _of_case(self, pk: UUID) -> list[Why]:
        case = self.cases.get(pk)
        return [Why(REACHED if case.reached else WAITS, "", 0, case.tier)] if case else []

    def _of_assessment(self, pk: UUID) -> list[Why]:
        on = self.at.astimezone(ZoneInfo(self.clinic.zone)).date()
        return [
            Why(ASSESS_LATE if task.due_on < on else ASSESS, task.instrument, 0, (on - task.due_on).days)
            for task in self.tasks
            if task.patient_id == pk
        ]

    def _item_nine(self, answers: Mapping[str, Sequence[tuple[datetime, float]]]) -> list[Why]:
        given = sorted(pair for item in caseload.ITEM_NINE for pair in answers.get(item, []))
        return item_nine_rose([int(value) for _at, value in given])


def _days(session: CareSession, who: Sequence[UUID], *, until: datetime) -> dict[UUID, list[Evening]]:
    """Each patient's sessions of the time looked back on: (began, what became of it, ours)."""
    leads = SessionStaff.objects.filter(session=session, stands=True).values("staff")
    led_by_them = Exists(SessionStaff.objects.filter(session=OuterRef("session"), staff__in=leads))
    series = Q(session__series=session.series_id) if session.series_id else Q(pk__in=[])
    rows = (
        RosterEntry.objects.filter(
            Q(excused=None) | Q(excused=False) | ~Q(status="cancelled_late"),
            patient__in=who,
            session__cancelled_at=None,
            during__startswith__lt=until,
            during__startswith__gte=until - LOOKS_BACK,
        )
        .exclude(session=session.pk)
        .exclude(status="")
        .annotate(ours=led_by_them | series)
    )
    found: dict[UUID, list[Evening]] = {}
    for patient_id, during, status, ours in rows.values_list("patient", "during", "status", "ours"):
        found.setdefault(patient_id, []).append(Evening(during.lower, status, bool(ours)))
    return found


def _scores(who: Sequence[UUID], *, since: date) -> dict[UUID, dict[str, list[Scored]]]:
    rows = Response.objects.filter(
        patient__in=who,
        total__isnull=False,
        completed_at__isnull=False,
        prorated=False,
        for_day__gte=since,
    )
    found: dict[UUID, dict[str, list[Scored]]] = {}
    for patient_id, code, day, total, known_at in rows.values_list(
        "patient", "instrument", "for_day", "total", "completed_at"
    ):
        if known_at is not None and total is not None:
            found.setdefault(patient_id, {}).setdefault(code, []).append(Scored(day, total, known_at))
    return found


def _answers(
    who: Sequence[UUID], *, since: datetime, rose_since: datetime
) -> dict[UUID, dict[str, list[tuple[datetime, float]]]]:
    """By patient and question, each day's newest answer and when it was given; of safety, each answer.

    A tap corrected counts once, but nobody's "I am not safe" is lost under a later "I am".
    """
    rows = Answer.objects.filter(
        Q(item__in=CHECK_IN_ITEMS, answered_at__gte=since)
        | Q(item__in=caseload.ITEM_NINE, answered_at__gte=rose_since),
        patient__in=who,
    )
    ordered = rows.order_by("answered_at", "received_at").values_list(
        "patient", "item", "response", "answered_at", "value"
    )
    days: dict[UUID, dict[str, dict[Any, tuple[datetime, float]]]] = {}
    for patient_id, item, response_id, at, value in ordered:
        if isinstance(value, int | float):
            which = (response_id, at) if item in SAFETY else response_id
            days.setdefault(patient_id, {}).setdefault(item, {})[which] = (at, value)
    return {pk: {item: list(by_day.values()) for item, by_day in items.items()} for pk, items in days.items()}


def _flags(who: Sequence[UUID], *, since: datetime) -> dict[UUID, list[Flag]]:
    found: dict[UUID, list[Flag]] = {}
    for flag in Flag.objects.filter(patient__in=who, raised_at__gt=since).order_by("-raised_at"):
        found.setdefault(flag.patient_id, []).append(flag)
    return found
