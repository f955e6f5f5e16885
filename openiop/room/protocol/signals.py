"""The private signal, both ways (openiop/room/signals.py)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from openiop.room.protocol.base import Led, Mine, Said

SignalWord = Literal["word", "not_alone", "urges", "stepping_away", "not_safe"]
SignalReply = Literal["seen", "soon", "private", "stay", "time", "noted", "on_its_way"]


class Signal(Mine):
    """A silent tap, for facilitators only. `id` is this tap's, so that sending it again changes nothing."""

    type: Literal["signal"]
    id: UUID
    kind: SignalWord


class AnswerSignal(Led):
    type: Literal["answer_signal"]
    signal: UUID
    preset: SignalReply


class MySignal(Said):
    """My own latest silent tap; `id` confirms that it is kept."""

    id: UUID
    kind: SignalWord
    at: datetime
    answer: SignalReply | None = None
    answered_by: str = ""


class SignalSeen(Said):
    """A silent tap as facilitators see it."""

    signal: UUID
    seat: UUID
    name: str
    kind: SignalWord
    at: datetime
    answer: SignalReply | None = None
    answered_by: str = ""
