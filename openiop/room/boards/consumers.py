"""A board's socket: write first, then say so; and tell everybody else what was written, as they may see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

from channels.db import database_sync_to_async
from django.http import Http404
from django.utils import timezone

from openiop.lib import wake
from openiop.lib.sockets import Socket
from openiop.people import screen
from openiop.people.access import acting
from openiop.room.boards import drawing, keeping, live, pointing, protocol, rights
from openiop.room.boards.models import Board, note_opened, topic_of
from openiop.room.models import Seat

REFUSED = 4404
LOOK_AGAIN_SECONDS = 10.0


class BoardConsumer(Socket):
    """One tab at one board."""

    async def connect(self) -> None:
        self.person = self.scope["person"]
        self.board_id: UUID = self.scope["url_route"]["kwargs"]["pk"]
        self.live: live.LiveBoard | None = None
        self.topics: list[str] = []
        self.said = ""
        self.sent = 0
        self.mine: set[int] = set()
        self.looked_at = 0.0
        self.refreshing = asyncio.Lock()
        self.pointer: pointing.Pointer | None = None
        self.may_point = False
        await self.accept()
        if self.person is None:
            await self._bye()

    async def disconnect(self, code: int) -> None:
        if self.live:
            self.live = None
            live.leave(self.board_id)
            await wake.part(self, *self.topics)
        if self.pointer:
            await self.pointer.leave()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            if bytes_data is not None:
                await self._change(*protocol.change(bytes_data))
            else:
                await self._heed(protocol.parse(text_data or ""))
        except protocol.ProtocolError as error:
            await self._say(protocol.Error(code=error.code))
        except Http404:
            await self._bye()

    async def _heed(self, words: protocol.Words) -> None:
        if isinstance(words, protocol.Hello):
            await self._hello(words.state_vector())
        elif not self.live:
            await self._say(protocol.Error(code="hello_first"))
        elif isinstance(words, protocol.Point):
            await self._point(words)
        else:
            await self._look()
            await self._say(protocol.BeatEcho())
            # A wake-up that was lost (many hands pointing at once) costs seconds and no drawing.
            await self._pass_on(None)

    # --- coming ---

    async def _hello(self, vector: bytes) -> None:
        board = await self._act(_open, locked=await self._locked())
        if self.live is None:
            self.live = live.enter(self.board_id)
            # Joined before anything is read, so that nothing is written between the two unheard.
            self.topics = [board.topic, f"room.{board.session_id}"]
            await wake.join(self, *self.topics)
            self.pointer = pointing.Pointer(self.person, self._tell_pointing)
        await self._look()
        async with self.refreshing, self.live.lock:
            await self.live.catch_up(self._tail)
            try:
                lacking = self.live.drawing.since(vector)
            except drawing.NotADrawing:
                raise protocol.ProtocolError from None
            ours = self.live.drawing.vector()
            self.sent = self.live.seq
        await self._say(protocol.Welcome.of(ours))
        await self.send(bytes_data=lacking)

    async def _locked(self) -> bool:
        """Is the browser's screen locked?"""
        session = self.scope.get("session")
        return bool(session and await database_sync_to_async(session.get)(screen.LOCKED))

    # --- drawing ---

    async def _change(self, n: int, update: bytes) -> None:
        if self.live is None:
            await self._say(protocol.Error(code="hello_first"))
            return
        if len(update) > drawing.LARGEST_UPDATE:
            await self._refuse(n, "too_large")
            return
        async with self.live.lock:
            try:
                kept = await self._keep(self.live, update)
            except drawing.NotADrawing:
                reason: protocol.Reason = "not_a_drawing"
            except keeping.Refused as error:
                reason = error.reason  # type: ignore[assignment]
            else:
                self.mine.add(kept.seq)
                await self._say(protocol.Kept(n=n))
                if kept.since_snapshot >= keeping.PUT_TOGETHER_EVERY:
                    await self._put_together(self.live)
                return
        await self._refuse(n, reason)

    async def _keep(self, here: live.LiveBoard, update: bytes) -> keeping.Kept:
        """Try the update on the document in memory, then write it. Where either fails the memory is read afresh."""
        await here.catch_up(self._tail)
        try:
            here.drawing.take(update)
            try:
                return await self._act(_keep, update=update)
            except keeping.Refused as error:
                if error.reason != "full":
                    raise
            # What was drawn over and over fills the table, not the board: put together, most boards are small again.
            here.forget()
            await self._put_together(here)
            await here.catch_up(self._tail)
            here.drawing.take(update)
            return await self._act(_keep, update=update)
        except BaseException:
            here.forget()
            raise

    async def _put_together(self, here: live.LiveBoard) -> None:
        await here.catch_up(self._tail)
        found, seq = here.drawing, here.seq
        board, but = await self._act(_before_putting_together)
        if board.seq != seq:
            return
        tidied = found.forget_tombstones(now_ms=timezone.now().timestamp() * 1000, but=but)
        try:
            await self._act(_put_together, seq=seq, tidied=tidied, state=found.state())
        except keeping.Refused:
            here.forget()

    async def _refuse(self, n: int, reason: protocol.Reason) -> None:
        await self._say(protocol.Refused(n=n, reason=reason))

    # --- pointing ---

    async def _point(self, words: protocol.Point) -> None:
        if not self.may_point:
            await self._say(protocol.Error(code="not_now"))
        elif self.pointer:
            self.pointer.point(words.at)

    async def _tell_pointing(self, where: protocol.Pointing) -> None:
        await self._act(_pass_on_pointing, where=where)

    async def _hear_pointing(self, sealed: str) -> None:
        """Somebody else at this board points: told to whoever may still look."""
        where = pointing.opened(sealed)
        if where and self.live and self.pointer and where.who != self.pointer.who:
            await self._say(where)

    # --- telling ---

    async def wake(self, event: dict[str, Any]) -> None:
        """Something was written, or somebody moved. Rights are looked at for the second, and now and then anyway."""
        try:
            passing = event.get("passing", {})
            written, sealed = passing.get("seq"), passing.get("pointing")
            if sealed and time.monotonic() - self.looked_at <= LOOK_AGAIN_SECONDS:
                return await self._hear_pointing(sealed)
            if written is None or time.monotonic() - self.looked_at > LOOK_AGAIN_SECONDS:
                await self._look()
            await self._pass_on(written)
        except Http404:
            await self._bye()

    async def _look(self) -> None:
        """Tell this viewer how they may use the board, when it changed. Raises Http404 when they no longer may."""
        board = await self._act(_state)
        self.looked_at = time.monotonic()
        self.may_point = board.may_point
        words = board.model_dump_json()
        if words != self.said:
            self.said = words
            await self.send(text_data=words)

    async def _pass_on(self, written: int | None) -> None:
        if self.live is None:
            return
        async with self.refreshing:
            async with self.live.lock:
                if written is None or written > self.live.seq:
                    await self.live.catch_up(self._tail)
                later, whole = self.live.after(self.sent)
                self.sent = max(self.sent, self.live.seq)
            for seq, update in later:
                echo = seq in self.mine and not whole
                self.mine.discard(seq)
                if not echo:
                    await self.send(bytes_data=update)

    # --- ways of speaking ---

    async def _tail(self, after: int) -> keeping.Tail:
        return await self._act(_tail, after=after)

    async def _act(self, what: Callable[..., Any], **arguments: Any) -> Any:
        """Run `what(board id, person, at, …)` in one transaction as this person."""

        def inside() -> Any:
            with acting(self.person, origin="socket"):
                return what(self.board_id, self.person, timezone.now(), **arguments)

        return await database_sync_to_async(inside)()

    async def _say(self, message: Any) -> None:
        await self.send(text_data=message.model_dump_json())

    async def _bye(self) -> None:
        """Nothing of the others is said from here on, however long closing takes."""
        if self.topics:
            await wake.part(self, *self.topics)
            self.topics = []
        await self._say(protocol.Bye())
        await self.close(code=REFUSED)


