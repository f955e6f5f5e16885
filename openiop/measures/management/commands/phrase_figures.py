"""Print docs/rules/phrases.md: the rules in words and how the shipped list does on the labelled messages.

manage.py phrase_figures > docs/rules/phrases.md
"""

from typing import Any

from django.core.management.base import BaseCommand

from openiop.measures.phrases import document


class Command(BaseCommand):
    help = "Print docs/rules/phrases.md with the measured figures of the shipped phrase list."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(document.text(), ending="")
