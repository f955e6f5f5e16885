"""Keys of end-to-end encryption: what a browser may ask of the delivery, and what it is told (openiop/room/e2ee.py)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from openiop.room.protocol.base import Heard, Led, Said

Word = Literal["transport", "end_to_end"]
_BASE64 = r"^[A-Za-z0-9+/]+=*$"
SignatureKey = Annotated[str, Field(min_length=1, max_length=200, pattern=_BASE64)]
MlsBlob = Annotated[str, Field(min_length=1, max_length=40_000, pattern=_BASE64)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class PublishPackage(Heard):
    """How I can be brought into this room's group; takes the place of an earlier one. Reply: {"package": its id}."""

    kind: Literal["package"]
    room: UUID
    key: SignatureKey
    package: Annotated[str, Field(min_length=1, max_length=8_000, pattern=_BASE64)]


class CannotEncrypt(Heard):
    """This browser has no way to seal frames: a facilitator is asked what to do."""

    kind: Literal["cannot"]
    room: UUID


class CommitEpoch(Heard):
    """The room's group from `epoch` on: `members` are packages, `welcome` is for those who are new."""

    kind: Literal["commit"]
    room: UUID
    epoch: Count
    found: bool
    commit: MlsBlob | None
    welcome: MlsBlob | None
    members: Annotated[list[UUID], Field(min_length=1, max_length=64)]


class RosterEntry(Heard):
    seat: UUID
    key: SignatureKey


class SignRoster(Heard):
    """Who may hold keys in this session. Facilitators and staff only."""

    kind: Literal["roster"]
    version: Count
    key: SignatureKey
    entries: Annotated[list[RosterEntry], Field(min_length=1, max_length=128)]
    signature: SignatureKey


KeyRequest = Annotated[PublishPackage | CannotEncrypt | CommitEpoch | SignRoster, Field(discriminator="kind")]


class Keys(Heard):
    type: Literal["keys"]
    id: Annotated[int, Field(ge=0, le=2**31)]
    request: KeyRequest


class ChooseEncryption(Led):
    """For everybody in the session. Kept and audited."""

    type: Literal["encryption"]
    word: Word


class PackageNow(Said):
    id: UUID
    seat: UUID
    role: str
    key: str
    package: str


class EntryNow(Said):
    seat: UUID
    key: str


class RosterNow(Said):
    version: int
    by: UUID
    role: str
    key: str
    entries: list[EntryNow]
    signature: str


class EpochNow(Said):
    epoch: int
    found: bool
    package: UUID
    commit: str
    members: list[UUID]


class WelcomeNow(Said):
    package: UUID
    epoch: int
    welcome: str


class KeysNow(Said):
    """Where the keys of one of this viewer's rooms stand: all of it each time, but `commits` and `welcome` once."""

    type: Literal["keys"] = "keys"
    room: UUID
    mine: UUID | None
    """My current package, whichever tab made it."""
    epoch: int
    """The newest, or -1 where there is no group yet."""
    members: list[UUID]
    packages: list[PackageNow]
    """Current ones of those who hold the room's keys."""
    roster: RosterNow | None = None
    vouch: list[EntryNow] | None = None
    """For those who may sign, with the room they sit in: everybody in the session, as our sign-in binds them."""
    cannot: list[UUID]
    """For those who lead: seats whose browser cannot seal frames."""
    commits: list[EpochNow]
    welcome: WelcomeNow | None


class KeysReply(Said):
    type: Literal["keys_reply"] = "keys_reply"
    id: int
    reply: dict[str, object] | None = None
    error: str | None = None
