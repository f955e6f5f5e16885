"""What a timeline is made of: its kinds, one line, a place in it, and who reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Model, Q
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Person

KINDS = (
    ("check_ins", _("Check-ins")),
    ("measures", _("Measures")),
    ("messages", _("Messages to the team")),
    ("signals", _("Private signals")),
    ("observations", _("Observations")),
    ("results", _("Substances")),
    ("medication", _("Medication")),
    ("flags", _("Flags")),
    ("case", _("What was done")),
    ("attendance", _("Attendance")),
    ("plans", _("Plans")),
)
WORDS = dict(KINDS)


class Place(NamedTuple):
    """A place between two lines. Two lines of one moment are told apart by their rows' ids."""

    at: datetime
    row: str

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC):%Y%m%dT%H%M%S.%f}-{self.row}"

    @classmethod
    def read(cls, text: str) -> Place:
        """Return the place that `text` names, as an address does. Raises ValueError."""
        moment, _dash, row = text.partition("-")
        return cls(datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), str(UUID(row)))


class Line(NamedTuple):
    """One thing that happened. `is_private` is shown to who may read it and never printed."""

    place: Place
    kind: str
    what: Any
    detail: str = ""
    who: str = ""
    url: str = ""
    is_private: bool = False

    @property
    def at(self) -> datetime:
        return self.place.at

    @property
    def kind_in_words(self) -> Any:
        return WORDS[self.kind]


class Reading(NamedTuple):
    """Whose timeline, who reads it in which language, from where on and how much of each source at most."""

    patient: Person
    reader: Person
    language: str
    before: Place | None
    most: int

    def newest(self, rows: Any, when: str) -> list[Any]:
        """Return the rows that can stand on this page, newest first by the field `when`."""
        if self.before:
            at, row = self.before
            rows = rows.filter(Q(**{f"{when}__lt": at}) | Q(**{when: at, "pk__lt": row}))
        return list(rows.order_by(f"-{when}", "-pk")[: self.most + 1])


def place_of(row: Model, when: str) -> Place:
    return Place(getattr(row, when), str(row.pk))