# --- what each does, inside `acting` ---


def _open(board_id: UUID, person: Any, at: Any, *, locked: bool) -> Board:
    board = _board(board_id)
    rights.level(board, person, at=at)
    seats = Seat.objects.filter(session=board.session_id, person_id=person.pk)
    if locked and not any(seat.in_call(at=at) for seat in seats):
        raise Http404
    note_opened(board)
    return board


def _state(board_id: UUID, person: Any, at: Any) -> protocol.Board:
    board = _board(board_id)
    level: Literal["lead", "writer", "viewer"] = rights.level(board, person, at=at)
    can_undo = level == "lead" and keeping.last_clear(board) is not None
    may_point = rights.may_point(board, level, at=at)
    return protocol.Board(level=level, read_only=board.read_only, can_undo_clear=can_undo, may_point=may_point)


def _board(board_id: UUID) -> Board:
    board = Board.objects.standing().select_related("session", "session__room").filter(pk=board_id).first()
    if board is None:
        raise Http404
    return board


def _pass_on_pointing(board_id: UUID, person: Any, at: Any, *, where: protocol.Pointing) -> None:
    pointing.pass_on(topic_of(board_id), where)


def _tail(board_id: UUID, person: Any, at: Any, *, after: int) -> keeping.Tail:
    return keeping.tail(board_id, after=after)


def _keep(board_id: UUID, person: Any, at: Any, *, update: bytes) -> keeping.Kept:
    return keeping.keep(board_id, update, by=person, at=at)


def _before_putting_together(board_id: UUID, person: Any, at: Any) -> tuple[Board, list[str]]:
    board = _board(board_id)
    last = keeping.last_clear(board)
    return board, last.elements if last else []


def _put_together(board_id: UUID, person: Any, at: Any, *, seq: int, tidied: bytes | None, state: bytes) -> None:
    keeping.put_together(board_id, seq=seq, tidied=tidied, state=state, by=person)
