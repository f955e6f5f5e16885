"""From a message of the protocol to its verb."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404

from openiop.room import protocol
from openiop.room.leading import asides, chat, door, floor
from openiop.room.models import Seat

Message = protocol.Door | protocol.Floor | protocol.Chat | protocol.Asides


def heed(me: Seat, person: Any, at: datetime, *, message: Message) -> None:
    if isinstance(message, protocol.Door):
        _door(me, person, at, message)
    elif isinstance(message, protocol.Floor):
        _floor(me, person, at, message)
    elif isinstance(message, protocol.Asides):
        _asides(me, person, at, message)
    else:
        _chat(me, person, at, message)


def _door(me: Seat, person: Any, at: datetime, message: protocol.Door) -> None:
    session = me.session
    match message:
        case protocol.DoorLock(locked=True):
            door.lock(session, by=person, at=at)
        case protocol.DoorLock():
            door.unlock(session, by=person, at=at)
        case protocol.DoorSay(seat=seat, preset=preset, text=text):
            door.say(session, seat_id=seat, preset=preset or "", text=text or "", by=person, at=at)
        case protocol.DoorUnsay():
            door.take_back(session, seat_id=message.seat, by=person)
        case protocol.Network():
            door.tell_network(me, word=message.word)


def _floor(me: Seat, person: Any, at: datetime, message: protocol.Floor) -> None:
    match message:
        case protocol.AskToSpeak():
            floor.ask_to_speak(_other(me, message.seat), by=person, at=at)
        case protocol.NotNow():
            floor.answered(me)
        case protocol.SpotlightOn():
            floor.spotlight(_other(me, message.seat), by=person, at=at)
        case protocol.SpotlightOff():
            floor.spotlight_off(_other(me, message.seat), by=person)
        case protocol.StickOut(out=True):
            floor.bring_stick(me, by=person, at=at)
        case protocol.StickOut():
            floor.put_stick_away(me, by=person)
        case protocol.StickPass():
            floor.pass_stick(me, holder=message.holder, at=at)


def _chat(me: Seat, person: Any, at: datetime, message: protocol.Chat) -> None:
    match message:
        case protocol.ChatMode():
            chat.choose(me.session, message.mode, by=person, at=at)
        case protocol.ChatWrite():
            chat.write(me, key=message.id, text=message.text, by=person, at=at)
        case protocol.ChatRemove():
            chat.remove(me.session, message.line, by=person, at=at)


def _asides(me: Seat, person: Any, at: datetime, message: protocol.Asides) -> None:
    match message:
        case protocol.AsideAsk():
            asides.ask(_other(me, message.seat), whom=message.person, by=person, at=at)
        case protocol.AsideAnswer():
            asides.answer(me.session, message.ask, comes=message.comes, by=person, at=at)


def _other(me: Seat, seat_id: UUID) -> Seat:
    """A seat of another session does not exist here, nor does another patient's for a patient."""
    seats = Seat.objects.select_related("person", "session").filter(session_id=me.session_id)
    if (found := seats.filter(pk=seat_id).first()) is None:
        raise Http404
    return found
