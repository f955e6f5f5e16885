"""The worker's part in a crisis: look at each case when it is due, and take its next step."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from openiop.people.access import System, acting, for_each_clinic, in_each_clinic
from openiop.people.models import Clinic
from openiop.safety.models import (
    Case,
    StaffAlert,
    left_alone,
    let_readers_know,
    raise_departures,
    raise_rota_alarms,
    take_alert_step,
    take_next_step,
    take_one_to_one_step,
    watch_hand_overs,
)

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=1)


class Climbing(NamedTuple):
    """What climbs: its table, what comes with a row of it, and its next step."""

    table: Any
    related: tuple[str, ...]
    take_step: Callable[..., Any]


CASES = Climbing(Case, ("clinic", "patient__clinic"), take_next_step)
CALLS = Climbing(StaffAlert, ("clinic",), take_alert_step)


def climb(at: datetime) -> int:
    """Take the next step of every case that is due; returns how many were looked at.

    1. Claim one due case: move `next_step_at` ahead by the lease and commit. Two workers never claim the same one,
       and if this process dies now the case is due again when the lease is over.
    2. In a second transaction, take its step: page a rung, hand pages to the mail, say when to look again.
    3. If that crashes, count the failure and push the case ahead, longer each time, at most a minute. The others go
       on, and the case stays on every desk, which does not need us to show it.
    """
    return for_each_clinic(_climb_cases, at=at)


def call_for_staff(at: datetime) -> int:
    """The same for staff's own calls for help, in a loop of their own."""
    return for_each_clinic(_climb_calls, at=at)


def _climb_cases(clinic: Clinic, *, at: datetime) -> int:
    return _climb_for(clinic, CASES, at=at)


def _climb_calls(clinic: Clinic, *, at: datetime) -> int:
    return _climb_for(clinic, CALLS, at=at)


def _climb_for(clinic: Clinic, climbing: Climbing, *, at: datetime) -> int:
    looked_at = 0
    while (claimed := _claim(clinic, climbing, at=at)) is not None:
        looked_at += 1
        try:
            with acting(System(clinic.pk), origin="worker"):
                climbing.take_step(_hold(climbing, claimed), at=at)
        except Exception as error:
            # The kind of the error only: its text may quote the record.
            name = climbing.table.__name__
            log.error("%s %s could not be looked after (%s).", name, claimed, type(error).__name__)
            _push_ahead(clinic, climbing, claimed, at=at)
    return looked_at


def _claim(clinic: Clinic, climbing: Climbing, *, at: datetime) -> Any | None:
    """Return the id of a row that is ours for the length of a lease, or None when nothing is due."""
    with acting(System(clinic.pk), origin="worker"):
        due = climbing.table.objects.filter(clinic=clinic).due(at).order_by("next_step_at")
        claimed = due.select_for_update(skip_locked=True).values_list("pk", flat=True).first()
        if claimed is not None:
            climbing.table.objects.filter(pk=claimed).update(next_step_at=at + LEASE)
    return claimed


def _hold(climbing: Climbing, pk: Any) -> Any:
    return climbing.table.objects.select_for_update(of=("self",)).select_related(*climbing.related).get(pk=pk)


def _push_ahead(clinic: Clinic, climbing: Climbing, pk: Any, *, at: datetime) -> None:
    with acting(System(clinic.pk), origin="worker"):
        row = climbing.table.objects.select_for_update().get(pk=pk)
        if row.closed_at is None:
            row.failures += 1
            row.next_step_at = at + min(timedelta(seconds=2 ** min(row.failures, 10)), LONGEST_PAUSE)
            row.save(update_fields=["failures", "next_step_at"])


def watch_the_rota(at: datetime) -> int:
    """Tell directors of hours in which nobody is on call; returns how many gaps they were told of."""
    return in_each_clinic(raise_rota_alarms, at=at)


def tell_readers(at: datetime) -> int:
    """Let those who may read a new restricted flag know that something waits; returns how many flags."""
    return in_each_clinic(let_readers_know, at=at)


def watch_departures(at: datetime) -> int:
    """Tell of everybody who left a site while their high case was open; returns how many."""
    return in_each_clinic(raise_departures, at=at)


def hand_over(at: datetime) -> int:
    """Open the hand-overs that are due and ask whom the clock says; returns how many wait."""
    return in_each_clinic(watch_hand_overs, at=at)


def stay_with_them(at: datetime) -> int:
    """Ask whom the clock says about everybody at high risk with whom nobody is; returns how many were looked at.

    Each case in a transaction of its own: none is held while another is looked after, and what fails for one holds up
    no other.
    """
    return for_each_clinic(_stay_with_those_of, at=at)


def _stay_with_those_of(clinic: Clinic, *, at: datetime) -> int:
    with acting(System(clinic.pk), origin="worker"):
        found = left_alone(clinic, at=at)
    for pk in found:
        try:
            with acting(System(clinic.pk), origin="worker"):
                take_one_to_one_step(pk, at=at)
        except Exception as error:
            log.error("Who stays with the person of case %s could not be seen to (%s).", pk, type(error).__name__)
    return len(found)
