"""Toxicology and breath results: what was tested in what, how it was given, what was found, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from openiop.lib.ids import uuid7
from openiop.measures.observed import own_rules, substances
from openiop.measures.observed.substances import BREATH, GIVEN, REFUSED
from openiop.measures.observed.written import Written, keep, tell
from openiop.people.models import Person
from openiop.safety.models import Flag
from openiop.schedule.models import CareSession

MOST_BREATH = Decimal("0.6")  # g/210 L: what is taken as typed rightly, no clinical limit


class SubstanceResult(Written):
    """One test, from the specimen to what was found. Refused, could not give one, and dilute are said as such.

    `panel` is what was tested for. Of it, `found`; `unread` where the test gave no readable answer; the rest was not
    found. `expected` of what was found is prescribed. A screen is not confirmed until a laboratory says so. `breath` is
    in g/210 L.
    """

    specimen = models.TextField(_("Specimen"), choices=substances.SPECIMENS)
    outcome = models.TextField(_("It was"), choices=substances.OUTCOMES)
    collected = models.TextField(_("How it was given"), choices=substances.COLLECTED, blank=True)
    dilute = models.BooleanField(_("Dilute"), null=True)
    panel = ArrayField(models.TextField(choices=substances.PANEL), default=list)
    found = ArrayField(models.TextField(choices=substances.PANEL), default=list)
    unread = ArrayField(models.TextField(choices=substances.PANEL), default=list)
    expected = ArrayField(models.TextField(choices=substances.PANEL), default=list)
    sureness = models.TextField(_("How sure"), choices=substances.SURENESS, blank=True)
    breath = models.DecimalField(_("Breath alcohol (g/210 L)"), max_digits=4, decimal_places=3, null=True)
    taken_by = models.TextField(_("Taken by"))

    class Meta(Written.Meta):
        constraints = [
            *Written.Meta.constraints,
            models.CheckConstraint(
                condition=Q(found__contained_by=F("panel"), unread__contained_by=F("panel"))
                & Q(expected__contained_by=F("found"))
                & ~Q(found__overlap=F("unread")),
                name="found_among_what_was_tested",
            ),
            models.CheckConstraint(
                condition=(Q(outcome=GIVEN) & ~Q(sureness="") & ~Q(collected=""))
                | (~Q(outcome=GIVEN) & Q(panel__len=0, breath=None, dilute=None, sureness="", collected="")),
                name="a_result_needs_a_specimen",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=GIVEN)
                | Q(specimen=BREATH, breath__isnull=False, panel__len=0, dilute=None)
                | (~Q(specimen=BREATH) & Q(breath=None, panel__len__gt=0)),
                name="breath_has_a_number_and_others_a_panel",
            ),
            models.CheckConstraint(
                condition=Q(breath=None) | Q(breath__gte=0, breath__lte=MOST_BREATH), name="breath_of_a_living_person"
            ),
        ]

    @property
    def unexpected(self) -> list[str]:
        return [code for code in self.found if code not in self.expected]

    @property
    def facts(self) -> list[tuple[Any, list[str], bool]]:
        rows: list[tuple[Any, list[str], bool]] = [
            (_("Specimen"), [f"{self.get_specimen_display()}, {self.get_outcome_display()}"], False)
        ]
        if self.outcome == GIVEN:
            rows += self._of_the_specimen()
        return [*rows, (_("Taken by"), [self.taken_by], False)]

    def _of_the_specimen(self) -> list[tuple[Any, list[str], bool]]:
        rest = [code for code in self.panel if code not in self.found and code not in self.unread]
        expected = [_("%(what)s, prescribed") % {"what": word} for word in _words(self.expected)]
        rows: list[tuple[Any, list[str], bool]] = [(_("How it was given"), [str(self.get_collected_display())], False)]
        if self.breath is not None:
            rows.append((_("Breath alcohol"), [f"{self.breath} g/210 L"], False))
        if self.panel:
            none = [str(_("nothing"))]
            rows.append((_("Found"), [*_words(self.unexpected), *map(str, expected)] or none, False))
            rows.append((_("Not found"), _words(rest) or none, False))
        if self.unread:
            rows.append((_("Not readable"), _words(self.unread), True))
        if self.dilute is not None:
            rows.append((_("Dilute"), [str(_("yes") if self.dilute else _("no"))], False))
        rows.append((_("How sure"), [str(self.get_sureness_display())], self.sureness != "confirmed"))
        return rows

    @property
    def in_short(self) -> str:
        if self.outcome != GIVEN:
            return f"{self.get_specimen_display()}, {self.get_outcome_display()}"
        if self.breath is not None:
            said = [f"{self.get_specimen_display()}, {self.breath} g/210 L"]
        else:
            said = [str(self.get_specimen_display()), ", ".join(_words(self.found)) or str(_("nothing found"))]
        said += [str(_("dilute"))] if self.dilute else []
        said += [str(_("not watched"))] if self.collected == "unobserved" else []
        return " · ".join([*said, str(self.get_sureness_display())])


def _words(codes: Sequence[str]) -> list[str]:
    return [str(label) for code, label in substances.PANEL if code in codes]


@transaction.atomic
def note_result(
    patient: Person,
    *,
    specimen: str,
    outcome: str,
    taken_by: str,
    by: Person,
    at: datetime,
    taken_at: datetime,
    key: UUID,
    collected: str = "",
    dilute: bool | None = None,
    panel: Sequence[str] = (),
    found: Sequence[str] = (),
    unread: Sequence[str] = (),
    expected: Sequence[str] = (),
    sureness: str = "",
    breath: Decimal | None = None,
    note: str = "",
    session: CareSession | None = None,
    corrects: SubstanceResult | None = None,
    because: str = "",
) -> tuple[SubstanceResult, list[Flag]]:
    """Write down a result and, in the same transaction, tell what this clinic wants to be told of.

    Raises what `keep` raises.
    """
    row = SubstanceResult(
        id=uuid7(),
        patient=patient,
        session=session,
        by=by,
        at=taken_at,
        written_at=at,
        key=key,
        because=because,
        note=note,
        specimen=specimen,
        outcome=outcome,
        collected=collected,
        dilute=dilute,
        panel=list(panel),
        found=list(found),
        unread=list(unread),
        expected=list(expected),
        sureness=sureness,
        breath=breath,
        taken_by=taken_by,
    )
    row, is_new = keep(row, of=corrects)
    return row, tell(row, [], told_of(row), sort="result", words={}, at=at) if is_new else []


def told_of(row: SubstanceResult) -> dict[str, Any]:
    """Return what a clinic's own rules may be about, and nothing that was not measured."""
    facts: dict[str, Any] = {f"found_{code}": True for code in row.unexpected}
    if row.breath is not None:
        facts[own_rules.BREATH] = row.breath
    if row.outcome == REFUSED:
        facts[own_rules.REFUSED] = True
    if row.dilute:
        facts[own_rules.DILUTE] = True
    return facts
