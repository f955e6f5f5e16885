"""Verbs that plan: who belongs to a series, which days change, what follows when an episode of care ends.

Deferred constraints judge at the commit; callers that answer a person go through `lib.refusals.spoken`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import formats
from django.utils.translation import gettext as _

from openiop.audit import trail
from openiop.lib import refusals
from openiop.people.models import Person
from openiop.programs.models import Enrolment
from openiop.schedule import recurrence
from openiop.schedule.models import (
    CareSession,
    NotTogether,
    RosterEntry,
    Series,
    SeriesException,
    SeriesMember,
)

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class NotEnrolled(Exception):
    """The patient has no enrolment on that day; the text says so in words for staff."""


class PlannedDay(NamedTuple):
    """A day of a series as it would unfold. `session` is there when it was made already."""

    on: date
    begins_at: datetime | None
    change: SeriesException | None
    session: CareSession | None


@transaction.atomic
def join(series: Series, patient: Person, *, modality: str, by: Person, at: datetime) -> SeriesMember:
    """Give `patient` a lasting place: in every session still to come, made or yet to be made.

    Raises NotEnrolled; the database refuses full, clashing and forbidden places.
    """
    today = at.astimezone(ZoneInfo(series.zone)).date()
    enrolment = enrolment_of(patient, on=max(today, series.first_on))
    member = SeriesMember.objects.create(
        clinic_id=series.clinic_id, series=series, patient=patient, enrolment=enrolment, modality=modality
    )
    for session in _to_come(series, at=at):
        if session.begins_on in enrolment.during:
            session.put_on_roster(patient, enrolment, modality=modality)
    trail.record("series.join", patient=patient, thing=series)
    return member


@transaction.atomic
def leave(member: SeriesMember, *, by: Person, at: datetime) -> None:
    """End a lasting place; the sessions still to come are free again, those that were stay as they were."""
    _free(RosterEntry.objects.filter(session__in=_to_come(member.series, at=at), patient=member.patient_id))
    trail.record("series.leave", patient=member.patient_id, thing=member.series)
    member.delete()


@transaction.atomic
def end_enrolment(enrolment: Enrolment, *, on: date, reason: str, by: Person, at: datetime) -> None:
    """End the episode with `on` as its last day; later places in sessions and in series are free again."""
    enrolment.end(on=on, reason=reason, by=by, at=at)
    later = RosterEntry.objects.filter(enrolment=enrolment, session__begins_on__gt=on, session__closed_at=None)
    _free(later)
    SeriesMember.objects.filter(enrolment=enrolment).delete()


def _free(entries: Any) -> None:
    entries.standing().update(stands=False)


def _to_come(series: Series, *, at: datetime) -> Iterable[CareSession]:
    return series.sessions.standing().filter(during__startswith__gt=at).in_order()


def enrolment_of(patient: Person, *, on: date) -> Enrolment:
    """Return the patient's enrolment on that day. Raises NotEnrolled."""
    enrolment = Enrolment.objects.on(on).filter(patient=patient).first()
    if enrolment is None:
        raise NotEnrolled(
            _("%(name)s is not enrolled on %(day)s. Enrol them first.")
            % {"name": patient.called, "day": formats.date_format(on, "M j, Y")}
        )
    return enrolment


@transaction.atomic
def put_on_roster(session: CareSession, patient: Person, *, modality: str, by: Person, at: datetime) -> RosterEntry:
    """Give `patient` a place in this one session. Raises NotEnrolled; the database refuses the rest."""
    return session.put_on_roster(patient, enrolment_of(patient, on=session.begins_on), modality=modality)


@transaction.atomic
def skip(series: Series, on: date, *, reason: str, by: Person, at: datetime) -> SeriesException:
    """The series does not meet on that day. A session made for it is cancelled."""
    exception = SeriesException.objects.create(clinic_id=series.clinic_id, series=series, on=on, reason=reason)
    for session in series.sessions.standing().filter(unfolded_on=on):
        session.cancel(by=by, at=at)
    trail.record("series.skip", thing=series, on=str(on))
    return exception


@transaction.atomic
def move_day(
    series: Series, on: date, *, to_on: date, to_time: time, reason: str, by: Person, at: datetime
) -> SeriesException:
    """The series meets at another date and wall time instead of on that day. A session made for it moves along."""
    exception = SeriesException.objects.create(
        clinic_id=series.clinic_id, series=series, on=on, moved_to_on=to_on, moved_to_time=to_time, reason=reason
    )
    for session in series.sessions.standing().filter(unfolded_on=on):
        session.move(to=recurrence.moment(to_on, to_time, zone=series.zone), by=by, at=at)
    trail.record("series.move-day", thing=series, on=str(on))
    return exception


