"""What every socket of ours has in common."""

from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer


class Socket(AsyncWebsocketConsumer):
    """A socket whose words are looked at at once.

    Channels tidies up database connections before each word, in the one thread in which all sockets of a process read
    the database: every word, and every wake-up, would wait behind whatever is read there. Whoever reads does it by
    `database_sync_to_async`, which tidies up in that thread all the same.
    """

    async def dispatch(self, message: dict[str, Any]) -> None:
        await getattr(self, get_handler_name(message))(message)
