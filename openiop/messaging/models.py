"""Every email, text and push that leaves the clinic, with its receipt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.db.models import Q

from openiop.lib.ids import uuid7
from openiop.people.models import Person, Row

LEASE = timedelta(seconds=60)
MOST_TRIES = 12


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, at: datetime) -> DeliveryQuerySet:
        return self.filter(sent_at__isnull=True, given_up_at__isnull=True, not_before__lte=at)

    def claim(self, *, at: datetime, most: int = 20) -> list[Delivery]:
        """Take up to `most` deliveries that are due, each for one lease; two workers never take the same one."""
        chosen = self.due(at).order_by("not_before").select_for_update(skip_locked=True)[:most]
        taken = list(chosen)
        self.filter(pk__in=[row.pk for row in taken]).update(not_before=at + LEASE, tries=models.F("tries") + 1)
        for row in taken:
            row.tries += 1
        return taken


class Delivery(Row):
    """One message on one way to one address. Never names a patient, a diagnosis or the clinic's kind.

    Waiting (`sent_at` empty) → sent, or given up after the last try. The worker claims a row by moving
    `not_before` ahead, so a crash while sending means one more try, never none. `error` is the kind of the last
    failure, never its text, which may hold an address.
    """

    to = models.ForeignKey("people.Person", on_delete=models.PROTECT, null=True, related_name="+")
    way = models.TextField(choices=[("email", "email")], default="email")
    address = models.TextField()
    subject = models.TextField()
    body = models.TextField()
    because = models.TextField()
    made_at = models.DateTimeField()
    not_before = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["not_before"], condition=Q(sent_at=None, given_up_at=None), name="delivery_due")
        ]

    def receipt(self, *, at: datetime) -> None:
        """The way has taken the message."""
        self.sent_at, self.error = at, ""
        self.save(update_fields=["sent_at", "error"])

    def failed(self, error: Exception, *, at: datetime) -> None:
        """Try again later, each time twice as long, at most ten minutes; after the last try, give up."""
        self.error = type(error).__name__
        if self.tries >= MOST_TRIES:
            self.given_up_at = at
        else:
            self.not_before = at + min(timedelta(seconds=5 * 2**self.tries), timedelta(minutes=10))
        self.save(update_fields=["error", "given_up_at", "not_before"])


def send(to: Person, *, subject: Any, body: Any, because: str, at: datetime) -> Delivery | None:
    """Write a mail to a person, to leave within seconds of this transaction's commit.

    None for a person without sign-in: we know no address of theirs.
    """
    if to.login is None:
        return None
    return Delivery.objects.create(
        clinic_id=to.clinic_id,
        to=to,
        address=to.login.email,
        subject=str(subject),
        body=str(body),
        because=because,
        made_at=at,
        not_before=at,
    )


def send_about_sign_in(address: str, *, subject: str, body: str, at: datetime) -> None:
    """Write a mail about signing in, before anybody is known; an address nobody signs in with gets none, silently."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT deliver_sign_in_mail(%s, %s, %s, %s, %s)", [uuid7(), address, subject, body, at])
