"""What all messages share: the limits, how strictly they are read, and how one is refused."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

PROTOCOL = 1
Role = Literal["patient", "facilitator", "site", "staff", "supporter", "helper", "called"]
LARGEST_MESSAGE_BYTES = 64 * 1024
BEAT_SECONDS = 10


class ProtocolError(Exception):
    """A message we do not act on; `code` goes back to the sender and the socket stays open.

    Codes: `too_large`, `not_json`, `unknown` (a type or media kind we do not have), `invalid` (a known one,
    badly made).
    """

    def __init__(self, code: Literal["too_large", "not_json", "unknown", "invalid"]) -> None:
        super().__init__(code)
        self.code = code


class Heard(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Mine(Heard):
    """What a person says of or for themselves. With an `id`, made on the device, it is answered by a `Kept`.

    Said again after a lost line with the same `id` it changes nothing twice."""

    id: UUID | None = None


class Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Kept(Said):
    """What was said with this `id` is done, now or when it came before; `done` false: it was refused."""

    type: Literal["kept"] = "kept"
    id: UUID
    done: bool = True


class Led(Heard):
    """Only those who lead the session may say this; the verb behind it refuses everybody else."""
