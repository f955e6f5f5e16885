"""What the group does together beside talking (openiop/room/together; docs/rules/together.md)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from openiop.room.protocol.base import Led, Said

# --- breaks and exercises, by one clock ---


TimerWord = Literal["break", "exercise"]


class TimerStart(Led):
    """A break or an exercise of so many minutes, in place of whatever runs."""

    type: Literal["timer_start"]
    kind: TimerWord
    minutes: Annotated[int, Field(ge=1, le=60)]


class TimerMore(Led):
    type: Literal["timer_more"]
    minutes: Annotated[int, Field(ge=1, le=30)]


class TimerStop(Led):
    """Put it away; nothing rings."""

    type: Literal["timer_stop"]


Together = TimerStart | TimerMore | TimerStop


class TimerNow(Said):
    """Everybody's clock; said for a moment more after its end, so that nobody misses that it is over."""

    id: UUID
    kind: TimerWord
    started_at: datetime
    ends_at: datetime


class TogetherNow(Said):
    """For everybody in the group and its breakouts; None for whoever waits or is with staff outside of it."""

    timer: TimerNow | None = None


class PlanBreak(Said):
    """The plan has a break now that nobody has begun; `minutes` until its planned end."""

    title: str
    minutes: int
    ends_at: datetime


class LeadTogether(Said):
    plan_break: PlanBreak | None = None
