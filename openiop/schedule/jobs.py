"""What the schedule does by itself each night."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from procrastinate.contrib.django import app

from openiop.lib import refusals
from openiop.people import access
from openiop.people.models import Clinic
from openiop.schedule import ended, missed, planning
from openiop.schedule.models import Series

log = logging.getLogger(__name__)

WEEKS_AHEAD = 8


@app.periodic(cron="17 8 * * *")
@app.task(name="schedule.unfold_ahead", queueing_lock="schedule.unfold_ahead")
def unfold_ahead(timestamp: int) -> int:
    """Make the coming weeks' sessions of every series that has begun to meet. `timestamp`: when it was due, Unix time.

    Returns how many were made. A day that clashes with something is left out and looked at again the next night; the
    series' own page says in words what is in the way.
    """
    at = datetime.fromtimestamp(timestamp, UTC)
    return access.for_each_clinic(_of_clinic, at=at)


def _of_clinic(clinic: Clinic, *, at: datetime) -> int:
    today = at.astimezone(ZoneInfo(clinic.zone)).date()
    system = access.System(clinic.pk)
    with access.acting(system, origin="schedule"):
        missing = [
            (series, day.on)
            for series in Series.objects.filter(clinic_id=clinic.pk, sessions__isnull=False).distinct()
            for day in planning.days(series, from_on=today, until=today + timedelta(weeks=WEEKS_AHEAD))
            if day.session is None
        ]
    return sum(_unfold(series, on, system=system, at=at) for series, on in missing)


def _unfold(series: Series, on: date, *, system: access.System, at: datetime) -> int:
    """Make one day's session, in a transaction of its own; returns 1, or 0 where it clashes."""
    try:
        with access.acting(system, origin="schedule"), refusals.spoken():
            return len(series.unfold(from_on=on, until=on, by=system, at=at))
    except refusals.Refused:
        log.info("A day of a series clashes and was left out.")
        return 0


def watch_the_missed(at: datetime) -> int:
    """Tell of everybody at risk who is missing from a session that has begun; returns how many."""
    return access.in_each_clinic(missed.raise_missed, at=at)


def watch_the_ended(at: datetime) -> int:
    """Open a hand-over for every session that has ended; returns how many."""
    return access.in_each_clinic(ended.open_hand_overs, at=at)
