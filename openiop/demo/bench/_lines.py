"""What the benchmarks share: signed-in cookies, kept-open lines to the web server, and shares of what was measured."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import socket
from collections.abc import Sequence
from typing import Any

from openiop.demo.stack import HOST


def free_port() -> int:
    """Return a port of loopback that nobody has at this moment."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def session_of(login: Any) -> str:
    """Sign `login` in, second factor and all, and return the cookie; signing in is not what is measured."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(login.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = login.get_session_auth_hash()
    session["second_factor"] = "bench"
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


class Line:
    """One kept-open HTTP connection; one request at a time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None
        self.turn = asyncio.Lock()

    async def ask(
        self, method: str, path: str, *, headers: dict[str, str], body: bytes = b""
    ) -> tuple[int, str, bytes]:
        """Return status, cookies set, and body. A connection that the server closed meanwhile is opened again."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join([*lines, "", ""]).encode() + body
        async with self.turn:
            if self.writer is not None:
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                    return await self._exchange(request)
            self.reader, self.writer = await asyncio.open_connection(HOST, self.port)
            return await self._exchange(request)

    async def _exchange(self, request: bytes) -> tuple[int, str, bytes]:
        assert self.reader is not None and self.writer is not None
        self.writer.write(request)
        await self.writer.drain()
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        told = [(name.lower(), value.strip()) for name, _colon, value in (line.partition(":") for line in head[1:])]
        length = next((int(value) for name, value in told if name == "content-length"), 0)
        cookies = "; ".join(value.split(";")[0] for name, value in told if name == "set-cookie")
        return int(head[0].split()[1]), cookies, await self.reader.readexactly(length)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


async def until_answering(port: int) -> None:
    """Return when something listens on the port. Raises TimeoutError after a minute."""
    for _try in range(600):
        with contextlib.suppress(OSError):
            (await asyncio.open_connection(HOST, port))[1].close()
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"nothing answers on port {port}")


def at_share(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed, by the nearest rank. Raises ValueError for none."""
    if not values:
        raise ValueError("a share of nothing")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def say_time(bench: str, metric: str, seconds: Sequence[float], share: float, *, yardstick: float, **told: Any) -> None:
    """Print one JSON line: the time that `share` of them do not exceed, in ms, beside a bare commit and message.

    `yardstick` in seconds, from the same run. Of no times at all it says null.
    """
    value = at_share(seconds, share) if seconds else None
    figures = {
        "bench": bench,
        "metric": metric,
        "value": None if value is None else round(1000 * value, 1),
        "unit": "ms",
        "yardstick": round(1000 * yardstick, 2),
        "yardstick_is": "one durable commit and one socket message",
        "ratio": None if value is None else round(value / yardstick, 1),
        **told,
    }
    print(json.dumps(figures), flush=True)
