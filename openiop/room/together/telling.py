"""What the group does together in the protocol's words, as one viewer may know it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from openiop.room import protocol
from openiop.room.models import Seat, SeatState, in_treatment
from openiop.room.together import leaving, polls, timers


def for_everybody(seat: Seat, *, at: datetime) -> protocol.TogetherNow | None:
    """Return what is on in the group; nothing for whoever waits or is with staff outside of it."""
    if seat.state != SeatState.ADMITTED or not in_treatment(seat.place):
        return None
    return protocol.TogetherNow(
        timer=_timer(seat, at=at), poll=_poll(seat) if seat.role not in ("supporter", "helper") else None
    )


def for_those_who_lead(seat: Seat, *, at: datetime) -> protocol.LeadTogether:
    return protocol.LeadTogether(plan_break=_plan_break(seat, at=at), poll=_poll_of_lead(seat), left=_left(seat))


def _timer(seat: Seat, *, at: datetime) -> protocol.TimerNow | None:
    timer = timers.shown_in(seat.session, at=at)
    if timer is None:
        return None
    kind = cast("protocol.TimerWord", timer.kind)
    return protocol.TimerNow(id=timer.pk, kind=kind, started_at=timer.started_at, ends_at=timer.ends_at)


def _plan_break(seat: Seat, *, at: datetime) -> protocol.PlanBreak | None:
    found = timers.offer(seat.session, seat.session.blocks.all(), at=at)
    return protocol.PlanBreak(**found._asdict()) if found else None


def _poll(seat: Seat) -> protocol.PollNow | None:
    poll = polls.shown_to(seat)
    if poll is None:
        return None
    return protocol.PollNow(
        id=poll.id,
        kind=cast(protocol.PollWord, poll.kind),
        question=poll.question,
        options=poll.options,
        named=poll.named,
        kept=poll.kept,
        open=poll.open,
        mine=poll.mine,
        counts=poll.counts,
    )


def _poll_of_lead(seat: Seat) -> protocol.LeadPoll | None:
    found = polls.on_now(seat.session)
    if found is None:
        return None
    poll, answered = found
    return protocol.LeadPoll(
        answered=answered,
        counts=poll.counts,
        chosen=[protocol.PollChosen(name=name, value=value) for name, value in polls.chosen_in(poll)],
        shown=poll.shown_at is not None,
    )


def _left(seat: Seat) -> list[protocol.LeftAs]:
    return [protocol.LeftAs(name=row.patient.called, how=cast(Any, row.how)) for row in leaving.of(seat.session)]
