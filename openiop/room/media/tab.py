"""The media of one tab, beside its socket: it takes the seat, moves it from place to place, and hands on what is asked.

Nothing here holds up what the socket hears: taking a seat and asking the media server wait in tasks of their own,
while hands, mutes and help go on.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from openiop.room.media.janus import UNREACHABLE, Json, MediaError
from openiop.room.media.rooms import MediaRoom, MediaRooms, OnEvent, Seated
from openiop.room.protocol import HangupEvent, MediaEvent, MediaReply, MediaRequest

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 1.0
ELSEWHERE: Json = {"room": ""}  # what was kept of a seat that no server holds any more

Attempt = asyncio.Future[Seated | None]


@dataclass(frozen=True)
class Where:
    """The seat to be taken. `kept`: what was saved of it, so that media which still flows is taken over."""

    place: str
    room: MediaRoom
    kept: Json | None = None

    def same_as(self, other: "Where | None") -> bool:
        return other is not None and (self.place, self.room) == (other.place, other.room)


class TabMedia:
    """Tell it where to sit with `follow`; end it with `leave`, or with `release` so that the seat can be claimed.

    `say` reaches the browser, `keep` saves what another process needs to take over (`place`, state), `lost` hears
    that the media server of this room stays out of reach; whoever moves the room then says so with `follow`.
    """

    def __init__(
        self,
        rooms: Callable[[], MediaRooms],
        *,
        say: Callable[[MediaEvent | MediaReply], Awaitable[None]],
        keep: Callable[[str, Json], Awaitable[None]],
        lost: Callable[[MediaRoom], Awaitable[None]],
    ) -> None:
        self.receiving = False
        self._released = False
        self._rooms, self._say, self._keep, self._lost = rooms, say, keep, lost
        self._wanted: tuple[UUID, Where] | None = None
        self._changed = asyncio.Event()
        self._attempt: Attempt = _nobody()
        self._moving: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._unsaved: tuple[str, Json] | None = None
        self._errands: set[asyncio.Task[None]] = set()

    def follow(self, seat: UUID, where: Where | None) -> None:
        """Sit there, or nowhere. Returns at once; what is asked from now on waits for the new seat."""
        is_same = where is None and self._wanted is None or where and self._wanted and where.same_as(self._wanted[1])
        if is_same or self._released:
            return
        if where and self._wanted and where.place == self._wanted[1].place:
            where = replace(where, kept=ELSEWHERE)
        self._wanted = (seat, where) if where else None
        self._get_up()
        self._changed.set()
        if where and (self._moving is None or self._moving.done()):
            self._moving = asyncio.create_task(self._sit())

    def ask(self, number: int, request: MediaRequest) -> None:
        """Hand a browser's request on; the reply is said when it comes."""
        self._errand(self._answer(number, request))

    async def leave(self) -> None:
        """Leave the room and end what was there."""
        seated = self._seated
        await self._stop()
        if seated:
            with contextlib.suppress(MediaError):
                await seated.leave()

    async def release(self) -> None:
        """Let go for good without ending anything: media flows on and the seat can be claimed.

        A seat that is just being taken is not: taken after the next tab had it, that one would be answered no more.
        """
        self._released = True
        seated = self._seated
        if self._moving:
            self._moving.cancel()
        await self._stop()
        if seated:
            with contextlib.suppress(MediaError):
                await seated.release()

    # --- sitting down ---

    @property
    def _seated(self) -> Seated | None:
        return self._attempt.result() if self._attempt.done() and not self._attempt.cancelled() else None

    def _get_up(self) -> None:
        """Leave the seat beside the way, so that the next one is not waited for any longer."""
        before, self._attempt = self._attempt, asyncio.get_running_loop().create_future() if self._wanted else _nobody()
        self.receiving = False
        if not before.done():
            before.set_result(None)
        elif seated := before.result():
            self._errand(seated.leave())

    async def _sit(self) -> None:
        """Try until somebody sits where they should; where that is may change meanwhile."""
        while self._wanted and not self._seated:
            self._changed.clear()
            attempt, (seat, where) = self._attempt, self._wanted
            try:
                seated = await self._take(attempt, seat, where)
            except MediaError as error:
                logger.info("The media server is out of reach (%s).", error.code)
                await self._out_of_reach(attempt, where.room)
                continue
            except Exception as error:
                # A fault of ours: the person is told the same and it is tried again, rather than left in silence.
                # Only its kind is logged: its own words may hold somebody's row.
                logger.error("A seat could not be taken (%s).", type(error).__name__)
                await self._out_of_reach(attempt, where.room)
                continue
            if attempt.done():  # told meanwhile to sit elsewhere
                self._errand(seated.leave())
            else:
                attempt.set_result(seated)

    async def _take(self, attempt: Attempt, seat: UUID, where: Where) -> Seated:
        def for_this_one(run: Callable[..., Awaitable[None]]) -> Callable[..., Coroutine[Any, Any, None]]:
            """What a seat says that was left meanwhile would confuse the tab about the one it has now."""

            async def told(*words: Any) -> None:
                if attempt is self._attempt:
                    await run(*words)

            return told

        async def hear_media(receiving: bool) -> None:
            self.receiving = receiving

        async def keep(state: Json) -> None:
            self._save(where.place, state)

        async def lost() -> None:
            await self._lost(where.room)

        on_event: OnEvent = for_this_one(self._say)
        return await self._rooms().take_seat(
            where.room,
            seat,
            on_event=on_event,
            on_media=for_this_one(hear_media),
            on_state=for_this_one(keep),
            on_lost=for_this_one(lost),
            state=where.kept,
        )

    async def _out_of_reach(self, attempt: Attempt, room: MediaRoom) -> None:
        """Whoever asked is refused now, and we look again soon."""
        if attempt is self._attempt:
            self._attempt = asyncio.get_running_loop().create_future()
        if not attempt.done():
            attempt.set_result(None)
            await self._say(HangupEvent(target="both", reason=UNREACHABLE))
            await self._lost(room)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                await self._changed.wait()

    # --- what the browser asks ---

    async def _answer(self, number: int, request: MediaRequest) -> None:
        seated = await asyncio.shield(self._attempt)
        if seated is None:
            await self._say(MediaReply(id=number, error="not_in_room"))
            return
        try:
            await self._say(MediaReply(id=number, reply=await seated.handle(request)))
        except MediaError as error:
            await self._say(MediaReply(id=number, error=str(error.code)))

    # --- what is kept ---

    def _save(self, place: str, state: Json) -> None:
        """Save the newest state; those in between need no saving."""
        self._unsaved = place, state
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save_all())

    async def _save_all(self) -> None:
        while self._unsaved:
            (place, state), self._unsaved = self._unsaved, None
            await self._keep(place, state)

    # --- the tasks ---

    def _errand(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._run(what))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _run(self, what: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(MediaError):
            await what

    async def _stop(self) -> None:
        """Nothing is asked any more; what was begun with the seat is finished or given up, what is known is kept."""
        self._wanted = None
        if not self._attempt.done():
            self._attempt.set_result(None)
        if self._moving:
            # Given up in the middle, taking a seat would leave a session behind that nobody knows.
            self._changed.set()
            await asyncio.gather(self._moving, return_exceptions=True)
        if self._saving:
            await asyncio.gather(self._saving, return_exceptions=True)
        self._attempt = _nobody()
        me = asyncio.current_task()
        await asyncio.gather(*(task for task in self._errands if task is not me), return_exceptions=True)


def _nobody() -> Attempt:
    future: Attempt = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future
