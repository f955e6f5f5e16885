"""What every socket of ours has in common."""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def in_turn() -> asyncio.Lock:
    """One at a time in this process, for what many sockets read or keep at the same moment without being asked.

    All sockets of a process use the database in one thread. Put there at once, a group's many looks would stand
    before whatever somebody says next; in turn, a word waits for one look at most.
    """
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())


class Socket(AsyncWebsocketConsumer):
    """A socket whose words are looked at at once.

    Channels tidies up database connections before each word, in the one thread in which all sockets of a process read
    the database: every word, and every wake-up, would wait behind whatever is read there. Whoever reads does it by
    `database_sync_to_async`, which tidies up in that thread all the same.
    """

    async def dispatch(self, message: dict[str, Any]) -> None:
        await getattr(self, get_handler_name(message))(message)
