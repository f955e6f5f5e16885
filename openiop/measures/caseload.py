"""Who needs somebody first, and why: the rule, and the reading of its facts for many people at once.

The order is the project's own design: who waits in danger, who has to be assessed, who got worse, who falls silent. It
is a list to read from the top, not a verdict. Cases: tests/measures/test_caseload.py; table: docs/rules/caseload.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from openiop.measures import asking, reading, track
from openiop.measures.change import Dated
from openiop.measures.models import Answer, Assignment, Response
from openiop.people.models import Clinic, Person
from openiop.programs.models import Enrolment
from openiop.safety.models import Case
from openiop.schedule.models import RosterEntry

WAITS = "case_not_reached"
ASSESS_LATE = "assessment_overdue"
ASSESS = "assessment_today"
REACHED = "case_open"
UNANSWERED = "not_answered"
# The gravest first; within one reason, the higher number first.
ORDER = (
    WAITS,
    ASSESS_LATE,
    ASSESS,
    track.ITEM_NINE_ROSE,
    track.DETERIORATED,
    REACHED,
    track.MISSED,
    track.SLOW,
    track.SILENT,
    UNANSWERED,
)
ITEM_NINE = ("phq9_9", "phqa_9")
REMEMBERS = timedelta(days=400)  # one episode of care and its follow-ups


class Why(NamedTuple):
    """One reason: its code, of which measure, and the numbers it holds by. `weight` orders within one code."""

    code: str
    instrument: str = ""
    before: int = 0
    now: int = 0

    @property
    def weight(self) -> int:
        return self.now - self.before


def in_order(people: Mapping[UUID, Sequence[Why]], *, order: Sequence[str] = ORDER) -> list[UUID]:
    """Return who needs somebody first. Those without a reason come last; equals keep the order they came in."""
    return sorted(people, key=lambda pk: _urgency(people[pk], order=order))


def _urgency(whys: Sequence[Why], *, order: Sequence[str]) -> tuple[int, int, int]:
    if not whys:
        return (len(order), 0, 0)
    gravest = min(whys, key=lambda why: (order.index(why.code), -why.weight))
    return (order.index(gravest.code), -gravest.weight, -len(whys))


class Line(NamedTuple):
    """One patient on the list: where they are in their care, why they stand here, and their newest scores."""

    patient: Person
    enrolment: Enrolment
    whys: list[Why]
    newest: dict[str, Dated]


def caseload(reader: Person, *, at: datetime) -> list[Line]:
    """Return the patients in care whose record `reader` may open, the most urgent first; the queries do not grow."""
    clinic = reader.clinic
    on = at.astimezone(ZoneInfo(clinic.zone)).date()
    patients = Person.objects.visible_to(reader).patients()
    rows = Enrolment.objects.on(on).filter(patient__in=patients).select_related("patient", "track")
    enrolments = {row.patient_id: row for row in rows.order_by("patient__family_name", "patient__called")}
    people = [row.patient for row in enrolments.values()]
    for person in people:
        person.clinic = clinic
    facts = _Facts(people, clinic=clinic, on=on)
    whys = {pk: facts.whys(pk, admitted_on=row.during.lower) for pk, row in enrolments.items()}
    return [Line(enrolments[pk].patient, enrolments[pk], whys[pk], facts.newest(pk)) for pk in in_order(whys)]


class _Facts:
    """What the rule needs to know of many people, read at once."""

    def __init__(self, people: Iterable[Person], *, clinic: Clinic, on: date) -> None:
        who = list(people)
        self.on = on
        self.histories = asking.history(who, on=on)
        self.readings = reading.readings_of(clinic)
        self.cases = {case.patient_id: case for case in Case.objects.open().filter(patient__in=who)}
        self.scores = scores_by_patient(who, on=on)
        self.item_nine = _item_nine(who, on=on)
        self.missed = _missed(who, on=on)

    def newest(self, pk: UUID) -> dict[str, Dated]:
        return {code: max(rows) for code, rows in sorted(self.scores.get(pk, {}).items())}

    def whys(self, pk: UUID, *, admitted_on: date) -> list[Why]:
        found = [*self._of_case(pk), *self._of_assessment(pk)]
        for code, rows in self.scores.get(pk, {}).items():
            if (applies := self.readings.get(code)) is not None:
                reasons = track.against_baseline(rows, admitted_on=admitted_on, thresholds=thresholds_of(applies))
                found += [Why(row.code, code, row.before, row.now) for row in reasons]
        found += [Why(row.code, "", row.before, row.now) for row in self._beside_scores(pk, admitted_on=admitted_on)]
        late = asking.late(self.histories[pk], on=self.on)
        found += [Why(UNANSWERED, "", 0, len(late))] if late else []
        return sorted(found, key=lambda why: (ORDER.index(why.code), -why.weight))

    def _of_case(self, pk: UUID) -> list[Why]:
        case = self.cases.get(pk)
        return [Why(REACHED if case.reached else WAITS, "", 0, case.tier)] if case else []

    def _of_assessment(self, pk: UUID) -> list[Why]:
        waiting = [row for row in self.histories[pk].assignments if row.asked_of == Assignment.STAFF]
        return [
            Why(ASSESS_LATE if row.due_on < self.on else ASSESS, row.instrument, 0, (self.on - row.due_on).days)
            for row in waiting
        ]

    def _beside_scores(self, pk: UUID, *, admitted_on: date) -> list[track.Reason]:
        days = [day for code, day in self.histories[pk].given if code not in asking.NO_MEASURES]
        return [
            *track.item_nine_rose(self.item_nine.get(pk, []), on=self.on),
            *track.missed_sessions(self.missed.get(pk, []), on=self.on),
            *track.without_measure(days, admitted_on=admitted_on, on=self.on),
        ]


def thresholds_of(applies: reading.Reading) -> track.Thresholds:
    expected = applies.known.facts.get("expected")
    return track.Thresholds(
        worse_by=applies.definition.points,
        fall=expected.value if expected else None,
        still_from=expected.still_from if expected else None,
    )


def scores_by_patient(
    people: Sequence[Person], *, on: date, only: Sequence[str] = ()
) -> dict[UUID, dict[str, list[Dated]]]:
    """Return each person's complete scores by measure; of `only` these measures, where some are named."""
    found: dict[UUID, dict[str, list[Dated]]] = {}
    rows = Response.objects.filter(
        patient__in=people, total__isnull=False, prorated=False, for_day__range=(on - REMEMBERS, on)
    )
    rows = rows.filter(instrument__in=only) if only else rows
    for patient_id, code, day, total in rows.values_list("patient", "instrument", "for_day", "total"):
        found.setdefault(patient_id, {}).setdefault(code, []).append(Dated(day, int(total or 0)))
    return found


