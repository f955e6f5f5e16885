"""What a board's socket may say, both ways. `frontend/board/protocol.ts` is the same in TypeScript.

Words are JSON text. Changes are binary: from the browser four bytes with a number of its own, highest first, and then a
Yjs update; from the server an update alone. A change is answered by its number, `kept` once PostgreSQL has it, or
`refused` with a reason; whoever was refused draws on from the board as it is.
"""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from openiop.room.boards.drawing import FARTHEST, LARGEST_UPDATE

PROTOCOL = 1
LARGEST_POINT = 200

Reason = Literal["too_large", "not_a_drawing", "read_only", "full"]
"""Why a change was not kept: over 256 kB; no update of Yjs, or nothing that belongs on a board; the facilitator has the
board read-only; the board holds 5 MB."""


Code = Literal["unknown", "invalid", "too_large", "hello_first", "not_now"]
"""Why words were not heeded: of a kind we do not have; badly made; longer than their kind may be; before the hello;
nobody leads the group just now, so nothing passes between those in it."""


class ProtocolError(Exception):
    """Words that we do not act on; `code` goes back and the socket stays open."""

    def __init__(self, code: Code = "unknown") -> None:
        super().__init__(code)
        self.code: Code = code


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


Dot = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST, allow_inf_nan=False)]


class Point(BaseModel):
    """I am at this board and point there, or nowhere. Worth nothing a moment later; said again so often as it lasts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["point"]
    at: tuple[Dot, Dot] | None


Words = Hello | Beat | Point
_words: TypeAdapter[Words] = TypeAdapter(Annotated[Words, Field(discriminator="type")])


def parse(text: str) -> Words:
    """Return the words in `text`. Raises ProtocolError."""
    if len(text) > LARGEST_UPDATE:
        raise ProtocolError("too_large")
    try:
        words = _words.validate_json(text)
    except ValidationError as error:
        kinds = {line["type"] for line in error.errors(include_input=False, include_url=False)}
        known = not kinds & {"union_tag_invalid", "union_tag_not_found", "json_invalid"}
        raise ProtocolError("invalid" if known else "unknown") from None
    if isinstance(words, Point) and len(text) > LARGEST_POINT:
        raise ProtocolError("too_large")
    return words


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
    may_point: bool


class Pointing(BaseModel):
    """Somebody else at this board, and where they point; `who` names their tab for as long as it is open.

    `here` false: they left.
    """

    type: Literal["pointing"] = "pointing"
    who: str
    name: str
    at: tuple[float, float] | None
    here: bool = True


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
    code: Code


class BeatEcho(BaseModel):
    type: Literal["beat"] = "beat"


class Bye(BaseModel):
    """The server closes the socket: this board is not, or no longer, for this person here."""

    type: Literal["bye"] = "bye"
