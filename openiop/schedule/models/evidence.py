"""Who was there, and for how long: signs of presence, minutes counted from them, and what a facilitator corrects."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people.models import Device, Person, Row
from openiop.schedule.models.blocks import Block
from openiop.schedule.models.roster import RosterEntry
from openiop.schedule.models.sessions import CareSession


class Evidence(Row):
    """One sign of presence: came, still there, went. Append-only; minutes are counted from these rows alone.

    `connection` tells devices apart (a browser tab, the site's door); `at` is the server's time. Without `treatment`
    the person was in contact with staff but not treated (nobody there is licensed where they are): seen, not counted.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="evidence")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    kind = models.TextField(choices=[("in", "in"), ("beat", "beat"), ("out", "out")])
    source = models.TextField(choices=[(s, s) for s in ("room", "media", "kiosk", "desk", "hand")])
    connection = models.TextField(default="")
    place = models.TextField(choices=[("virtual", _("from home")), ("on_site", _("on site"))])
    treatment = models.BooleanField(default=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["session", "patient", "at"], name="evidence_of_session")]


class OneDevice(Row):
    """Two patients of this session take part with one device, as a facilitator saw.

    Here while that is so. No device can say which of the two was there, so none proves anybody's minutes: they come
    from the facilitator's own word with a reason (`Correction`).
    """

    session = models.OneToOneField(CareSession, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    @classmethod
    def say(cls, session: CareSession, *, shared: bool, by: Person, at: datetime) -> None:
        """Note that two patients share a device, or no longer do. Said twice changes nothing."""
        if shared:
            cls.objects.get_or_create(session=session, defaults={"clinic_id": session.clinic_id, "by": by, "at": at})
        else:
            cls.objects.filter(session=session).delete()
        trail.record("session.one-device", thing=session, shared=shared)


class BlockMinutes(Row):
    """Seconds of one patient in one block, counted from the evidence when the session was closed."""

    entry = models.ForeignKey(RosterEntry, on_delete=models.PROTECT, related_name="block_minutes")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    block = models.ForeignKey(Block, on_delete=models.PROTECT, related_name="+")
    block_length = models.PositiveIntegerField()
    seconds = models.PositiveIntegerField()
    place = models.TextField(choices=[("virtual", _("from home")), ("on_site", _("on site"))], blank=True)
    treatment = models.BooleanField(default=True)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "block"], name="counted_once"),
            models.CheckConstraint(condition=Q(seconds__lte=F("block_length") * 60), name="minutes_within_block"),
        ]


class Correction(Row):
    """A facilitator says otherwise, and why. The newest counts; the evidence stays."""

    entry = models.ForeignKey(RosterEntry, on_delete=models.PROTECT, related_name="corrections")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    block = models.ForeignKey(Block, on_delete=models.PROTECT, related_name="+")
    block_length = models.PositiveIntegerField()
    seconds = models.PositiveIntegerField()
    reason = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(seconds__lte=F("block_length") * 60), name="correction_within_block"),
            models.CheckConstraint(condition=~Q(reason=""), name="correction_has_a_reason"),
        ]
