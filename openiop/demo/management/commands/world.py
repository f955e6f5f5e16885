"""Write the fictional clinic, or an empty one with its director; a database that has a clinic is left alone."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from openiop.demo import world
from openiop.people.models import Clinic


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--empty", action="store_true", help="only the clinic and its director")
        parser.add_argument("--fixed", action="store_true", help="as tests expect it: at world.NOW, nothing lived yet")

    @transaction.atomic
    def handle(self, *args: Any, empty: bool, fixed: bool, **options: Any) -> None:
        if Clinic.objects.exists():
            self.stdout.write("There is a clinic already; nothing was changed.")
            return
        now = world.NOW if fixed else timezone.now()
        if empty:
            world.found_clinic(now=now)
        else:
            world.build(now=now, lived=not fixed)
        self.stdout.write("Harbor Street is ready.")
