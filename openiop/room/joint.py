"""When two partners may be in one room: only after each was asked alone (docs/rules/kinds.md).

Nothing here tells a partner why a meeting is not open.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from openiop.people.access import Actor
from openiop.room.models import LiveRoom, Place, Seat, SeatState
from openiop.schedule import kinds
from openiop.schedule.models import CareSession


def may_come(session: CareSession, actor: Actor, role: str, *, at: datetime) -> bool:
    """May `actor` ask to come in, as far as both partners' safety is concerned?

    Once a joint meeting is open, staff and whoever is in it already come back freely: a line that drops at the wrong
    moment would otherwise tell one partner that the other has said something.
    """
    if may_open(session, at=at):
        return True
    if not LiveRoom.objects.filter(session=session, place=Place.GROUP, ended_at=None).exists():
        return False
    if role != "patient":
        return True
    return Seat.objects.filter(session=session, person_id=actor.pk, state=SeatState.ADMITTED).exists()


def may_go_to(session: CareSession, place: str, *, at: datetime) -> bool:
    """May staff go to `place` now: is it open already, or may it open?"""
    is_open = LiveRoom.objects.filter(session=session, place=place, ended_at=None).exists()
    return is_open or may_open(session, at=at)


def may_open(session: CareSession, *, at: datetime) -> bool:
    """Is this no joint session, or was each partner asked alone and found to be safe with the other?"""
    if not kinds.rule_of(session).asked_alone:
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT joint_meeting_may_open(%s, %s)", [session.pk, at])
        return bool(cursor.fetchone()[0])
