"""Compute every clinic's trail again and say which links do not hold. Exits 1 if any does not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from openiop.audit import models


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for clinic_id, links in models.chains():
            bad = models.broken_links(clinic_id)
            broken += len(bad)
            words = f"broken at {', '.join(map(str, bad[:20]))}" if bad else "sound"
            self.stdout.write(f"{clinic_id}: {links} links, {words}")
        if broken:
            raise CommandError(f"{broken} links do not hold: somebody changed the trail past its only door.")
