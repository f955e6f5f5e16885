"""Wake-ups between processes: *something about this topic changed, read it again*.

A verb calls `wake(topic)` inside its transaction; PostgreSQL tells every web process when the transaction
commits, and each passes it to its own sockets. The database stays the truth: a lost wake-up costs seconds
(open pages read themselves afresh anyway), never a message. The listening connection reconnects with
back-off and then wakes every socket, because what was said meanwhile is not repeated.

Topics carry no content and name no person in words: `desk.<clinic>`, `room.<session>`, `person.<person>`.
"""

import asyncio
import contextlib
import json
import logging
from typing import Any

import psycopg
from channels.layers import get_channel_layer
from django.db import connection, connections

log = logging.getLogger(__name__)

CHANNEL = "wake"
EVERYONE = "everyone"
QUIET_SECONDS = 5  # after this long without a word we ask the server whether it is still there
LONGEST_PAUSE_SECONDS = 3

_tasks: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}


def wake(topic: str, **passing: Any) -> None:
    """Tell every open socket on `topic`, once this transaction commits, that there is something new to read.

    `passing` may hold small things that are worth nothing a second later; never patient data.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps({"topic": topic, **passing})])


async def join(consumer: Any, *topics: str) -> None:
    """Let `consumer` hear `topics` through its `wake(event)` method; starts this process's listener when needed."""
    _ensure_listening()
    for topic in (*topics, EVERYONE):
        await consumer.channel_layer.group_add(topic, consumer.channel_name)


async def part(consumer: Any, *topics: str) -> None:
    """Stop hearing `topics`."""
    for topic in (*topics, EVERYONE):
        await consumer.channel_layer.group_discard(topic, consumer.channel_name)


def _ensure_listening() -> None:
    loop = asyncio.get_running_loop()
    task = _tasks.get(loop)
    if task is None or task.done():
        _tasks[loop] = loop.create_task(_listen_for_ever(), name="wake")


async def _listen_for_ever() -> None:
    pause = 0.05
    while True:
        try:
            async for topic, passing in _notifications():
                pause = 0.05
                await _pass_on(topic, passing)
        except (psycopg.Error, OSError) as error:
            log.warning("The wake-up connection was lost (%s); trying again.", type(error).__name__)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def _notifications() -> Any:
    """Yield (topic, passing) for each wake-up; first of all EVERYONE, for what was missed before we listened."""
    async with await psycopg.AsyncConnection.connect(**_connection_parameters(), autocommit=True) as listening:
        await listening.execute(f"LISTEN {CHANNEL}")
        yield EVERYONE, {}
        while True:
            async for notification in listening.notifies(timeout=QUIET_SECONDS):
                with contextlib.suppress(ValueError):
                    message = json.loads(notification.payload)
                    yield message.pop("topic"), message
            await listening.execute("SELECT 1")


def _connection_parameters() -> dict[str, Any]:
    parameters = connections["default"].get_connection_params()
    return {
        key: value
        for key, value in parameters.items()
        if key in ("dbname", "user", "password", "host", "port", "sslmode")
    }


async def _pass_on(topic: str, passing: dict[str, Any]) -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send(topic, {"type": "wake", "topic": topic, "passing": passing})
