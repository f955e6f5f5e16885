"""How long a board is kept: the clinic's days after the last session it was open in, or longer where somebody says why.

What was filed to a chart is a paper of its own and is not touched. Without the clinic's days nothing expires.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import InterfaceError, OperationalError, transaction
from django.http import Http404

from openiop.audit import trail
from openiop.people.access import System, acting
from openiop.people.models import Person
from openiop.room.boards import keeping, rights
from openiop.room.boards.models import Board, BoardHold, BoardPolicy

log = logging.getLogger(__name__)

LONGEST_HOLD_DAYS = 366


class CannotHold(Exception):
    """The day is not later than the board is kept anyway, or further away than a board may be kept at once."""


def last_day(*, last_open_on: date, keep_days: int | None, held_until: date | None) -> date | None:
    """Return the last day on which a board is kept; None where the clinic set no days."""
    if keep_days is None:
        return None
    return max(last_open_on + timedelta(days=keep_days), held_until or last_open_on)


def kept_until(board: Board, policy: BoardPolicy) -> date | None:
    """The last day on which this board is kept, by the calendar where its session took place."""
    last_open_on = board.session.ends_at.astimezone(_zone(board)).date()
    return last_day(last_open_on=last_open_on, keep_days=policy.keep_days, held_until=board.held_until)


@transaction.atomic
def hold(board_id: Any, *, until: date, reason: str, by: Person, at: datetime) -> BoardHold:
    """Keep this board longer. Raises Http404 or PermissionDenied for whoever does not lead, and CannotHold."""
    board = keeping.held(board_id)
    rights.lead(board, by, at=at)
    ends, today = kept_until(board, BoardPolicy.of(board.clinic_id)), at.astimezone(_zone(board)).date()
    if ends is None or not ends < until <= today + timedelta(days=LONGEST_HOLD_DAYS):
        raise CannotHold
    kept = BoardHold.objects.create(clinic_id=board.clinic_id, board=board, until=until, reason=reason, by=by, at=at)
    board.held_until = until
    board.save(update_fields=["held_until"])
    trail.record("board.hold", thing=board, until=until.isoformat())
    return kept


def expire_old(clinic_id: Any, *, at: datetime) -> int:
    """Destroy the boards of a clinic whose last day is over; returns how many. Acts as the system by itself.

    Each is one transaction of its own: a worker that dies leaves whole boards and empty ones, never half of one, and
    the next run goes on. One that cannot be destroyed keeps no other.
    """
    with acting(System(clinic_id), origin="worker"):
        found = _over(clinic_id, at=at)
    return sum(_expire_carefully(pk, clinic_id, at=at) for pk in found)


def _over(clinic_id: Any, *, at: datetime) -> list[Any]:
    policy = BoardPolicy.of(clinic_id)
    if policy.keep_days is None:
        return []
    over = at - timedelta(days=policy.keep_days)
    old = Board.objects.standing().filter(clinic_id=clinic_id, session__during__endswith__lt=over)
    return list(old.order_by("opened_at").values_list("pk", flat=True))


def _expire_carefully(board_id: Any, clinic_id: Any, *, at: datetime) -> bool:
    try:
        with acting(System(clinic_id), origin="worker"):
            return expire(board_id, at=at)
    except Http404:  # somebody else destroyed it meanwhile
        return False
    except (InterfaceError, OperationalError):
        raise
    except Exception as error:
        # The kind only: its text may quote what was drawn.
        log.error("A board whose time is over could not be destroyed (%s).", type(error).__name__)
        return False


@transaction.atomic
def expire(board_id: Any, *, at: datetime) -> bool:
    """Destroy this board if its last day is over, and return whether it was: it may be open again since we looked."""
    board = keeping.held(board_id)
    policy = BoardPolicy.of(board.clinic_id)
    until = kept_until(board, policy)
    if until is None or at.astimezone(_zone(board)).date() <= until:
        return False
    keeping.take_away(board, by=None, at=at)
    trail.record("board.expire", thing=board, days=policy.keep_days, until=until.isoformat())
    return True


def _zone(board: Board) -> ZoneInfo:
    return ZoneInfo(board.session.zone)
