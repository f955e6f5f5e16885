"""What a minor's state asks about telling a guardian, and whether one was told. Reads rows; people do the telling.

Rule and examples: docs/rules/reporting.md, "Guardians of minors".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from openiop.people.models import Person
from openiop.safety import reporting
from openiop.safety.models import Guardian, GuardianNotice, GuardianRule, may_be_told

OF_AGE_WHERE_NO_RULE_IS_KNOWN = 18


@dataclass(frozen=True)
class Minor:
    """A minor as they stand on a day. `guardians`: who stands for them, and whether they may be told at all.

    `rule` is None where the clinic has entered none: then nobody here knows, and the clinician judges. `told`: since
    the moment that was asked about.
    """

    age: int
    rule: GuardianRule | None
    guardians: list[tuple[Guardian, bool]]
    told: list[GuardianNotice]

    @property
    def is_to_be_told(self) -> bool:
        """Does the state ask for it, with somebody there who may be told, and nobody was yet?"""
        asked = self.rule is not None and self.rule.telling == reporting.MUST
        return asked and not self.told and any(may for _guardian, may in self.guardians)


def rule_of(patient: Person, *, on: date) -> GuardianRule | None:
    """Return the rule that the clinic entered for the state where this patient lives."""
    found: GuardianRule | None = GuardianRule.objects.in_force(patient.clinic_id, state=patient.home_state, on=on)
    return found


def is_minor(patient: Person, rule: GuardianRule | None, *, on: date) -> bool:
    return patient.born_on is not None and patient.age_on(on) < (
        rule.minor_until if rule else OF_AGE_WHERE_NO_RULE_IS_KNOWN
    )


def standing(patient: Person) -> list[tuple[Guardian, bool]]:
    rows = Guardian.objects.filter(patient=patient, ended_at=None).order_by("name")
    return [(guardian, may_be_told(guardian)) for guardian in rows]


def minor(patient: Person, *, since: datetime, at: datetime) -> Minor | None:
    """Return what is known of this patient's guardians, or None for somebody of age."""
    on = at.astimezone(ZoneInfo(patient.clinic.zone)).date()
    rule = rule_of(patient, on=on)
    if not is_minor(patient, rule, on=on):
        return None
    told = GuardianNotice.objects.filter(patient=patient, told_at__gte=since).select_related("guardian", "by")
    return Minor(patient.age_on(on), rule, standing(patient), list(told.order_by("told_at")))
