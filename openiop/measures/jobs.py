"""What measures do by themselves: remind people of what is due."""

from __future__ import annotations

import logging
from datetime import datetime

from django.utils import timezone
from procrastinate.contrib.django import app

from openiop.measures import reminding
from openiop.people.access import System, acting, all_clinics
from openiop.people.models import Clinic

log = logging.getLogger(__name__)


@app.periodic(cron="*/5 * * * *")
@app.task(name="measures.remind", queueing_lock="measures.remind")
def remind(timestamp: int) -> int:
    """Remind whoever may be reminded now; returns how many.

    `timestamp`, when this was due, decides nothing: a job that waited until the night must send none.
    """
    return remind_at(timezone.now())


def remind_at(at: datetime) -> int:
    return sum(_of_clinic(clinic, at=at) for clinic in all_clinics())


def _of_clinic(clinic: Clinic, *, at: datetime) -> int:
    try:
        with acting(System(clinic.pk), origin="worker"):
            return reminding.remind(clinic, at=at)
    except Exception as error:
        # The kind only: its text may quote the record. The other clinics' people are reminded all the same.
        log.error("Reminders of a clinic failed (%s).", type(error).__name__)
        return 0
