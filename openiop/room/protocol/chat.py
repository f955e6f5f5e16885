"""The chat of a live group: off until somebody who leads opens it, and never from one person to another."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from openiop.room.protocol.base import Heard, Led, Said

ChatWord = Literal["off", "everyone", "facilitators"]


class ChatMode(Led):
    """Who reads what patients write: everybody at their place, or those who lead alone; or no chat."""

    type: Literal["chat_mode"]
    mode: ChatWord


class ChatWrite(Heard):
    """A line of mine, to whom the chat is open: there is no way to say to whom. `id` is this line's, so that sending
    it again changes nothing."""

    type: Literal["chat_write"]
    id: UUID
    text: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class ChatRemove(Led):
    """Take a line away; its words are deleted at once, and everybody reads that there was one."""

    type: Literal["chat_remove"]
    line: UUID


Chat = ChatMode | ChatWrite | ChatRemove


class ChatLineNow(Said):
    """One line; `key` is what its author's browser called it."""

    id: UUID
    key: UUID
    seat: UUID
    name: str
    role: Literal["patient", "supporter", "facilitator", "staff"]
    to: Literal["everyone", "facilitators"]
    room: str
    """For those who lead: in which other room it was written."""
    text: str
    removed: bool
    at: datetime


class ChatNow(Said):
    """What this viewer may read of the chat, all of it each time; sent when it changes. Which words count is `room`'s
    `chat`: while that is off nothing of it is shown."""

    type: Literal["chat"] = "chat"
    lines: list[ChatLineNow]
