"""What measures do by themselves: remind people of what is due, and tell of whoever got worse and is missing."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from procrastinate.contrib.django import app

from openiop.measures import reminding, worsening
from openiop.people.access import for_each_clinic, in_each_clinic


@app.periodic(cron="*/5 * * * *")
@app.task(name="measures.remind", queueing_lock="measures.remind")
def remind(timestamp: int) -> int:
    """Remind whoever may be reminded now; returns how many.

    `timestamp`, when this was due, decides nothing: a job that waited until the night must send none.
    """
    return remind_at(timezone.now())


def remind_at(at: datetime) -> int:
    return in_each_clinic(reminding.remind, at=at)


@app.periodic(cron="23 * * * *")
@app.task(name="measures.watch_the_worse", queueing_lock="measures.watch_the_worse")
def watch_the_worse(timestamp: int) -> int:
    """Tell of everybody in care who is reliably worse and stays away or answers no more; returns how many flags."""
    return watch_the_worse_at(timezone.now())


def watch_the_worse_at(at: datetime) -> int:
    return for_each_clinic(worsening.raise_worse_and_missing, at=at)
