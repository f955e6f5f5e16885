"""The room's socket: parse → verb → wake. Whoever is woken reads the room afresh, as they may see it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from openiop.lib import wake
from openiop.lib.sockets import Socket, in_turn
from openiop.people import screen
from openiop.people.access import acting
from openiop.room import (
    admission,
    called,
    companions,
    e2ee,
    helping,
    key_news,
    live,
    messages,
    protocol,
    still,
)
from openiop.room.cards import heeding as cards
from openiop.room.leading import heeding
from openiop.room.media.janus import MediaError
from openiop.room.media.rooms import MediaRoom
from openiop.room.media.tab import TabMedia
from openiop.room.models import Seat
from openiop.room.refused import Refused
from openiop.room.together import heeding as together
from openiop.room.together import reactions

log = logging.getLogger(__name__)

REFUSED = 4404
WITH_A_SEAT = ("person", "session", "session__room", "session__clinic")
BROKEN = 1011
LAST_WORDS_SECONDS = 30.0
WORDS_IN_TURN = 64  # that wait for the database; a tab that says more is heard more slowly
CLOCK_SLACK_SECONDS = 0.05
EMPTY_AFTER_SECONDS = 5.0  # rooms that ended are taken down when everybody has gone over


class _Overtaken(Exception):
    """The tab speaks through a newer line and has said there how things are: what waited on this one is of before."""


def _counts_late(what: Callable[..., Any], arguments: dict[str, Any]) -> bool:
    """Is this done on a line that was overtaken, too? A call for help always is; the rest looks at the line itself."""
    match arguments.get("message"):
        case protocol.AskHelp(asks=True):
            return True
    return what in (messages.give_signal, messages.sit_down, messages.read, messages.read_keys, messages.keep_media)


class RoomConsumer(Socket):
    """One tab of one person, or the site's device, in one session's room."""

    async def connect(self) -> None:
        self.person = self.scope["person"]
        self.session_id: UUID = self.scope["url_route"]["kwargs"]["pk"]
        self.connection: UUID | None = None
        self.line: UUID | None = None
        self.seat_id: UUID | None = None
        self.media = TabMedia(lambda: live.media_rooms(), say=self._say, keep=self._keep_media, lost=self._media_lost)
        self.topics: list[str] = []
        self.role = ""
        self.place: str | None = None  # where reactions reach this tab
        self.hears_at: str | None = None  # and captions
        self.reacted_at = self.captioned_at = 0.0
        self.last_sent = self.last_chat = ""
        self.last_keys: dict[UUID, str] = {}
        self.told_keys: key_news.ToldOf = {}
        self.refreshing = asyncio.Lock()
        self.again = self.keys_again = False
        self.looking: set[asyncio.Task[None]] = set()
        self.alarm: asyncio.TimerHandle | None = None
        self.inbox: asyncio.Queue[protocol.ClientMessage] = asyncio.Queue(WORDS_IN_TURN)
        self.taking = asyncio.create_task(self._take_in_turn())
        await self.accept()
        if self.person is None:
            await self._bye("refused")

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Sound and picture are seen to at once; all else in turn, because it waits for the database."""
        try:
            message = protocol.parse(text_data or "")
        except protocol.ProtocolError as error:
            await self._say(protocol.Error(code=error.code))
            return
        if isinstance(message, protocol.Media) and self.connection:
            await self._take(message)
        else:
            await self.inbox.put(message)

    async def _take_in_turn(self) -> None:
        while True:
            message = await self.inbox.get()
            try:
                await self._take(message)
            except Exception as error:
                await self._broken(f"A word of a tab ({message.type}) was not dealt with", error)
            finally:
                self.inbox.task_done()

    async def _take(self, message: protocol.ClientMessage) -> None:
        if self.connection is None and not isinstance(message, protocol.Hello):
            await self._say(protocol.Error(code="hello_first"))
            return
        try:
            done = await self._try(message)
        except _Overtaken:
            return
        if isinstance(message, protocol.Mine) and message.id:
            await self._say(protocol.Kept(id=message.id, done=done))

    async def _try(self, message: protocol.ClientMessage) -> bool:
        """Heed it, and return whether that was possible; what stood in the way is said."""
        try:
            helping.check_may_say(self.role, message)
            called.check_may_say(self.role, message)
            await self._heed(message)
            return True
        except admission.SomethingMissing:
            await self._say(protocol.Error(code="missing"))
        except Refused as refusal:
            await self._say(protocol.Error(code=refusal.code))
        except (Http404, PermissionDenied):
            # What was asked, never its content and never by whom: the trail knows who was here.
            log.warning("Refused in a room: %s.", message.type)
            await self._say(protocol.Error(code="not_allowed"))
            await self._refresh()  # what opened the room may be over: then the tab is told so and goes
        return False

    async def _heed(self, message: protocol.ClientMessage) -> None:
        match message:
            case protocol.Hello():
                await self._hello(message)
            case protocol.Beat():
                await self._act(messages.beat, receiving=self.media.receiving)
                await self._say(protocol.BeatEcho())
                await self._refresh()
            case protocol.Hand():
                await self._act(messages.hand, raised=message.raised)
            case protocol.Self():
                await self._act(messages.own_media, audio=message.audio, video=message.video, saving=message.saving)
            case protocol.Media():
                self.media.ask(message.id, message.request)
            case protocol.Signal():
                await self._act(messages.give_signal, key=message.id, kind=message.kind)
            case protocol.Aside():
                await self._act(messages.call_aside, seat=message.seat)
            case protocol.AsideEnd():
                await self._act(messages.end_aside)
            case protocol.AnswerSignal():
                await self._act(messages.answer_signal, signal=message.signal, preset=message.preset)
            case protocol.Keys():
                await self._keys(message)
            case protocol.ChooseEncryption():
                await self._act(messages.choose_encryption, word=message.word)
            case protocol.Leave():
                await self._act(messages.leave)
                await self._bye("left")
            case protocol.Admit():
                await self._act(messages.admit, seat=message.seat)
            case protocol.SendBack():
                await self._put_out(message.seat, admission.send_back)
            case protocol.Remove():
                await self._put_out(message.seat, admission.remove)
            case protocol.Mute():
                await self._mute(message.seat)
            case protocol.End():
                await self._end()
            case protocol.React():
                await self._react(message)
            case _ if isinstance(message, protocol.Together):
                await self._act(together.heed, message=message)
            case protocol.Still() | protocol.StillSeen():
                await self._act(still.heed, message=message)
            case protocol.Caption():
                await self._caption(message)
            case protocol.Pin():
                await self._act(helping.heed, message=message)
            case _ if isinstance(message, protocol.Cards):
                await self._act(cards.heed, message=message)
            case _ if isinstance(message, heeding.Message):
                await self._act(heeding.heed, message=message)
            case _:
                await self._act(messages.breakout, message=message)

    async def _react(self, message: protocol.React) -> None:
        now = asyncio.get_running_loop().time()
        if self.reacted_at and now - self.reacted_at < reactions.AT_MOST_EVERY_SECONDS:
            raise Refused("too_often")
        await self._act(reactions.pass_on, reaction=message.reaction)
        self.reacted_at = now

    async def _caption(self, message: protocol.Caption) -> None:
        clock = asyncio.get_running_loop().time
        if self.captioned_at:  # a line that comes too soon is held back, never lost
            await asyncio.sleep(self.captioned_at + helping.CAPTION_AT_MOST_EVERY_SECONDS - clock())
        await self._act(helping.heed, message=message)
        self.captioned_at = clock()

    # --- coming and going ---

    async def _hello(self, message: protocol.Hello) -> None:
        if message.person and message.person != getattr(self.person, "pk", None):
            # Another signed in to the browser since: what this page kept must not be said in their name.
            await self._bye("refused")
            return
        self.connection, self.line = message.connection, uuid4()
        try:
            self.seat_id, self.role = await self._act(
                messages.sit_down,
                connection=message.connection,
                line=self.line,
                session_id=self.session_id,
                locked=await self._locked(),
            )
        except (Http404, admission.NotNow):
            await self._bye("refused")
            return
        self.topics = await self._act(messages.topics)
        await wake.join(self, *self.topics)
        await self._refresh()

    async def _superseded(self) -> None:
        """The tab speaks through a newer socket, and its media went there: let go of ours without ending it."""
        await self.media.release()
        await self.close()

    async def _locked(self) -> bool:
        """Is the browser's screen locked?"""
        session = self.scope.get("session")
        return bool(session and await database_sync_to_async(session.get)(screen.LOCKED))

    async def disconnect(self, code: int) -> None:
        if self.alarm:
            self.alarm.cancel()
        # First of all: a page that was reloaded takes its seat over in a moment.
        await self.media.release()
        with contextlib.suppress(TimeoutError):  # what was said before the line went is done all the same
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self.inbox.join()
        self.taking.cancel()
        await asyncio.gather(*self.looking, return_exceptions=True)
        if self.seat_id is None:
            return
        await wake.part(self, *self.topics)
        await self._act(messages.offline, line=self.line)

    async def wake(self, event: dict[str, Any]) -> None:
        """Look afresh, beside what the tab says meanwhile; several wake-ups during one look need only one more."""
        if "reaction" in (passing := event.get("passing", {})):
            if passing["place"] == self.place:
                await self._say(protocol.Reaction(seat=passing["seat"], reaction=passing["reaction"]))
            return
        if "caption" in passing:
            if line := helping.line_of(passing, place=self.hears_at):
                await self._say(line)
            return
        if "keys" in passing:
            self.keys_again = True
        else:
            self.again = True
        if not self.refreshing.locked():
            task = asyncio.create_task(self._look())
            self.looking.add(task)
            task.add_done_callback(self.looking.discard)

    async def _look(self) -> None:
        try:
            await self._read_anew()
        except Exception as error:
            await self._broken("The room could not be read for a tab", error)

    async def _broken(self, what: str, error: Exception) -> None:
        """The tab comes back by itself and is told everything anew. The error's own words may hold somebody's row."""
        # A line that went while it was spoken to is no fault of ours.
        log.log(logging.INFO if isinstance(error, OSError) else logging.ERROR, "%s (%s).", what, type(error).__name__)
        with contextlib.suppress(OSError, RuntimeError):  # gone, or closed by us already
            await self.close(code=BROKEN)

    async def _refresh(self) -> None:
        """Read the room, tell the tab when it changed, and follow with the media."""
        self.again = True
        await self._read_anew()

    async def _read_anew(self) -> None:
        """Read what has changed, the room or its keys alone. One at a time, never skipped."""
        if self.refreshing.locked():
            return
        async with self.refreshing:
            while self.again or self.keys_again:
                if self.again:
                    self.again = self.keys_again = False
                    await self._refresh_once()
                else:
                    self.keys_again = False
                    await self._refresh_keys()

    async def _refresh_once(self) -> None:
        if self.seat_id is None:
            return
        try:
            async with in_turn():
                read = await self._act(messages.read, told=self.told_keys)
        except Http404:
            await self._bye("refused")
            return
        seat, room, where, ended, (keys, told), chat = read
        self.role = seat.role  # staff may be called away meanwhile
        if seat.connection != self.connection:
            await self._bye("taken")
            return
        if seat.line != self.line:
            await self._superseded()
            return
        self.place = seat.place if reactions.reaches(seat) and not room.paused else None
        self.hears_at = seat.place if room.me.state in ("admitted", "private") and not room.paused else None
        text = room.model_dump_json()
        # Before the tab hears of another place: what it asks then is asked there.
        self.media.follow(seat.pk, where)
        without_time = room.model_dump_json(exclude={"now"})
        if without_time != self.last_sent:
            self.last_sent = without_time
            await self.send(text)
        await self._tell_keys(keys, told)
        if chat and (lines := chat.model_dump_json()) != self.last_chat:
            self.last_chat = lines
            await self.send(lines)
        self._look_again_at(_ends_at(room), now=room.now)
        if ended:
            asyncio.get_running_loop().call_later(EMPTY_AFTER_SECONDS, _take_down_soon, ended)

    async def _tell_keys(self, keys: list[protocol.KeysNow], told: key_news.ToldOf) -> None:
        before, self.last_keys = self.last_keys, {of_room.room: of_room.model_dump_json() for of_room in keys}
        self.told_keys = told
        for live_room, said in self.last_keys.items():
            if said != before.get(live_room):
                await self.send(said)

    async def _refresh_keys(self) -> None:
        """Keys change many times while people come in. Should more have changed than they, the whole room is read."""
        if self.seat_id is None or not self.last_keys:
            return
        try:
            async with in_turn():
                seat, keys, told = await self._act(messages.read_keys, told=self.told_keys)
        except Http404:
            self.again = True
            return
        is_mine = (seat.connection, seat.line) == (self.connection, self.line)
        # The tab must hear of a room before it hears of its keys.
        if not is_mine or {of_room.room for of_room in keys} != set(self.last_keys):
            self.again = True
            return
        await self._tell_keys(keys, told)

    def _look_again_at(self, at: datetime | None, *, now: datetime) -> None:
        """Breakouts end by the clock: whoever is in one, or leads them, looks again at that moment."""
        if self.alarm:
            self.alarm.cancel()
            self.alarm = None
        if at:
            seconds = max((at - now).total_seconds(), 0.0) + CLOCK_SLACK_SECONDS
            self.alarm = asyncio.get_running_loop().call_later(seconds, self._wake_myself)

    def _wake_myself(self) -> None:
        task = asyncio.ensure_future(self.wake({}))
        self.looking.add(task)
        task.add_done_callback(self.looking.discard)

    async def _keys(self, message: protocol.Keys) -> None:
        try:
            reply = await self._act(messages.keys, request=message.request)
            await self._say(protocol.KeysReply(id=message.id, reply=reply))
        except e2ee.KeysRefused as error:
            await self._say(protocol.KeysReply(id=message.id, error=error.code))

    async def _keep_media(self, place: str, kept: dict[str, Any]) -> None:
        async with in_turn():  # nobody waits for it; else those told first to move would hold up those told last
            await self._act(messages.keep_media, line=self.line, place=place, kept=kept)

    async def _media_lost(self, room: MediaRoom) -> None:
        await self._act(messages.move_media, away_from=room.instance)

    # --- a facilitator's ---

    async def _put_out(self, seat_id: UUID, verb: Callable[..., None]) -> None:
        room, feed = await self._act(messages.decide, seat=seat_id, verb=verb)
        if room and feed:
            with contextlib.suppress(MediaError):
                await live.media_rooms().kick(room, feed)

    async def _mute(self, seat_id: UUID) -> None:
        room, feed = await self._act(messages.feed_of, seat=seat_id)
        if room and feed:
            with contextlib.suppress(MediaError):
                await live.media_rooms().mute(room, feed)

    async def _end(self) -> None:
        for room in await self._act(messages.end):
            with contextlib.suppress(MediaError):
                await live.media_rooms().destroy_room(room)

    # --- ways of speaking ---

    async def _act(self, what: Callable[..., Any], **arguments: Any) -> Any:
        """Run `what(seat_or_none, person, at, …)` in one transaction as this person."""

        def inside() -> Any:
            with acting(self.person, origin="socket"):
                # Leaving needs the seat alone: of a session that is over for them a supporter sees no row any more.
                rows = Seat.objects.all() if what is messages.offline else Seat.objects.select_related(*WITH_A_SEAT)
                seat = rows.filter(pk=self.seat_id).first() if self.seat_id else None
                if seat is None and self.seat_id:
                    raise Http404
                if seat is not None and what is not messages.offline:
                    admission.check_still_comes(seat.session, self.person)
                    companions.check_still_here(seat)
                    called.check_still_called(seat)
                    if seat.line != self.line and not _counts_late(what, arguments):
                        raise _Overtaken
                return what(seat, self.person, timezone.now(), **arguments)

        return await database_sync_to_async(inside)()

    async def _say(self, message: Any) -> None:
        await self.send(message.model_dump_json())

    async def _bye(self, reason: Any) -> None:
        if reason != "taken":
            await self.media.leave()
        await self._say(protocol.Bye(reason=reason))
        await self.close(code=REFUSED if reason == "refused" else 1000)


def _ends_at(room: protocol.Room) -> datetime | None:
    if room.breakout:
        return room.breakout.ends_at
    return room.breakouts.ends_at if room.breakouts else None


_taking_down: set[asyncio.Task[None]] = set()


def _take_down_soon(rooms: list[MediaRoom]) -> None:
    task = asyncio.ensure_future(_take_down(rooms))
    _taking_down.add(task)
    task.add_done_callback(_taking_down.discard)


async def _take_down(rooms: list[MediaRoom]) -> None:
    for room in rooms:
        with contextlib.suppress(MediaError):
            await live.media_rooms().destroy_room(room)
