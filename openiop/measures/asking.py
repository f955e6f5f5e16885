"""What a patient is asked for today, what was never answered, and what an answer leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from openiop.measures import calendar, instruments
from openiop.measures.blocks import assembled
from openiop.measures.models import Assignment, Cadence, LicensedWords, Response
from openiop.people.models import Person
from openiop.programs.models import Enrolment
from openiop.schedule.models import RosterEntry

CHECK_IN, BEFORE, AFTER_GROUP = assembled.DAILY, assembled.BEFORE, "after_group"
ASKED_BY_THE_DAY = (CHECK_IN, BEFORE, AFTER_GROUP)  # none of them is a measure
SURVEY = "survey"
NO_MEASURES = (*ASKED_BY_THE_DAY, SURVEY)  # what says nothing of how somebody is
newest = assembled.newest_shipped
ASSESSMENTS = ("asq", "cssrs")  # either is a clinician's answer to an answer about death
RISK_ASSESSMENT = "risk_assessment"  # what follows a positive screen: a whole assessment, not another screen
LOOKS_BACK = timedelta(days=28)  # how far staff are shown what was not answered
DAYS_TO_ANSWER = 3


class Due(NamedTuple):
    """An instrument to answer on a day; `done` when it was completed on that very day."""

    code: str
    done: bool


class Late(NamedTuple):
    """What was asked for and not answered. `moment` is the calendar's, or why it was asked for by itself."""

    instrument: str
    moment: str
    due_on: date


class History(NamedTuple):
    """What one patient was asked and has answered: enough to say what is due and what is late, without a query."""

    episode: calendar.Episode | None
    rules: tuple[calendar.Rule, ...]
    given: tuple[tuple[str, date], ...]
    assignments: tuple[Assignment, ...]
    week_starts: str = "sunday"
    speechless: frozenset[str] = frozenset()  # instruments whose licensed words the clinic has not loaded
    asks_before: bool = False  # does the clinic ask something before each group?
    group_days: tuple[date, ...] = ()

    def has_a_group(self, on: date) -> bool:
        return on in self.group_days

    def windows(self, on: date) -> list[calendar.Window]:
        if self.episode is None:
            return []
        return calendar.windows(self.rules, self.episode, given=self.given, on=on, week_starts=self.week_starts)


def due(patient: Person, *, on: date) -> list[Due]:
    """Return what this patient may answer on this day: the check-in, then measures whose time has come."""
    return due_of(history([patient], on=on)[patient.pk], on=on)


def due_of(known: History, *, on: date) -> list[Due]:
    """Return what is due by what is known. Once answered within its window, a measure is done and not asked again."""
    in_care = known.episode is None or _is_in_care(known.episode, on)
    rows = [Due(CHECK_IN, (CHECK_IN, on) in known.given)] if in_care else []
    if in_care and known.asks_before and known.has_a_group(on):
        rows.append(Due(BEFORE, (BEFORE, on) in known.given))
    open_now = [window for window in known.windows(on) if window.holds(on)]
    earlier = [(code, day) for code, day in known.given if day < on]
    wanted = {window.instrument for window in open_now if not calendar.is_answered(window, earlier)}
    wanted |= {row.instrument for row in known.assignments if row.asked_of == Assignment.PATIENT and row.opens_on <= on}
    # What was answered today for an assignment stays on the page as done.
    wanted |= {window.instrument for window in open_now if (window.instrument, on) in known.given}
    askable = sorted(code for code in wanted - known.speechless if may_be_answered(code))
    return rows + [Due(code, (code, on) in known.given) for code in askable]


def may_be_answered(code: str) -> bool:
    """Does this instrument exist, for patients to answer by themselves?"""
    try:
        return "patient" in newest(code).asked_by
    except KeyError:
        return False


def late(known: History, *, on: date) -> list[Late]:
    """Return what the patient was asked for within four weeks and has not answered, the newest first."""
    windows = [window for window in known.windows(on) if window.due_on >= on - LOOKS_BACK]
    found = [
        Late(window.instrument, window.moment, _late_since(window))
        for window in calendar.unanswered(windows, given=known.given, on=on)
    ]
    asked = [row for row in known.assignments if row.asked_of == Assignment.PATIENT]
    found += [Late(row.instrument, row.because, row.due_on) for row in asked if row.due_on < on]
    return sorted(found, key=lambda row: (row.due_on, row.instrument), reverse=True)


def _late_since(window: calendar.Window) -> date:
    return window.opens_on if window.moment == "every" else window.due_on