def days(series: Series, *, from_on: date, until: date) -> list[PlannedDay]:
    """Return the days of the rule between two dates, with what became of each; cancelled days are among them."""
    until = min(until, series.until or until)
    changes = {row.on: row for row in series.exceptions.all()}
    made = {row.unfolded_on: row for row in series.sessions.all()}
    begins = {
        occurrence.on: occurrence.begins_at
        for occurrence in recurrence.unfold(
            series.rrule,
            starts=series.starts,
            zone=series.zone,
            first_on=series.first_on,
            until=until,
            from_on=from_on,
            exceptions=series.exceptions_to_its_rule(),
        )
    }
    cancelled = {on for on, change in changes.items() if change.moved_to_on is None and from_on <= on <= until}
    return [PlannedDay(on, begins.get(on), changes.get(on), made.get(on)) for on in sorted(begins.keys() | cancelled)]


def meets_on(series: Series, on: date) -> bool:
    """Does the rule give a session on that day, before any change of it?"""
    found = recurrence.unfold(
        series.rrule, starts=series.starts, zone=series.zone, first_on=series.first_on, until=on, from_on=on
    )
    return bool(found) and (series.until is None or on <= series.until)


class DayRefused(refusals.Refused):
    """One day of a series could not be planned; the sentence begins with the day."""


@transaction.atomic
def unfold(series: Series, *, until: date, by: Person, at: datetime) -> list[CareSession]:
    """Make the sessions from today up to `until`, all or none.

    Raises DayRefused with the first day that clashes, in words.
    """
    made = []
    today = at.astimezone(ZoneInfo(series.zone)).date()
    coming = days(series, from_on=max(today, series.first_on), until=until)
    for on in [day.on for day in coming if day.session is None]:
        try:
            with refusals.spoken():
                made += series.unfold(from_on=on, until=on, by=by, at=at)
        except refusals.Refused as refusal:
            day = formats.date_format(on, "D, M j")
            raise DayRefused(
                _("%(day)s: %(why)s Nothing was planned.") % {"day": day, "why": refusal}, field=refusal.field
            ) from refusal
    return made


@transaction.atomic
def keep_apart(first: Person, second: Person, *, reason: str, by: Person, at: datetime) -> NotTogether:
    """These two are not put in one session from now on. Sessions that hold both already are the caller's to show."""
    pair = NotTogether.objects.create(clinic_id=first.clinic_id, first=first, second=second, reason=reason)
    trail.record("not-together.add", patient=first, thing=pair)
    trail.record("not-together.add", patient=second, thing=pair)
    return pair


def sessions_with_both(first: Person, second: Person, *, at: datetime) -> list[CareSession]:
    """Return the sessions still to come in which both have a place."""
    with_second = RosterEntry.objects.standing().filter(patient=second).values("session")
    return list(
        CareSession.objects.standing()
        .filter(during__startswith__gt=at, roster__patient=first, roster__stands=True, pk__in=with_second)
        .in_order()
    )


def weekly_rule(weekdays: Iterable[str], *, every_weeks: int = 1) -> str:
    """Return the RRULE for these weekdays: "FREQ=WEEKLY;BYDAY=MO,TH"."""
    chosen = set(weekdays)
    interval = f"INTERVAL={every_weeks};" if every_weeks > 1 else ""
    return f"FREQ=WEEKLY;{interval}BYDAY={','.join(day for day in WEEKDAYS if day in chosen)}"


def weekdays_of(rule: str) -> tuple[list[str], int] | None:
    """Return (weekdays, every how many weeks) of a plain weekly rule; None for any other rule."""
    parts = dict(part.split("=", 1) for part in rule.upper().removeprefix("RRULE:").split(";") if "=" in part)
    named = parts.get("BYDAY", "").split(",")
    plain = parts.keys() <= {"FREQ", "INTERVAL", "BYDAY"} and parts.get("FREQ") == "WEEKLY"
    if not plain or not set(named) <= set(WEEKDAYS):
        return None
    return named, int(parts.get("INTERVAL", 1))


def half_a_year_from(at: datetime, *, zone: str) -> date:
    """The furthest day to which sessions may be made: later ones would only have to be changed again."""
    return (at.astimezone(ZoneInfo(zone)) + timedelta(days=183)).date()
