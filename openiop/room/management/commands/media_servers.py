"""Say how the media servers are: which answer, which are draining, and what each carries."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from openiop.room import live


class Command(BaseCommand):
    help = "List the media servers: whether each answers, its open sessions and the people in them."

    def handle(self, *args: Any, **options: Any) -> None:
        if not live.is_set():
            raise CommandError("No media server is set (OPENIOP_JANUS_WS).")
        with connection.cursor() as cursor:
            cursor.execute("SELECT instance, sessions, people FROM media_load(%s)", [timezone.now()])
            carried = {instance: (sessions, people) for instance, sessions, people in cursor.fetchall()}
        for one in live.pool().instances:
            sessions, people = carried.get(one.key, (0, 0))
            words = [
                "answers" if live.pool().answers(one.key) else "is silent",
                *(["draining"] if one.draining else []),
            ]
            self.stdout.write(f"{one.key} {one.address.ws} {', '.join(words)}: {sessions} sessions, {people} people")
