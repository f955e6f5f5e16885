"""What the room's socket may say, both ways.

One WebSocket a person and tab, JSON text, at most 64 kB a message. The server accepts exactly what is written in this
package and nothing else; browsers ignore what they do not know, so a newer server may add fields without breaking an
open tab. `frontend/room/protocol.ts` is the same in TypeScript, and `tests/cases/room_protocol.json` holds the two
together.

Each noun has a file with what is heard and what is said about it, and everybody else reads them from here. A message
that is a `Led` is a facilitator's only. The room's state is sent whole, as one person may see it, each time it changes
(docs/decisions/0003).
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from openiop.room.protocol.base import *
from openiop.room.protocol.breakouts import *
from openiop.room.protocol.cards import *
from openiop.room.protocol.chat import *
from openiop.room.protocol.door import *
from openiop.room.protocol.floor import *
from openiop.room.protocol.helpers import *
from openiop.room.protocol.keys import *
from openiop.room.protocol.leading import *
from openiop.room.protocol.media import *
from openiop.room.protocol.room import *
from openiop.room.protocol.seats import *
from openiop.room.protocol.signals import *
from openiop.room.protocol.still import *
from openiop.room.protocol.together import *

# What a browser may say; `Breakout` and the like are the messages of one noun.
ClientMessage = Annotated[
    Hello
    | Beat
    | Hand
    | Self
    | Leave
    | Admit
    | SendBack
    | Mute
    | Remove
    | End
    | Media
    | Keys
    | ChooseEncryption
    | Signal
    | AnswerSignal
    | Aside
    | AsideEnd
    | Breakout
    | React
    | Together
    | Cards
    | Door
    | Floor
    | Chat
    | Asides
    | Helping
    | Still
    | StillSeen,
    Field(discriminator="type"),
]
_client_message: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def parse(text: str) -> ClientMessage:
    """Return the message in `text`. Raises ProtocolError, whose code may be sent back as it is."""
    if len(text) > LARGEST_MESSAGE_BYTES or len(text.encode()) > LARGEST_MESSAGE_BYTES:
        raise ProtocolError("too_large")
    try:
        return _client_message.validate_json(text)
    except ValidationError as error:
        # Not chained: pydantic's words quote the message, and messages do not belong in logs.
        raise ProtocolError(_code(error)) from None


def _code(error: ValidationError) -> Literal["not_json", "unknown", "invalid"]:
    kinds = {line["type"] for line in error.errors(include_input=False, include_url=False)}
    if "json_invalid" in kinds:
        return "not_json"
    return "unknown" if kinds & {"union_tag_invalid", "union_tag_not_found"} else "invalid"


ServerMessage = Annotated[
    Room
    | MediaReply
    | MediaEvent
    | KeysNow
    | KeysReply
    | Kept
    | ChatNow
    | Reaction
    | CaptionLine
    | Bye
    | Error
    | BeatEcho,
    Field(discriminator="type"),
]
