"""The agenda beside the faces and the skills cards (openiop/room/cards)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from openiop.room.protocol.base import Led, Mine, Said

CardCode = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


class AgendaMark(Led):
    """The group is at this block of its plan now."""

    type: Literal["agenda_mark"]
    block: UUID


class CardShow(Led):
    """Show this card to everybody in the group, in place of the one before."""

    type: Literal["card_show"]
    card: CardCode


class CardPutAway(Led):
    type: Literal["card_put_away"]


class CardKeep(Mine):
    """I keep this card for afterwards. Nobody else is told."""

    type: Literal["card_keep"]
    card: CardCode


Cards = AgendaMark | CardShow | CardPutAway | CardKeep


class CardNow(Said):
    """The card that is shown, in the reader's language."""

    id: UUID
    card: str
    title: str
    why: str
    steps: list[str]
    care: str = ""
    """Who should ask their team before trying it."""
    source: str
    kept: bool = False
    """I keep it."""


class AgendaBlock(Said):
    """For those who lead."""

    block: UUID
    title: str
    begins_at: datetime
    ends_at: datetime
    now: bool
