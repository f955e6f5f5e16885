"""What was planned, who was there, and for how long; a file for each noun.

A *series* unfolds into dated *care sessions*; each is one room, one door, one roster and one note, made of
ordered *blocks*. Presence is append-only *evidence*; minutes are counted from it when the session is closed.

The tables of `helping` and `stillness` lie with what uses them; Django looks for an app's tables here.
"""

from openiop.schedule.helping import SessionHelper
from openiop.schedule.models.blocks import Block, Kind
from openiop.schedule.models.evidence import BlockMinutes, Correction, Evidence, OneDevice
from openiop.schedule.models.refused import HasBegun
from openiop.schedule.models.rooms import KioskTry, Room
from openiop.schedule.models.roster import NotTogether, OutreachCall, RosterEntry, RosterQuerySet
from openiop.schedule.models.series import Series, SeriesException, SeriesFacilitator, SeriesMember
from openiop.schedule.models.sessions import CareSession, CareSessionQuerySet, SessionStaff
from openiop.schedule.stillness import StillAnswer, StillQuestion

__all__ = [
    "Block",
    "BlockMinutes",
    "CareSession",
    "CareSessionQuerySet",
    "Correction",
    "Evidence",
    "HasBegun",
    "Kind",
    "KioskTry",
    "NotTogether",
    "OneDevice",
    "OutreachCall",
    "Room",
    "RosterEntry",
    "RosterQuerySet",
    "Series",
    "SeriesException",
    "SeriesFacilitator",
    "SeriesMember",
    "SessionHelper",
    "SessionStaff",
    "StillAnswer",
    "StillQuestion",
]
