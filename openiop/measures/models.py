"""What patients report: an observation at a time, with its source."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people import access
from openiop.people.models import Person, Row
from openiop.programs.models import Track


class Cadence(Row):
    """How often a track asks for an instrument, and who says so."""

    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="cadences")
    instrument = models.TextField(_("Measure"))
    every_days = models.PositiveSmallIntegerField(_("Every (days)"))
    source = models.TextField(_("Source"), blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["track", "instrument"], name="one_cadence_each")]

    @classmethod
    def agree(cls, track: Track, *, instrument: str, every_days: int, source: str, by: Person, at: datetime) -> Cadence:
        """From now on `track` asks for `instrument` every so many days; an earlier rule for the same is replaced."""
        cadence, _made = cls.objects.update_or_create(
            track=track,
            instrument=instrument,
            defaults={"clinic_id": track.clinic_id, "every_days": every_days, "source": source},
        )
        trail.record("cadence.agree", thing=cadence, instrument=instrument, every_days=every_days)
        return cadence


class ResponseQuerySet(models.QuerySet["Response"]):
    def visible_to(self, person: access.Actor) -> ResponseQuerySet:
        return self.filter(clinic_id=person.clinic_id).filter(access.about(person, "patient_id"))


class Response(Row):
    """One patient's answers to one version of an instrument for one day (the day in the patient's zone)."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="responses")
    instrument = models.TextField()
    version = models.PositiveSmallIntegerField()
    for_day = models.DateField()
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    total = models.SmallIntegerField(null=True)
    band = models.TextField(blank=True)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "instrument", "for_day"], name="one_response_a_day")]


class Answer(Row):
    """One tap or word. Append-only: a corrected tap is a further answer, and the newest counts.

    `key` is made on the device; an answer sent twice is stored once.
    """

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="answers")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    item = models.TextField()
    value = models.JSONField()
    key = models.UUIDField()
    answered_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "patient", "key"], name="an_answer_is_stored_once")]
        indexes = [models.Index(fields=["response", "item", "received_at"], name="answer_newest")]


# Tables that live with their subject; Django learns of them here.
from openiop.measures.blocks.assembled import CheckInForm  # noqa: E402
from openiop.measures.phrases.own import OwnPhrase, PhraseOff  # noqa: E402

__all__ = ["Answer", "Cadence", "CheckInForm", "OwnPhrase", "PhraseOff", "Response", "ResponseQuerySet"]
