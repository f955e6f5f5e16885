"""Who may start and stop what the whole group sees: those who lead the session, one at a time."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import connection

from openiop.people.models import Person
from openiop.room import admission
from openiop.schedule.models import CareSession


def take_turn(session: CareSession, by: Person) -> None:
    """Hold the session for this facilitator until the transaction ends. Raises PermissionDenied for anybody else."""
    if admission.role_in(session, by) != "facilitator":
        raise PermissionDenied
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"together {session.pk}"])
