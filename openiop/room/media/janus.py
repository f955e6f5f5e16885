"""A small client of Janus' WebSocket API: one socket, one session, any number of handles.

Every wait has an end. What Janus says without being asked goes to `on_event`, in order; when the socket is lost,
`on_lost` is called once and everything still waiting fails with MediaError("unreachable").
"""

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

logger = logging.getLogger(__name__)

VIDEOROOM = "janus.plugin.videoroom"
ANSWER_SECONDS = 5.0
CONNECT_SECONDS = 3.0
KEEPALIVE_SECONDS = 25.0
PING_SECONDS = 5.0

NO_SUCH_HANDLE = 459
UNREACHABLE = "unreachable"

Json = dict[str, Any]
EventHandler = Callable[[Json], Awaitable[None]]
LostHandler = Callable[[], Awaitable[None]]


class MediaError(Exception):
    """The media server refused (`code` is its number) or could not be reached (`code` is "unreachable")."""

    def __init__(self, code: int | str, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class JanusAddress:
    """Where a Janus is and what opens it."""

    ws: str
    api_secret: str
    admin_key: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self | None:
        """Return the address, or None where no media server is set: room pages then say that the room cannot open."""
        if not env.get("OPENIOP_JANUS_WS"):
            return None
        return cls(
            ws=env["OPENIOP_JANUS_WS"],
            api_secret=env["OPENIOP_JANUS_API_SECRET"],
            admin_key=env["OPENIOP_JANUS_ADMIN_KEY"],
        )

    def __repr__(self) -> str:
        return f"JanusAddress(ws={self.ws!r})"


class JanusLink:
    """One session of Janus over one socket. Make it with `JanusLink.opened`, end it with `destroy` or `close`."""

    def __init__(self, janus: JanusAddress, on_event: EventHandler | None, on_lost: LostHandler | None) -> None:
        self._janus = janus
        self._on_event = on_event
        self._on_lost = on_lost
        self._waiting: dict[str, tuple[asyncio.Future[Json], Json, bool]] = {}
        self._events: asyncio.Queue[Json] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self.session: int | None = None
        self._socket: ClientConnection

    @classmethod
    async def opened(
        cls,
        janus: JanusAddress,
        *,
        claim: int | None = None,
        on_event: EventHandler | None = None,
        on_lost: LostHandler | None = None,
    ) -> Self:
        """Return a link with a new session, or with session `claim` taken over as it is.

        Raises MediaError: 458 when the claimed session is gone, 403 for a wrong secret, "unreachable".
        """
        link = cls(janus, on_event, on_lost)
        try:
            link._socket = await connect(
                janus.ws,
                subprotocols=[Subprotocol("janus-protocol")],
                open_timeout=CONNECT_SECONDS,
                close_timeout=1,
                max_size=2**20,
                # A server that hangs without closing anything is noticed within ten seconds.
                ping_interval=PING_SECONDS,
                ping_timeout=PING_SECONDS,
                proxy=None,
                compression=None,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise MediaError(UNREACHABLE) from error
        link._tasks = [asyncio.create_task(link._read()), asyncio.create_task(link._tell())]
        try:
            if claim is None:
                link.session = (await link._ask({"janus": "create"}))["data"]["id"]
            else:
                link.session = claim
                await link._ask({"janus": "claim"})
        except BaseException:
            await link.close()
            raise
        link._tasks.append(asyncio.create_task(link._keep_alive()))
        return link

    async def attach(self, plugin: str = VIDEOROOM, *, opaque_id: str = "") -> int:
        answer = await self._ask({"janus": "attach", "plugin": plugin, "opaque_id": opaque_id})
        return int(answer["data"]["id"])

    async def message(self, handle: int, body: Json, jsep: Json | None = None) -> tuple[Json, Json | None]:
        """Send a request to a plugin and return what it answered, with its JSEP if there is one.

        Waits for the event where Janus acknowledges first. Raises MediaError with the plugin's code and words.
        """
        request: Json = {"janus": "message", "handle_id": handle, "body": body}
        if jsep:
            request["jsep"] = jsep
        answer = await self._ask(request, past_ack=True)
        data: Json = answer.get("plugindata", {}).get("data", {})
        if "error_code" in data:
            raise MediaError(data["error_code"], data.get("error", ""))
        return data, answer.get("jsep")

    async def trickle(self, handle: int, candidate: Json | None) -> None:
        await self._ask({"janus": "trickle", "handle_id": handle, "candidate": candidate or {"completed": True}})

    async def detach(self, handle: int) -> None:
        """Give a handle up. Whoever still waits for its answer is told so at once: Janus may never give it."""
        for answer, request, _ in self._waiting.values():
            if request.get("handle_id") == handle and not answer.done():
                answer.set_exception(MediaError(NO_SUCH_HANDLE, "detached"))
        with contextlib.suppress(MediaError):
            await self._ask({"janus": "detach", "handle_id": handle})

    async def destroy(self) -> None:
        """End the session and everything in it."""
        self._closing = True
        with contextlib.suppress(MediaError):
            await self._ask({"janus": "destroy"})
        await self.close()

    async def close(self) -> None:
        """Close the socket alone: the session can be claimed for as long as Janus keeps it (15 s)."""
        self._closing = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._socket.close()
        self._fail_waiting()

    async def _ask(self, request: Json, *, past_ack: bool = False) -> Json:
        transaction = secrets.token_hex(8)
        request |= {"transaction": transaction, "apisecret": self._janus.api_secret}
        if self.session is not None:
            request["session_id"] = self.session
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = answer, request, past_ack
        try:
            await self._socket.send(json.dumps(request))
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        except ConnectionClosed as error:
            raise MediaError(UNREACHABLE) from error
        except TimeoutError as error:
            raise MediaError("timeout", str(request["janus"])) from error
        finally:
            self._waiting.pop(transaction, None)

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                self._hear(json.loads(text))
        except ConnectionClosed:
            pass
        self._fail_waiting()
        if not self._closing and self._on_lost:
            await self._on_lost()

    def _hear(self, message: Json) -> None:
        answer, _request, past_ack = self._waiting.get(message.get("transaction", ""), (None, {}, False))
        if answer is None or answer.done():
            self._events.put_nowait(message)
        elif message["janus"] == "error":
            answer.set_exception(MediaError(message["error"]["code"], message["error"]["reason"]))
        elif not (message["janus"] == "ack" and past_ack):
            answer.set_result(message)

    async def _tell(self) -> None:
        """Hand events on in a task of its own, so that a slow listener never delays an answer it waits for."""
        while True:
            message = await self._events.get()
            if self._on_event and message["janus"] not in {"ack", "success"}:
                try:
                    await self._on_event(message)
                except Exception as error:
                    # A fault of ours, or a tab that went: whoever stops listening here never hears of anybody again.
                    logger.error("What the media server said was not dealt with (%s).", type(error).__name__)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_SECONDS)
            try:
                await self._ask({"janus": "keepalive"})
            except MediaError:
                # Deaf but not closed: closing it makes `_read` end, which tells the owner.
                await self._socket.close()
                return

    def _fail_waiting(self) -> None:
        for answer, _request, _past_ack in self._waiting.values():
            if not answer.done():
                answer.set_exception(MediaError(UNREACHABLE))
