"""One measure over time, for one person: its scores, what changed since the baseline, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from openiop.measures import change, norms
from openiop.measures.change import Dated, Direction
from openiop.measures.models import Answer, Response
from openiop.measures.reading import Reading
from openiop.people import access
from openiop.people.models import Person
from openiop.programs.models import Enrolment
from openiop.schedule.models import Kind, RosterEntry

MISSED, ATTENDED = ("absent", "cancelled_late"), ("attended", "late", "left_early")
NOT_TAKEN = 1  # the medication question of a check-in


class Change(NamedTuple):
    """From the baseline to the newest score. `way` by the definition that stands beside it; None: nothing is known.

    `notices`: as much as people themselves notice. `response`, `remission`: None where no rule says.
    """

    first: Dated
    last: Dated
    way: Direction | None
    definition: norms.Definition | None
    notices: bool | None
    response: bool
    remission: bool | None
    outcome: change.Outcome | None = None  # Jacobson and Truax; None where no cut-off is known
    cut: norms.Fact | None = None

    @property
    def points(self) -> int:
        return self.last.total - self.first.total


def change_of(scores: Sequence[Dated], *, admitted_on: date, reading: Reading | None) -> Change | None:
    """Return the change since the baseline; None without a baseline, or with nothing after it."""
    first = change.baseline(scores, admitted_on=admitted_on)
    last = max(scores, default=None)
    if first is None or last is None or last == first:
        return None
    pre, post = first.total, last.total
    facts = reading.known.facts if reading else {}
    cut = facts.get("caseness")
    return Change(
        first=first,
        last=last,
        way=change.reliable_change(pre, post, points=reading.definition.points) if reading else None,
        definition=reading.definition if reading else None,
        notices=change.matters(pre, post, points=facts["matters"].value) if "matters" in facts else None,
        response=change.is_response(pre, post),
        remission=change.is_remission(post, below=facts["remission"].value) if "remission" in facts else None,
        outcome=change.outcome(pre, post, points=reading.definition.points, cut=cut.value) if reading and cut else None,
        cut=cut,
    )


def scores_of(rows: Iterable[Response]) -> list[Dated]:
    """Return the complete scores. A total reckoned without an answer is shown, and no change is read from it."""
    return [Dated(row.for_day, row.total) for row in rows if row.total is not None and not row.prorated]


class Event(NamedTuple):
    """Something beside the scores, as EVENTS in the trend's view names it; what lasts does so until before `until`."""

    kind: str
    on: date
    until: date | None = None
    detail: str = ""


class Source(Protocol):
    """Events that another app keeps, as far as `reader` may see them."""

    def __call__(self, patient: Person, *, reader: access.Actor) -> list[Event]: ...


_sources: list[Source] = []


def tell_also(source: Source) -> None:
    """Let an app above this one tell of its events in every trend."""
    if source not in _sources:
        _sources.append(source)


def events_of(patient: Person, *, reader: access.Actor, since: date, until: date) -> list[Event]:
    """Return admissions, discharges, skills begun, weeks missed, medication said to be missed, and others' events."""
    found = [event for source in _sources for event in source(patient, reader=reader)]
    for row in Enrolment.objects.filter(patient=patient):
        found.append(Event("admitted", row.during.lower))
        if row.during.upper:
            found.append(Event("discharged", row.during.upper - timedelta(days=1)))
    found += _skills_begun(patient)
    found += missed_medication(_without_medication(patient, since=since, until=until))
    found += missed_weeks(_sessions(patient, since=since, until=until), week_starts=patient.clinic.week_starts)
    return sorted(event for event in found if since <= event.on <= until)


def _sessions(patient: Person, *, since: date, until: date) -> list[tuple[date, str]]:
    zone = ZoneInfo(patient.zone)
    rows = RosterEntry.objects.filter(
        patient=patient, session__cancelled_at=None, during__startswith__date__range=(since, until)
    )
    return [
        (during.lower.astimezone(zone).date(), status)
        for during, status in rows.exclude(status="").values_list("during", "status")
    ]


def _skills_begun(patient: Person) -> list[Event]:
    """The first session with skills at which the person was."""
    rows = RosterEntry.objects.filter(
        patient=patient, status__in=ATTENDED, session__cancelled_at=None, session__blocks__kind=Kind.SKILLS
    )
    first = rows.order_by("during__startswith").values_list("during", flat=True).first()
    return [Event("skills_begun", first.lower.astimezone(ZoneInfo(patient.zone)).date())] if first else []


def _without_medication(patient: Person, *, since: date, until: date) -> list[date]:
    """The days whose newest answer in a check-in says that medication was not taken."""
    rows = Answer.objects.filter(patient=patient, item="medication", response__for_day__range=(since, until))
    newest = dict(rows.order_by("answered_at", "received_at").values_list("response__for_day", "value"))
    return [day for day, value in newest.items() if value == NOT_TAKEN]


def missed_medication(days: Iterable[date]) -> list[Event]:
    """Return each run of days on end on which medication was said to be missed."""
    found: list[Event] = []
    for day in sorted(set(days)):
        if found and found[-1].until == day:
            found[-1] = found[-1]._replace(until=day + timedelta(days=1))
        else:
            found.append(Event("missed_medication", day, day + timedelta(days=1)))
    return found


def missed_weeks(sessions: Iterable[tuple[date, str]], *, week_starts: str) -> list[Event]:
    """Return each week that had sessions and of which none was attended. `sessions`: (day, what became of it)."""
    shift = 1 if week_starts == "sunday" else 0
    weeks: dict[date, list[str]] = {}
    for day, status in sessions:
        weeks.setdefault(day - timedelta(days=(day.weekday() + shift) % 7), []).append(status)
    return [
        Event("missed_week", start, start + timedelta(days=7))
        for start, kept in sorted(weeks.items())
        if all(status in MISSED for status in kept)
    ]
