"""How the web process answers a page: in one visit to one thread.

Views and middleware here are plain functions. Django's own handler would carry each request back and forth between
the event loop and a thread made for that request alone, with a database connection fetched and given back; that cost
more than most pages do. Here a page goes to one of a few lasting threads, each with its own lasting connection, through
all middleware and the view, and comes back whole. More pages at once than threads wait their turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.http import FileResponse
from django.urls import set_script_prefix

AT_ONCE = 12  # pages, and with them connections, of one web process

Result = TypeVar("Result")


class Pages(ASGIHandler):
    """The ASGI application for HTTP. Answers even if the browser has gone: what was sent is kept all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="page")

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        with contextlib.suppress(RequestAborted):
            body = await self.read_body(receive)
            response = await self._in_a_thread(lambda: self._answer(scope, body))
            try:
                await self.send_response(response, send)
            finally:
                if response.streaming:
                    await self._in_a_thread(response.close)

    async def _in_a_thread(self, work: Callable[[], Result]) -> Result:
        """A copy of the context, so that one page's language and trail are not the next one's."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, contextvars.copy_context().run, work)

    def _answer(self, scope: Any, body: Any) -> Any:
        """Return the response; closed already unless it streams, since its content is all there."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        with body:
            request, unreadable = self.create_request(scope, body)
            response: Any = unreadable if request is None else self.get_response(request)
        response._handler_class = type(self)
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            response.close()
        return response
