"""Reckon a month's unattended-risk minutes again from the trail, and hold them against the page's.

manage.py unattended_minutes --from-audit 2026-11

Refuses while a link of the trail does not hold. Names each case that differs, and exits 1 if any does.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from openiop.audit.models import broken_links
from openiop.lib.estimates import middle
from openiop.people.access import System, acting, all_clinics
from openiop.people.models import Clinic
from openiop.safety import figures, from_trail, quality


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from-audit", required=True, metavar="MONTH", type=_month, help="such as 2026-11")

    def handle(self, *args: Any, **options: Any) -> None:
        at, day = timezone.now(), options["from_audit"]
        differing = sum(self._one(clinic, day, at=at) for clinic in all_clinics())
        if differing:
            raise CommandError(f"{differing} cases differ: the rows do not say what the trail says.")

    def _one(self, clinic: Clinic, day: date, *, at: datetime) -> int:
        """Print one clinic's figures; returns how many of its cases differ."""
        span = quality.month_of(day, clinic.zone)
        until = min(span.ends_at, max(at, span.begins_at))
        with acting(System(clinic.pk), origin="command"):
            if broken := broken_links(clinic.pk):
                links = ", ".join(map(str, broken[:20]))
                raise CommandError(f"{clinic.pk}: the trail is broken at {links}. Nothing is reckoned from it.")
            told = from_trail.reckoned(clinic.pk, span=span, zone=clinic.zone, until=until)
            rows = figures.minutes_by_case(clinic, day, at=at)
        found = told.cases
        self._tell(clinic, found)
        if told.silent:
            self.stdout.write(f"{clinic.pk}: {told.silent} lines of the trail are from before it said enough for this.")
        differing = from_trail.differing({pk: row.unattended for pk, row in found.items()}, rows)
        for pk, trail, row in differing:
            self.stdout.write(f"{clinic.pk}: case {pk}: the trail says {_said(trail)}, the rows say {_said(row)}")
        return len(differing)

    def _tell(self, clinic: Clinic, found: Mapping[UUID, from_trail.Reckoned]) -> None:
        for modality in (figures.ALL, *figures.MODALITIES):
            minutes = [
                row.unattended / timedelta(minutes=1)
                for row in found.values()
                if modality in (figures.ALL, row.modality)
            ]
            if minutes or modality == figures.ALL:
                words = f"{len(minutes)} cases, {sum(minutes):.1f} min unattended"
                words += f", median {middle(minutes).value:.1f}" if minutes else ""
                self.stdout.write(f"{clinic.pk}: {modality or 'not in care'}: {words}")


def _month(said: str) -> date:
    return datetime.strptime(said, "%Y-%m").date()


def _said(spent: timedelta | None) -> str:
    return "no such case" if spent is None else f"{spent / timedelta(minutes=1):.1f} min"
