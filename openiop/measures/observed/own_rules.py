"""What a clinic wants to be told of among results and vital signs: its own decision, with its source, never shipped.

No published source stands behind such a number here, so every page that shows one calls it *unconfirmed*.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.measures.observed import dangers, substances, vitals
from openiop.people.models import Person, Row

WAYS = [
    (dangers.OVER, _("at this number or above")),
    (dangers.UNDER, _("at this number or below")),
    (dangers.FOUND, _("whenever it is so")),
]
TIERS = [(1, _("today")), (2, _("within hours")), (3, _("within the hour")), (4, _("now"))]
REFUSED, DILUTE, BREATH = "refused", "dilute", "breath"


def known() -> dict[str, Any]:
    """Return what a rule may be about, in words with the unit of its number."""
    numbers: dict[str, Any] = {vital.code: f"{vital.label} ({vital.said})" for vital in vitals.VITALS}
    numbers[BREATH] = _("Breath alcohol (g/210 L)")
    found = {f"found_{code}": _("%(what)s found, not expected") % {"what": label} for code, label in substances.PANEL}
    return {**numbers, **found, REFUSED: _("A test refused"), DILUTE: _("A dilute specimen")}


def is_number(of: str) -> bool:
    return of == BREATH or of in vitals.BY_CODE


class OwnRule(Row):
    """One thing this clinic is told of, until it is ended. Never changed: another number is another rule.

    `limit` stands with a number and with nothing else, in the unit that `known` names.
    """

    of = models.TextField(_("What"))
    way = models.TextField(_("When"), choices=WAYS)
    limit = models.DecimalField(_("Number"), max_digits=6, decimal_places=3, null=True, blank=True)
    tier = models.PositiveSmallIntegerField(_("How soon somebody comes"), choices=TIERS)
    source = models.TextField(_("Source"))
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(tier__range=(1, 4)), name="own_rule_tier_1_to_4"),
            models.CheckConstraint(condition=~Q(source=""), name="own_rule_names_its_source"),
            models.CheckConstraint(
                condition=Q(way=dangers.FOUND, limit=None) | (~Q(way=dangers.FOUND) & Q(limit__isnull=False)),
                name="own_rule_with_its_number",
            ),
            models.UniqueConstraint(
                fields=["clinic", "of", "way"], condition=Q(ended_at=None), name="one_own_rule_each"
            ),
        ]

    @property
    def of_in_words(self) -> Any:
        return known().get(self.of, self.of)

    @property
    def limit_in_words(self) -> str:
        return "" if self.limit is None else f"{self.limit.normalize():f}"

    @property
    def rule(self) -> dangers.Rule:
        return dangers.Rule(self.of, self.way, self.limit, self.tier, self.source, key=str(self.pk))

    def end(self, *, by: Person, at: datetime) -> None:
        """From now on nobody is told of it."""
        self.ended_at, self.ended_by = at, by
        self.save(update_fields=["ended_at", "ended_by"])
        trail.record("own-rule.end", thing=self)


def decide(*, of: str, way: str, limit: Any, tier: int, source: str, by: Person, at: datetime) -> OwnRule:
    """From now on this clinic is told of it."""
    made = OwnRule.objects.create(
        clinic_id=by.clinic_id, of=of, way=way, limit=limit, tier=tier, source=source, by=by, at=at
    )
    trail.record("own-rule.decide", thing=made, of=of, tier=tier)
    return made


def met_by(facts: Mapping[str, Any], *, clinic_id: Any) -> list[dangers.Rule]:
    """Return the clinic's rules that these facts meet."""
    if not facts:
        return []
    rows = OwnRule.objects.filter(clinic_id=clinic_id, ended_at=None, of__in=list(facts))
    return dangers.met([row.rule for row in rows.order_by("at", "pk")], facts)
