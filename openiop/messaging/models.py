"""Every email, text and push that leaves the clinic, with its receipt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.lib.ids import uuid7
from openiop.people.models import Person, Row

EMAIL, SMS, PUSH = "email", "sms", "push"
WAYS = [(EMAIL, _("e-mail")), (SMS, _("text message")), (PUSH, _("notification"))]
EVERY_WAY = (EMAIL, SMS, PUSH)

STOPPED = "Stopped"  # the kind of failure that means: the person has asked this way to stop

LEASE = timedelta(seconds=60)
MOST_TRIES = 12


class PushSubscription(Row):
    """One browser of one member of staff that asked to be notified. The browser made the keys; the end is kept.

    In force until `ended_at`: taken off by its owner, or its push service said that it is gone.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    endpoint = models.TextField()
    p256dh = models.TextField()
    auth = models.TextField()
    name = models.TextField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "endpoint"], condition=Q(ended_at=None), name="one_subscription_a_browser"
            )
        ]


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def give_up_the_late(self, *, at: datetime) -> int:
        """What would now disturb is not sent any more; returns how many. A page to staff is never late."""
        late = self.filter(sent_at__isnull=True, given_up_at__isnull=True, not_after__lte=at)
        return late.update(given_up_at=at, error="TooLate")

    def due(self, at: datetime) -> DeliveryQuerySet:
        return self.filter(sent_at__isnull=True, given_up_at__isnull=True, not_before__lte=at)

    def claim(self, *, at: datetime, most: int = 8) -> list[Delivery]:
        """Take up to `most` deliveries that are due, each for one lease; two workers never take the same one.

        One that was claimed before and of which nobody said what became of it may have left already: it is counted,
        and sent again. Twice is better than never.
        """
        self.give_up_the_late(at=at)
        chosen = self.due(at).order_by("not_before").select_related("subscription")
        taken = list(chosen.select_for_update(of=("self",), skip_locked=True)[:most])
        for row in taken:
            row.tries += 1
            row.perhaps_twice += row.claimed_at is not None
            row.not_before, row.claimed_at = at + LEASE, at
        Delivery.objects.bulk_update(taken, ["tries", "perhaps_twice", "not_before", "claimed_at"])
        return taken

    def about(self, because: Iterable[str]) -> DeliveryQuerySet:
        return self.filter(because__in=list(because)).order_by("made_at", "way")


class Delivery(Row):
    """One message on one way to one address. Never names a patient, a diagnosis or the clinic's kind.

    Waiting (`sent_at` empty) → sent, or given up after the last try. The worker claims a row by moving
    `not_before` ahead, so a crash while sending means one more try, never none; `perhaps_twice` counts tries that may
    have arrived without our knowing. `receipt` is what the way answered when it took the message. From `not_after` on
    it is not sent any more, where that is set. `error` is the kind
    of the last failure, never its text, which may hold an address.
    """

    to = models.ForeignKey("people.Person", on_delete=models.PROTECT, null=True, related_name="+")
    way = models.TextField(choices=WAYS, default=EMAIL)
    address = models.TextField()
    subscription = models.ForeignKey(PushSubscription, on_delete=models.PROTECT, null=True, related_name="+")
    subject = models.TextField()
    body = models.TextField()
    because = models.TextField()
    made_at = models.DateTimeField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)
    perhaps_twice = models.PositiveSmallIntegerField(default=0, db_default=0)
    sent_at = models.DateTimeField(null=True)
    receipt = models.TextField(blank=True, default="", db_default="")
    given_up_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(subscription=None) | Q(way=PUSH), name="only_a_push_has_a_subscription"),
        ]
        indexes = [
            models.Index(
                fields=["way", "not_before"], condition=Q(sent_at=None, given_up_at=None), name="delivery_due"
            ),
            models.Index(fields=["because"], name="delivery_because"),
        ]

    @property
    def state(self) -> str:
        """`sent`, `given_up`, `failing` (it will be tried again) or `waiting`."""
        if self.sent_at:
            return "sent"
        if self.given_up_at:
            return "given_up"
        return "failing" if self.error else "waiting"

    def note_receipt(self, receipt: str, *, at: datetime) -> None:
        """The way has taken the message."""
        self.sent_at, self.receipt, self.error, self.claimed_at = at, receipt[:200], "", None
        self.save(update_fields=["sent_at", "receipt", "error", "claimed_at"])

    def failed(self, error: Exception, *, at: datetime) -> None:
        """Try again later, each time twice as long, at most ten minutes; after the last try, give up.

        An error that is `final` (the address is gone) gives up at once; one that is `unsure` (nobody answered in time)
        may have arrived.
        """
        self.error, self.claimed_at = type(error).__name__, None
        self.perhaps_twice += bool(getattr(error, "unsure", False))
        if self.tries >= MOST_TRIES or getattr(error, "final", False):
            self.given_up_at = at
        else:
            self.not_before = at + min(timedelta(seconds=5 * 2**self.tries), timedelta(minutes=10))
        self.save(update_fields=["error", "claimed_at", "perhaps_twice", "given_up_at", "not_before"])


