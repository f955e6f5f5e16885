"""From a message about the agenda or a card to its verb."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from openiop.room import protocol
from openiop.room.cards import agenda, showing
from openiop.room.models import Seat


def heed(me: Seat, person: Any, at: datetime, *, message: protocol.Cards) -> None:
    match message:
        case protocol.AgendaMark():
            agenda.mark(me.session, message.block, by=person, at=at)
        case protocol.CardShow():
            showing.show(me.session, message.card, by=person, at=at)
        case protocol.CardPutAway():
            showing.put_away(me.session, by=person, at=at)
        case protocol.CardKeep():
            showing.keep(me, message.card, by=person, at=at)
