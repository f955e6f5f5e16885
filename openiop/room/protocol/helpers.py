"""Interpreters and captioners (openiop/room/helping.py; docs/rules/helpers.md)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from openiop.room.protocol.base import Heard, Led, Said

HelpWord = Literal["interpreter", "sign", "captioner"]


class Caption(Heard):
    """A line of captions, by whoever is booked to write them; passed on to those in the same place, kept nowhere."""

    type: Literal["caption"]
    text: Annotated[str, Field(min_length=1, max_length=240, pattern=r"\S")]


class Pin(Led):
    """Keep a helper's tile before everybody's eyes, or no longer. For oneself alone nobody asks us."""

    type: Literal["pin"]
    seat: UUID
    pinned: bool


Helping = Caption | Pin


class HelpsNow(Said):
    """What a helper does here; `language` is an ISO code, for interpreters alone."""

    kind: HelpWord
    language: str = ""
    pinned: bool = False


class CaptionLine(Said):
    type: Literal["caption"] = "caption"
    seat: UUID
    text: str