def history(patients: Iterable[Person], *, on: date) -> dict[UUID, History]:
    """Return what is known of each patient; the number of queries does not grow with them."""
    people = {person.pk: person for person in patients}
    episodes = _enrolments(people, on=on)
    rules = _rules(episodes.values())
    days = _group_days(people, on=on)
    given: dict[UUID, list[tuple[str, date]]] = {}
    complete = Response.objects.filter(patient__in=people, completed_at__isnull=False, for_day__lte=on)
    complete = complete.exclude(instrument__in=ASKED_BY_THE_DAY, for_day__lt=on - LOOKS_BACK)  # nobody asks for these
    for patient_id, code, day in complete.order_by("for_day").values_list("patient", "instrument", "for_day"):
        given.setdefault(patient_id, []).append((code, day))
    asked: dict[UUID, list[Assignment]] = {}
    for row in Assignment.objects.open().filter(patient__in=people).order_by("due_on"):
        asked.setdefault(row.patient_id, []).append(row)
    speechless = _speechless(rules.values(), asked.values())
    clinics = {person.clinic_id for pk, person in people.items() if on in days.get(pk, ())}
    asks_before = any(assembled.asks_before(clinic_id) for clinic_id in clinics)
    return {
        pk: History(
            episode=_episode(episodes.get(pk), days.get(pk, [])),
            rules=tuple(rules.get(episodes[pk].track_id, ())) if pk in episodes else (),
            given=tuple(given.get(pk, ())),
            assignments=tuple(asked.get(pk, ())),
            week_starts=person.clinic.week_starts,
            speechless=speechless,
            asks_before=asks_before,
            group_days=tuple(days.get(pk, ())),
        )
        for pk, person in people.items()
    }


def _speechless(rules: Iterable[list[calendar.Rule]], asked: Iterable[list[Assignment]]) -> frozenset[str]:
    """Of what is asked for, return what cannot be put to anybody yet; no look-up where nothing needs words."""
    codes = {rule.instrument for rows in rules for rule in rows} | {row.instrument for rows in asked for row in rows}
    licensed = {code for code in codes if _is_licensed(code)}
    if not licensed:
        return frozenset()
    loaded = LicensedWords.objects.filter(instrument__in=licensed).values_list("instrument", flat=True)
    return frozenset(licensed - set(loaded))


def _is_licensed(code: str) -> bool:
    try:
        return newest(code).words == "clinic"
    except KeyError:
        return False  # a clinic's own before-group form has no shipped file


def _enrolments(people: Mapping[UUID, Person], *, on: date) -> dict[UUID, Enrolment]:
    """The episode each is in, or comes to within the week, or was in last."""
    soon = on + calendar.BEFORE
    rows = Enrolment.objects.filter(patient__in=people, during__startswith__lte=soon).order_by("during__startswith")
    return {row.patient_id: row for row in rows}


def _episode(enrolment: Enrolment | None, group_days: list[date]) -> calendar.Episode | None:
    if enrolment is None:
        return None
    until = enrolment.during.upper
    return calendar.Episode(enrolment.during.lower, until - timedelta(days=1) if until else None, tuple(group_days))


def _rules(enrolments: Iterable[Enrolment]) -> dict[UUID, list[calendar.Rule]]:
    found: dict[UUID, list[calendar.Rule]] = {}
    for row in Cadence.objects.filter(track__in={each.track_id for each in enrolments}).order_by("instrument"):
        found.setdefault(row.track_id, []).append(calendar.Rule(row.instrument, row.moment, row.every_days))
    return found


def _group_days(people: Mapping[UUID, Person], *, on: date) -> dict[UUID, list[date]]:
    """Days with a session, from as far back as staff are shown until a week from now, in each person's own zone."""
    rows = RosterEntry.objects.filter(
        patient__in=people,
        stands=True,
        session__cancelled_at=None,
        during__startswith__date__range=(on - LOOKS_BACK - timedelta(days=7), on + timedelta(days=7)),
    )
    found: dict[UUID, list[date]] = {}
    for patient_id, during in rows.values_list("patient", "during"):
        found.setdefault(patient_id, []).append(during.lower.astimezone(ZoneInfo(people[patient_id].zone)).date())
    return found


def _is_in_care(episode: calendar.Episode, on: date) -> bool:
    return episode.last_on is None or on <= episode.last_on


# --- who may still answer ---


class Closed(ValueError):
    """The person has left care and nobody asked for this any more; the text says so in words for them."""


def check_open(patient: Person, code: str, *, on: date) -> None:
    """Raise Closed where a person who has left care was not asked for this measure."""
    known = history([patient], on=on)[patient.pk]
    if known.episode is None or _is_in_care(known.episode, on):
        return
    asked = {row.code for row in due_of(known, on=on)} | {row.instrument for row in known.assignments}
    if code not in asked:
        raise Closed(
            _("You have finished the program, so these questions are closed. Call the clinic or use the numbers.")
        )


# --- what an answer leads to ---


def assess_today(patient: Person, response: Response, *, on: date, at: datetime) -> None:
    """An answer about death or self-harm asks a clinician for an assessment the same day, once at a time."""
    Assignment.ask(
        patient,
        instrument=ASSESSMENTS[0],
        asked_of=Assignment.STAFF,
        because="sign",
        evidence=response,
        on=on,
        until=on,
        at=at,
    )


def completed(response: Response, instrument: instruments.Instrument, *, on: date, at: datetime) -> None:
    """A complete response answers what was asked for, and a positive screen asks for the next measure."""
    answers_for: dict[str, Any] = {"instrument": instrument.code, "asked_of": Assignment.PATIENT}
    Assignment.objects.open().filter(patient=response.patient_id, **answers_for).update(answered=response)
    for step in instrument.leads_to:
        if response.total is not None and response.total >= step.at_least:
            Assignment.ask(
                response.patient,
                instrument=step.instrument,
                because="screen",
                evidence=response,
                on=on,
                until=on + timedelta(days=DAYS_TO_ANSWER),
                at=at,
            )
