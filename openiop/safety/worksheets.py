"""A worksheet as it stands: whose rule runs, what is due, and what is due on all that somebody may read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from openiop.people.models import Person
from openiop.safety import reporting
from openiop.safety.models import GrievanceClock, RestrictedFlag, StateRule, rule_for
from openiop.safety.reporting import Due
from openiop.safety.reviews import SHOWN_BEFORE
from openiop.safety.states import ShippedRule

IN_WORDS = {
    reporting.DECIDE: _("Decide whether to report"),
    reporting.FIRST: _("Report it"),
    reporting.WRITTEN: _("Report it in writing"),
    reporting.FOLLOW_UP: _("Look again"),
    reporting.ACKNOWLEDGE: _("Acknowledge the grievance"),
    reporting.ANSWER: _("Answer the grievance"),
}


@dataclass(frozen=True)
class DueLine:
    """One thing that is due on one flag. `known`: a rule says when; else it is due since the clinic learned of it."""

    flag: RestrictedFlag
    due: Due
    at: datetime

    @property
    def what(self) -> Any:
        return IN_WORDS[self.due.what]

    @property
    def due_at(self) -> datetime:
        return self.due.due_at

    @property
    def known(self) -> bool:
        return self.due.known

    @property
    def is_late(self) -> bool:
        return self.at >= self.due.due_at


@dataclass(frozen=True)
class Sheet:
    """A flag with the rule that runs on it (the clinic's own, a shipped one, or none) and what is due."""

    flag: RestrictedFlag
    rule: StateRule | ShippedRule | None
    due: list[DueLine]

    @property
    def is_confirmed(self) -> bool:
        return isinstance(self.rule, StateRule)

    @property
    def is_late(self) -> bool:
        return any(line.is_late for line in self.due)


def sheets_of(flags: Iterable[RestrictedFlag], *, at: datetime) -> list[Sheet]:
    """Return each flag's sheet. The flags come `with_steps`; a rule is looked up once for each state and kind."""
    known: dict[tuple[str, str, date], StateRule | ShippedRule | None] = {}
    clock: GrievanceClock | None = None
    found = []
    for flag in flags:
        zone = flag.clinic.zone
        if flag.is_grievance:
            clock = clock or GrievanceClock.of(flag.clinic_id)
            due = reporting.due_of_grievance(
                flag.raised_at,
                flag.done,
                acknowledge_days=clock.acknowledge_days,
                answer_days=clock.answer_days,
                zone=zone,
            )
            found.append(Sheet(flag, None, [DueLine(flag, one, at) for one in due]))
            continue
        which = (flag.state, flag.kind, flag.learned_at.astimezone(ZoneInfo(zone)).date())
        if which not in known:
            known[which] = rule_for(flag.clinic_id, state=which[0], kind=which[1], on=which[2])
        rule = known[which]
        due = reporting.due_of_report(flag.learned_at, rule.clocks if rule else None, flag.done, zone=zone)
        found.append(Sheet(flag, rule, [DueLine(flag, one, at) for one in due]))
    return found


def due_on_worksheets(reader: Person, *, at: datetime) -> list[DueLine]:
    """Return what is due by `at` and two days on, on every restricted flag this reader works on; the first first."""
    flags = RestrictedFlag.objects.visible_to(reader).worked_on().open().with_steps()
    lines = [line for sheet in sheets_of(flags, at=at) for line in sheet.due if line.due_at <= at + SHOWN_BEFORE]
    return sorted(lines, key=lambda line: line.due_at)
