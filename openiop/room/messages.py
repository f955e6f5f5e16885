"""What each message of a tab does: a verb on its seat, inside `acting`, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404

from openiop.lib import wake
from openiop.room import (
    admission,
    aside,
    breakouts,
    called,
    e2ee,
    encryption,
    key_news,
    live,
    protocol,
    signals,
    state,
    still,
)
from openiop.room.leading import calling, floor, forgetting
from openiop.room.leading import telling as leading
from openiop.room.media.rooms import MediaRoom
from openiop.room.media.tab import Where
from openiop.room.models import LiveRoom, Seat, SeatState
from openiop.room.together import polls
from openiop.schedule.models import CareSession


def sit_down(
    _nobody: Seat | None, person: Any, at: Any, *, connection: UUID, line: UUID, session_id: UUID, locked: bool
) -> tuple[UUID, str]:
    session = CareSession.objects.select_related("room").filter(pk=session_id).first()
    if session is None:
        raise Http404
    if locked and not any(seat.in_call(at=at) for seat in Seat.objects.filter(session=session, person_id=person.pk)):
        raise Http404
    taken = admission.ask(session, person, at=at)
    if taken.connection not in (None, connection) and taken.role == "patient":
        still.answer(taken, by=person, at=at)  # somebody opened the room anew
    Seat.objects.filter(pk=taken.pk).update(connection=connection, line=line, online=True, seen_at=at)
    taken.refresh_from_db()
    admission.beat(taken, at=at, receiving=False)
    if taken.role == "facilitator":
        encryption.begin(session, by=person, at=at)
    wake.wake(admission.topic(session))
    return taken.pk, taken.role


def read(
    seat: Seat, person: Any, at: Any, *, told: key_news.ToldOf
) -> tuple[
    Seat,
    protocol.Room,
    Where | None,
    list[MediaRoom],
    tuple[list[protocol.KeysNow], key_news.ToldOf],
    protocol.ChatNow | None,
]:
    prefetch_related_objects([seat.session], "blocks")
    ended = breakouts.keep_time(seat, at=at)
    if seat.role == "facilitator":
        breakouts.tend(seat.session, at=at)
        calling.tend(seat.session, at=at)
    if ended:
        seat.refresh_from_db(fields=["place"])
    room = state.room_for(seat, at=at)
    has_media = room.me.state in ("admitted", "private") and not room.paused and not seat.companion
    where = _where(seat) if has_media else None
    chat = leading.chat(seat, room)
    keys = key_news.news(seat, told, at=at, word=room.encryption)
    return seat, room, where, _rooms_at(seat.session, ended), keys, chat


def read_keys(
    seat: Seat, person: Any, at: Any, *, told: key_news.ToldOf
) -> tuple[Seat, list[protocol.KeysNow], key_news.ToldOf]:
    return seat, *key_news.news(seat, told, at=at, word=encryption.word_for(seat.session))


def _rooms_at(session: CareSession, places: list[str]) -> list[MediaRoom]:
    rooms = LiveRoom.objects.filter(session=session, place__in=places) if places else ()
    return [live.as_media_room(room) for room in rooms]


def breakout(me: Seat, person: Any, at: Any, *, message: protocol.Breakout) -> None:
    session = me.session
    match message:
        case protocol.AskHelp(id=key, asks=True) if key and not breakouts.may_ask_help(me):
            breakouts.ask_late(me, key=key, by=person, at=at)
        case protocol.AskHelp():
            breakouts.ask_help(me, asks=message.asks, key=message.id, at=at)
        case protocol.Hop():
            breakouts.hop(session, message.room, by=person, at=at)
        case protocol.BreakoutsPrepare(rooms=rooms, how=how, minutes=minutes, late=late):
            breakouts.prepare(session, rooms=rooms, how=how, minutes=minutes, late=late, by=person, at=at)
        case protocol.BreakoutsPlace():
            breakouts.place(session, message.seat, message.room, by=person, at=at)
        case protocol.BreakoutsOpen():
            breakouts.open_rooms(session, by=person, at=at)
        case protocol.BreakoutsDiscard():
            breakouts.discard(session, by=person, at=at)
        case protocol.BreakoutsExtend():
            breakouts.extend(session, minutes=message.minutes, by=person, at=at)
        case protocol.BreakoutsClose():
            breakouts.close(session, seconds=message.seconds, by=person, at=at)
        case protocol.BreakoutsSay():
            breakouts.say(session, text=message.text, by=person, at=at)


def keys(seat: Seat, person: Any, at: Any, *, request: protocol.KeyRequest) -> dict[str, Any]:
    called.hold(seat)
    reply = e2ee.handle(seat, request, at=at)
    if seat.role == called.CALLED:
        if isinstance(request, protocol.CannotEncrypt):
            calling.unable(seat, at=at)
        elif seat.media.get("place") == seat.place:  # sound and picture came first
            aside.arrive(seat, at=at)
    return reply


def choose_encryption(seat: Seat, person: Any, at: Any, *, word: str) -> None:
    encryption.choose(seat.session, word, by=person, at=at)


def _where(seat: Seat) -> Where | None:
    """Where at the media server somebody sits who is in the room."""
    room = LiveRoom.objects.filter(session=seat.session, place=seat.place, ended_at=None).first()
    kept = seat.media.get("seat") if seat.media.get("place") == seat.place else None
    return Where(seat.place, live.as_media_room(room), kept) if room else None


def topics(seat: Seat, person: Any, at: Any) -> list[str]:
    """What this tab hears: everybody's, arrivals on site, its own, and for those who lead, what is theirs alone.

    `principal`: whether what opened the room for a device still does.
    """
    arrivals, own = f"session.{seat.session_id}", f"principal.{person.pk}"
    mine = [admission.topic(seat.session), arrivals, signals.seat_topic(seat.pk), own]
    return [*mine, signals.lead_topic(seat.session_id)] if seat.role == "facilitator" else mine


def give_signal(seat: Seat, person: Any, at: Any, *, key: UUID, kind: str) -> None:
    signals.tap(seat, key=key, kind=kind, by=person, at=at)


def call_aside(me: Seat, person: Any, at: Any, *, seat: UUID) -> None:
    aside.call(_other(me, seat), by=person, at=at)


def end_aside(me: Seat, person: Any, at: Any) -> None:
    aside.back(me.session, by=person, at=at)


def answer_signal(me: Seat, person: Any, at: Any, *, signal: UUID, preset: str) -> None:
    signals.answer(me.session, signal, preset=preset, by=person, at=at)


def beat(seat: Seat, person: Any, at: Any, *, receiving: bool) -> None:
    admission.beat(seat, at=at, receiving=receiving)


def hand(seat: Seat, person: Any, at: Any, *, raised: bool) -> None:
    if seat.state == SeatState.ADMITTED and bool(seat.hand_at) != raised:
        seat.hand_at = at if raised else None
        seat.save(update_fields=["hand_at"])
        if raised:
            floor.take_free_stick(seat, at=at)
        wake.wake(admission.topic(seat.session))


def own_media(seat: Seat, person: Any, at: Any, *, audio: bool, video: bool, saving: bool) -> None:
    if seat.companion:
        return
    if seat.state == SeatState.ADMITTED and (seat.audio, seat.video, seat.saving) != (audio, video, saving):
        seat.audio, seat.video, seat.saving = audio, video, saving
        seat.save(update_fields=["audio", "video", "saving"])
        if audio:
            floor.answered(seat)
        wake.wake(admission.topic(seat.session))


def leave(seat: Seat, person: Any, at: Any) -> None:
    if seat.role == called.CALLED:  # nobody is left alone in a private place by who goes away
        aside.back(seat.session, by=person, at=at)
        seat.refresh_from_db(fields=["state", "place"])
    admission.leave(seat, by=person, at=at)


def offline(seat: Seat, person: Any, at: Any, *, line: UUID) -> None:
    """A tab's last socket has gone; one that the tab gave up before says nothing about the person."""
    if seat.line == line and seat.online:
        Seat.objects.filter(pk=seat.pk).update(online=False)
        wake.wake(f"room.{seat.session_id}")


