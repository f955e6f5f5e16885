"""What a board's socket may say, both ways. `frontend/board/protocol.ts` is the same in TypeScript.

Words are JSON text. Changes are binary: from the browser four bytes with a number of its own, highest first, and then a
Yjs update; from the server an update alone. A change is answered by its number, `kept` once PostgreSQL has it, or
`refused` with a reason; whoever was refused draws on from the board as it is.
"""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from openiop.room.boards.drawing import LARGEST_UPDATE

PROTOCOL = 1

Reason = Literal["too_large", "not_a_drawing", "read_only", "full"]
"""Why a change was not kept: over 256 kB; no update of Yjs, or nothing that belongs on a board; the facilitator has the
board read-only; the board holds 5 MB."""


class ProtocolError(Exception):
    """Words that we do not know; the socket stays open."""


class Hello(BaseModel):
    """First words: what this browser has already, as a Yjs state vector in base64. Again after every lost line."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["hello"]
    protocol: Literal[1]
    vector: Annotated[str, Field(max_length=200_000)]

    def state_vector(self) -> bytes:
        try:
            return base64.b64decode(self.vector, validate=True)
        except ValueError:
            raise ProtocolError from None


class Beat(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["beat"]


_words: TypeAdapter[Hello | Beat] = TypeAdapter(Annotated[Hello | Beat, Field(discriminator="type")])


def parse(text: str) -> Hello | Beat:
    """Return the words in `text`. Raises ProtocolError."""
    if len(text) > LARGEST_UPDATE:
        raise ProtocolError
    try:
        return _words.validate_json(text)
    except ValidationError:
        raise ProtocolError from None


def change(data: bytes) -> tuple[int, bytes]:
    """Return a change's number and its update. Raises ProtocolError where there is not even a number."""
    if len(data) < 5:
        raise ProtocolError
    return int.from_bytes(data[:4], "big"), data[4:]


class Board(BaseModel):
    """How this viewer may use the board; sent first, and again whenever it changes."""

    type: Literal["board"] = "board"
    level: Literal["lead", "writer", "viewer"]
    read_only: bool
    can_undo_clear: bool


class Welcome(BaseModel):
    """The server's state vector: the browser sends what the server lacks. What the browser lacks follows, binary."""

    type: Literal["welcome"] = "welcome"
    vector: str

    @classmethod
    def of(cls, vector: bytes) -> Welcome:
        return cls(vector=base64.b64encode(vector).decode())


class Kept(BaseModel):
    type: Literal["kept"] = "kept"
    n: int


class Refused(BaseModel):
    type: Literal["refused"] = "refused"
    n: int
    reason: Reason


class Error(BaseModel):
    type: Literal["error"] = "error"
    code: Literal["unknown", "hello_first"]


class BeatEcho(BaseModel):
    type: Literal["beat"] = "beat"


class Bye(BaseModel):
    """The server closes the socket: this board is not, or no longer, for this person here."""

    type: Literal["bye"] = "bye"
