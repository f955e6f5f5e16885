"""What each message about the group's doings does: one verb each, inside the sender's own transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from openiop.room import protocol
from openiop.room.models import Seat
from openiop.room.together import polls, timers


def heed(me: Seat, person: Any, at: datetime, *, message: protocol.Together) -> None:
    session = me.session
    match message:
        case protocol.TimerStart(kind=kind, minutes=minutes):
            timers.start(session, kind=kind, minutes=minutes, by=person, at=at)
        case protocol.TimerMore(minutes=minutes):
            timers.extend(session, minutes=minutes, by=person, at=at)
        case protocol.TimerStop():
            timers.stop(session, by=person, at=at)
        case protocol.PollAsk():
            polls.ask(session, **message.model_dump(exclude={"type"}), by=person, at=at)
        case protocol.PollAnswer(poll=poll, value=value):
            polls.answer(me, poll, value=value, by=person, at=at)
        case protocol.PollClose():
            polls.close(session, by=person, at=at)
        case protocol.PollShow():
            polls.show(session, by=person, at=at)
        case protocol.PollPutAway():
            polls.put_away(session, by=person, at=at)
