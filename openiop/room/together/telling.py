"""What the group does together in the protocol's words, as one viewer may know it."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from openiop.room import protocol
from openiop.room.models import Seat, SeatState, in_treatment
from openiop.room.together import timers


def for_everybody(seat: Seat, *, at: datetime) -> protocol.TogetherNow | None:
    """Return what is on in the group; nothing for whoever waits or is with staff outside of it."""
    if seat.state != SeatState.ADMITTED or not in_treatment(seat.place):
        return None
    return protocol.TogetherNow(timer=_timer(seat, at=at))


def for_those_who_lead(seat: Seat, *, at: datetime) -> protocol.LeadTogether:
    return protocol.LeadTogether(plan_break=_plan_break(seat, at=at))


def _timer(seat: Seat, *, at: datetime) -> protocol.TimerNow | None:
    timer = timers.shown_in(seat.session, at=at)
    if timer is None:
        return None
    kind = cast("protocol.TimerWord", timer.kind)
    return protocol.TimerNow(id=timer.pk, kind=kind, started_at=timer.started_at, ends_at=timer.ends_at)


def _plan_break(seat: Seat, *, at: datetime) -> protocol.PlanBreak | None:
    found = timers.offer(seat.session, seat.session.blocks.all(), at=at)
    return protocol.PlanBreak(**found._asdict()) if found else None