def send(to: Person, *, subject: Any, body: Any, because: str, at: datetime) -> Delivery | None:
    """Write a mail to a person, to leave within seconds of this transaction's commit.

    None for a person without sign-in: we know no address of theirs.
    """
    return next(iter(send_by([EMAIL], to, subject=subject, body=body, because=because, at=at)), None)


def send_by(
    ways: Iterable[str],
    to: Person,
    *,
    subject: Any,
    body: Any,
    because: str,
    at: datetime,
    not_after: datetime | None = None,
) -> list[Delivery]:
    """Write one delivery for each of `ways` and address of `to`; a way on which they cannot be reached gives none.

    `not_after`: for what may not disturb; a way that fails until then is given up. Never for a page.
    """
    words: dict[str, Any] = {"subject": str(subject), "body": str(body), "because": because, "made_at": at}
    words |= {"not_before": at, "not_after": not_after}
    return Delivery.objects.bulk_create(
        Delivery(clinic_id=to.clinic_id, to=to, way=way, address=address, subscription=subscription, **words)
        for way in dict.fromkeys(ways)
        for address, subscription in addresses(to, way)
    )


def has_stopped(person: Person, way: str, *, since: datetime | None) -> bool:
    """Has this person told the way itself to stop (the word STOP to a text), and not asked for it again since?"""
    said = Delivery.objects.filter(to=person, way=way, error=STOPPED)
    return (said.filter(given_up_at__gt=since) if since else said).exists()


def addresses(person: Person, way: str) -> list[tuple[str, PushSubscription | None]]:
    """Where a person is reached on one way: none, one, or for notifications each of their browsers."""
    if way == EMAIL:
        return [(person.login.email, None)] if person.login else []
    if way == SMS:
        number = dialled(person.phone) if settings.SMS_URL else None
        return [(number, None)] if number else []
    browsers = PushSubscription.objects.filter(person=person, ended_at=None).order_by("made_at")
    return [(row.endpoint, row) for row in browsers] if settings.PUSH_SECRET else []


def dialled(phone: str) -> str | None:
    """The number as providers want it (+15550100000), or None where it cannot be one. Ten digits are North American."""
    digits = re.sub(r"\D", "", phone)
    if phone.strip().startswith("+"):
        return f"+{digits}" if 8 <= len(digits) <= 15 else None
    if len(digits) == 11 and digits.startswith("1"):
        return f"+{digits}"
    return f"+1{digits}" if len(digits) == 10 else None


def send_about_sign_in(address: str, *, subject: str, body: str, at: datetime) -> None:
    """Write a mail about signing in, before anybody is known; an address nobody signs in with gets none, silently."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT deliver_sign_in_mail(%s, %s, %s, %s, %s)", [uuid7(), address, subject, body, at])
