"""Withdrawal, overdose, naloxone given: what happened, who gave what, and whether medical help has seen the person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.lib.ids import uuid7
from openiop.measures.observed import dangers
from openiop.measures.observed.written import Written, keep, tell
from openiop.people.models import Person
from openiop.safety.models import Flag
from openiop.schedule.models import CareSession

WITHDRAWAL, OVERDOSE, NALOXONE = "withdrawal", "overdose", "naloxone"
KINDS = [(WITHDRAWAL, _("Withdrawal")), (OVERDOSE, _("Overdose")), (NALOXONE, _("Naloxone given"))]
SIGNS = [
    ("shaking", _("shaking")),
    ("sweating", _("sweating")),
    ("sick", _("feels sick, vomits, diarrhoea")),
    ("aches", _("aches, cramps, yawning")),
    ("restless", _("restless, anxious, no sleep")),
    ("fast_heart", _("heart races")),
    ("sees_things", _("sees, hears or feels things that are not there")),
    ("confused", _("does not know where they are or what day it is")),
    ("seizure", _("a seizure")),
]
MEDICAL = [
    (dangers.NOT_SEEN_BY_MEDICAL_HELP, _("not yet seen by medical help, or not known")),
    (dangers.SEEN_BY_MEDICAL_HELP, _("seen by medical help since")),
]
HOW_KNOWN = [("seen", _("seen by staff")), ("told", _("told by the person")), ("others", _("told by somebody else"))]
MOST_DOSES = 20
DANGER_WORDS: dict[str, Any] = {
    "overdose_not_seen": _("overdose; not yet seen by medical help, or not known"),
    "overdose_seen": _("overdose; seen by medical help since"),
    "naloxone_not_seen": _("naloxone given; not yet seen by medical help, or not known"),
    "naloxone_seen": _("naloxone given; seen by medical help since"),
    "seizure": _("withdrawal with a seizure"),
    "severe": _("withdrawal with confusion, or seeing things that are not there"),
    "signs": _("signs of withdrawal"),
}


class SubstanceEvent(Written):
    """Something that happened to a patient through a substance or its lack. A withdrawal has signs.

    How many doses of naloxone were given may be unknown; doses that are counted name who gave them. Who comes must know
    it, so an overdose and naloxone are named in their flag as they are.
    """

    kind = models.TextField(_("What"), choices=KINDS)
    how_known = models.TextField(_("How it is known"), choices=HOW_KNOWN)
    signs = ArrayField(models.TextField(choices=SIGNS), default=list)
    medical = models.TextField(_("Medical help"), choices=MEDICAL, blank=True)
    doses = models.PositiveSmallIntegerField(_("Doses of naloxone"), null=True)
    given_by = models.TextField(_("Naloxone given by"), blank=True)

    class Meta(Written.Meta):
        constraints = [
            *Written.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind=WITHDRAWAL, signs__len__gt=0, medical="", doses=None, given_by="")
                | (Q(kind__in=[OVERDOSE, NALOXONE], signs__len=0) & ~Q(medical="")),
                name="each_event_says_what_it_needs",
            ),
            models.CheckConstraint(
                condition=Q(doses=None) | (Q(doses__range=(1, MOST_DOSES)) & ~Q(given_by="")),
                name="naloxone_names_who_gave_it",
            ),
        ]

    @property
    def facts(self) -> list[tuple[Any, list[str], bool]]:
        rows: list[tuple[Any, list[str], bool]] = [
            (_("What"), [str(self.get_kind_display())], False),
            (_("How it is known"), [str(self.get_how_known_display())], False),
        ]
        if self.signs:
            rows.append((_("Signs"), [str(label) for code, label in SIGNS if code in self.signs], False))
        if self.medical:
            unseen = self.medical == dangers.NOT_SEEN_BY_MEDICAL_HELP
            rows.append((_("Medical help"), [str(self.get_medical_display())], unseen))
        return rows + self._naloxone()

    def _naloxone(self) -> list[tuple[Any, list[str], bool]]:
        """How much and by whom, as far as anybody knows; nothing where none is spoken of."""
        if self.kind != NALOXONE and not self.doses and not self.given_by:
            return []
        told = ((_("Doses of naloxone"), str(self.doses or "")), (_("Naloxone given by"), self.given_by))
        return [(label, [said or str(_("not known"))], not said) for label, said in told]

    @property
    def in_short(self) -> str:
        return " · ".join(filter(None, [str(self.get_kind_display()), self.beside_its_kind]))

    @property
    def beside_its_kind(self) -> str:
        words = [str(label) for code, label in SIGNS if code in self.signs]
        if self.medical:
            words.append(str(self.get_medical_display()))
        return " · ".join(words)


@transaction.atomic
def note_event(
    patient: Person,
    *,
    kind: str,
    how_known: str,
    by: Person,
    at: datetime,
    happened_at: datetime,
    key: UUID,
    signs: Sequence[str] = (),
    medical: str = "",
    doses: int | None = None,
    given_by: str = "",
    note: str = "",
    session: CareSession | None = None,
    corrects: SubstanceEvent | None = None,
    because: str = "",
) -> tuple[SubstanceEvent, list[Flag]]:
    """Write down what happened and, in the same transaction, call who has to come. Raises what `keep` raises."""
    row = SubstanceEvent(
        id=uuid7(),
        patient=patient,
        session=session,
        by=by,
        at=happened_at,
        written_at=at,
        key=key,
        because=because,
        note=note,
        kind=kind,
        how_known=how_known,
        signs=list(signs),
        medical=medical,
        doses=doses,
        given_by=given_by,
    )
    row, is_new = keep(row, of=corrects)
    if not is_new:
        return row, []
    found = dangers.event(kind, signs=signs, medical=medical)
    return row, tell(row, found, {}, sort="event", words=DANGER_WORDS, at=at)