def admit(me: Seat, person: Any, at: Any, *, seat: Any) -> None:
    if seat == "all":
        admission.admit_all(me.session, by=person, at=at)
    else:
        admission.admit(_other(me, seat), by=person, at=at)
    # In the same transaction, so that nobody sees the group for a moment on the way to their breakout.
    breakouts.tend(me.session, at=at)


def decide(
    me: Seat, person: Any, at: Any, *, seat: UUID, verb: Callable[..., None]
) -> tuple[MediaRoom | None, str | None]:
    other = _other(me, seat)
    room, feed = _room_and_feed(other)
    verb(other, by=person, at=at)
    return room, feed


def feed_of(me: Seat, person: Any, at: Any, *, seat: UUID) -> tuple[MediaRoom | None, str | None]:
    if me.role != "facilitator":
        raise PermissionDenied
    return _room_and_feed(_other(me, seat))


def end(seat: Seat, person: Any, at: Any) -> list[MediaRoom]:
    admission.end(seat.session, by=person, at=at)
    e2ee.forget(seat.session)
    polls.forget(seat.session, at=at)
    forgetting.forget(seat.session)
    return [live.as_media_room(room) for room in LiveRoom.objects.filter(session=seat.session)]


def keep_media(seat: Seat, person: Any, at: Any, *, line: UUID, place: str, kept: dict[str, Any]) -> None:
    """Keep what is needed to take over.

    Whoever was put out or moved meanwhile has nothing there any more, and a line that the tab gave up says nothing of
    the one that has the seat now.
    """
    if (seat.state, seat.place, seat.line) != (SeatState.ADMITTED, place, line):
        return
    called.hold(seat)
    media = {"place": place, "seat": kept, "feed": kept.get("feed"), "published": bool(kept.get("published"))}
    Seat.objects.filter(pk=seat.pk).update(media=media)
    aside.arrive(seat, at=at)
    # Of another place nobody here was told, and a seat without a picture yet is no news.
    before = _shown(seat.media) if seat.media.get("place") == place else ""
    if before != _shown(media):
        wake.wake(admission.topic(seat.session))


def _shown(media: dict[str, Any]) -> str:
    """The feed that others are told of: only one that is published."""
    return str(media["feed"]) if media.get("published") else ""


def move_media(seat: Seat, person: Any, at: Any, *, away_from: str) -> None:
    live.move(seat.session, away_from=away_from, at=at)


def _other(me: Seat, seat_id: UUID) -> Seat:
    """Another seat of the same session; a seat of another session does not exist here."""
    found = Seat.objects.select_related("person", "session").filter(pk=seat_id, session_id=me.session_id).first()
    if found is None:
        raise Http404
    return found


def _room_and_feed(seat: Seat) -> tuple[MediaRoom | None, str | None]:
    room = LiveRoom.objects.filter(session=seat.session, place=seat.place).first()
    return (live.as_media_room(room) if room else None), seat.media.get("feed")
