"""The append-only trail: who did what with whose record, when, from where and why.

No foreign keys: ids are plain values, so erasing a person never erases the trail. Rows are written only by
the database function `audit_append`, which chains each transaction's events to those before it; nobody has
the right to insert, change or delete a row by hand.
"""

from typing import Any

from django.db import connection, models


class AuditEvent(models.Model):
    """One access or change. Partitioned by month; `link` is its transaction's place in the clinic's chain."""

    id = models.UUIDField(primary_key=True)
    clinic_id = models.UUIDField()
    link = models.BigIntegerField()
    at = models.DateTimeField()
    person_id = models.UUIDField(null=True)
    person_kind = models.TextField()
    verb = models.TextField()
    patient_id = models.UUIDField(null=True)
    thing = models.TextField()
    thing_id = models.TextField()
    reason = models.TextField()
    origin = models.TextField()
    outcome = models.TextField()
    detail = models.JSONField()

    class Meta:
        managed = False
        db_table = "audit_event"


def append(clinic_id: Any, events: str) -> None:
    """Write `events` (a JSON list) as the clinic's next link. Must be the last statement before the commit:

    it holds the clinic's chain until then.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_append(%s, %s::jsonb)", [clinic_id, events])


def broken_links(clinic_id: Any) -> list[int]:
    """Return the numbers of the links whose events no longer match their hash; an empty list means a sound trail."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT link FROM audit_broken(%s)", [clinic_id])
        return [row[0] for row in cursor.fetchall()]


def chains() -> list[tuple[Any, int]]:
    """Return every clinic that has a trail, with the number of its links. For the worker and the owner alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clinic_id, links FROM audit_clinics()")
        return cursor.fetchall()
