"""Every email, text and push that leaves the clinic, with its receipt."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from openiop.people.models import Row


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, at: datetime) -> DeliveryQuerySet:
        return self.filter(sent_at__isnull=True, given_up_at__isnull=True, not_before__lte=at)


class Delivery(Row):
    """One message on one way to one address. Never names a patient, a diagnosis or the clinic's kind.

    Waiting (`sent_at` empty) → sent, or given up after the last try. The worker claims a row by moving
    `not_before` ahead, so a crash while sending means one more try, never none.
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
