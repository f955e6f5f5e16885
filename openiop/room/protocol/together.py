"""What the group does together beside talking (openiop/room/together; docs/rules/together.md)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from openiop.room.protocol.base import Heard, Led, Mine, Said

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


# --- polls ---

PollWord = Literal["feelings", "commitment", "yes_no", "choices", "arrival"]
Option = Annotated[str, Field(min_length=1, max_length=60, pattern=r"\S")]


class PollAsk(Led):
    """Ask everybody in the group, in place of the poll before. Scales and arrival have words; the others need some.

    `named`: facilitators will see who answered what. `kept`: it stays after the session. Both are told to everybody
    before they answer.
    """

    type: Literal["poll_ask"]
    kind: PollWord
    question: Annotated[str, Field(max_length=200)] = ""
    options: Annotated[list[Option], Field(max_length=5)] = []
    named: bool
    kept: bool

    @model_validator(mode="after")
    def _is_whole(self) -> "PollAsk":
        has_words = bool(self.question.strip())
        if has_words != (self.kind in ("yes_no", "choices")) or (len(self.options) >= 2) != (self.kind == "choices"):
            raise ValueError("a question of one's own needs words, and options of one's own at least two")
        if self.kind == "arrival" and (self.named or self.kept):
            raise ValueError("how people arrive is nobody's in particular, and is not kept")
        return self


class PollAnswer(Mine):
    """My own answer, or my new one: 0 to 10, or which option, from 0."""

    type: Literal["poll_answer"]
    poll: UUID
    value: Annotated[int, Field(ge=0, le=10)]


class PollClose(Led):
    type: Literal["poll_close"]


class PollShow(Led):
    """Show the counts to everybody, however few answered."""

    type: Literal["poll_show"]


class PollPutAway(Led):
    type: Literal["poll_put_away"]


ReactionWord = Literal["with_you", "me_too", "thanks", "well_done"]


class React(Heard):
    """A quiet sign to those in the same place; passed on and never kept."""

    type: Literal["react"]
    reaction: ReactionWord


Together = TimerStart | TimerMore | TimerStop | PollAsk | PollAnswer | PollClose | PollShow | PollPutAway


class TimerNow(Said):
    """Everybody's clock; said for a moment more after its end, so that nobody misses that it is over."""

    id: UUID
    kind: TimerWord
    started_at: datetime
    ends_at: datetime


class PollNow(Said):
    """A poll as somebody in the group may know it."""

    id: UUID
    kind: PollWord
    question: str
    options: list[str]
    named: bool
    kept: bool
    open: bool
    mine: int | None
    counts: list[int] | None
    """By value; only once it is closed, and four answered or a facilitator showed it."""


class TogetherNow(Said):
    """For everybody in the group and its breakouts; None for whoever waits or is with staff outside of it."""

    timer: TimerNow | None = None
    poll: PollNow | None = None


class PlanBreak(Said):
    """The plan has a break now that nobody has begun; `minutes` until its planned end."""

    title: str
    minutes: int
    ends_at: datetime


class PollChosen(Said):
    name: str
    value: int


class LeadPoll(Said):
    """How many answered; what they chose together once it is closed; who chose what only where that was said before."""

    answered: int
    counts: list[int] | None
    chosen: list[PollChosen]
    shown: bool


class LeftAs(Said):
    """How a patient says they left; the words of those who need somebody come first."""

    name: str
    how: Literal["calmer", "same", "worse", "not_safe"]


class LeadTogether(Said):
    plan_break: PlanBreak | None = None
    poll: LeadPoll | None = None
    left: list[LeftAs] = []


class Reaction(Said):
    """Somebody's quiet sign; it fades by itself."""

    type: Literal["reaction"] = "reaction"
    seat: UUID
    reaction: ReactionWord