def _item_nine(people: Sequence[Person], *, on: date) -> dict[UUID, list[tuple[date, int]]]:
    """Each day's newest answer to the question about death; a day corrected counts once."""
    rows = Answer.objects.filter(patient__in=people, item__in=ITEM_NINE, response__for_day__lte=on)
    # Of who never said more than "not at all", nothing rose.
    rows = rows.filter(patient__in=Answer.objects.filter(item__in=ITEM_NINE).exclude(value=0).values("patient"))
    days: dict[UUID, dict[date, int]] = {}
    ordered = rows.order_by("answered_at", "received_at").values_list("patient", "response__for_day", "value")
    for patient_id, day, value in ordered:
        days.setdefault(patient_id, {})[day] = int(value)
    return {pk: sorted(by_day.items()) for pk, by_day in days.items()}


def _missed(people: Sequence[Person], *, on: date) -> dict[UUID, list[date]]:
    rows = RosterEntry.objects.filter(
        Q(status="absent") | Q(status="cancelled_late", excused=False),
        patient__in=people,
        session__cancelled_at=None,
        during__startswith__date__range=(on - track.MISSED_WITHIN - timedelta(days=1), on),
    )
    zones = {person.pk: ZoneInfo(person.zone) for person in people}
    found: dict[UUID, list[date]] = {}
    for patient_id, during in rows.values_list("patient", "during"):
        found.setdefault(patient_id, []).append(during.lower.astimezone(zones[patient_id]).date())
    return found
