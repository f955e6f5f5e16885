"""What a clinic makes of the shipped list: phrases it switched off, and phrases of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.measures.phrases.matching import Phrase
from openiop.measures.phrases.shipped import shipped
from openiop.people.models import Person, Row

CATEGORIES = [
    ("suicide", _("Suicide")),
    ("farewell", _("Burden, farewell, no hope")),
    ("self_harm", _("Self-harm")),
    ("overdose", _("Overdose and withdrawal")),
    ("harmed", _("Being harmed")),
    ("harm_others", _("Harm to others")),
    ("other_person", _("Somebody close is in danger")),
]
TIERS = [
    (1, _("1: today")),
    (2, _("2: within hours")),
    (3, _("3: within the hour")),
    (4, _("4: now")),
]


class OwnPhrase(Row):
    """A phrase this clinic listens for beside the shipped ones, until it is ended. Its words are never changed."""

    language = models.CharField(_("Language"), max_length=2, choices=[("en", "English"), ("es", "Español")])
    category = models.TextField(_("Category"), choices=CATEGORIES)
    tier = models.PositiveSmallIntegerField(_("How soon"), choices=TIERS, default=2)
    words = models.TextField(_("Words"))
    why = models.TextField(_("Why"))
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(tier__range=(1, 4)), name="phrase_tier_1_to_4"),
            models.UniqueConstraint(
                fields=["clinic", "words"], condition=Q(ended_at=None), name="one_own_phrase_of_these_words"
            ),
        ]

    @property
    def phrase(self) -> Phrase:
        return Phrase(str(self.pk), self.language, self.category, self.tier, self.words, self.why)

    def end(self, *, by: Person, at: datetime) -> None:
        """From now on this phrase is not listened for."""
        self.ended_at, self.ended_by = at, by
        self.save(update_fields=["ended_at", "ended_by"])
        trail.record("phrase.end", thing=self)


class PhraseOff(Row):
    """A shipped phrase that this clinic switched off, and why; until it is switched on again."""

    code = models.TextField()
    because = models.TextField(_("Why it is switched off"))
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "code"], condition=Q(ended_at=None), name="off_once_at_a_time")
        ]


class NoSuchPhrase(ValueError):
    """No shipped phrase has this code."""


def add(words: str, *, language: str, category: str, tier: int, why: str, by: Person, at: datetime) -> OwnPhrase:
    """Listen for these words too, from now on."""
    made = OwnPhrase.objects.create(
        clinic_id=by.clinic_id,
        words=" ".join(words.split()),
        language=language,
        category=category,
        tier=tier,
        why=why,
        by=by,
        at=at,
    )
    trail.record("phrase.add", thing=made, category=category, tier=tier)
    return made


def switch_off(code: str, *, because: str, by: Person, at: datetime) -> PhraseOff:
    """Stop listening for a shipped phrase; one that is off already stays as it was. Raises NoSuchPhrase."""
    if code not in {phrase.code for phrase in shipped()}:
        raise NoSuchPhrase(code)
    off, made = PhraseOff.objects.get_or_create(
        clinic_id=by.clinic_id, code=code, ended_at=None, defaults={"because": because, "by": by, "at": at}
    )
    if made:
        trail.record("phrase.off", thing=off, code=code)
    return off


def switch_on(code: str, *, by: Person, at: datetime) -> None:
    """Listen for a shipped phrase again."""
    if PhraseOff.objects.filter(clinic_id=by.clinic_id, code=code, ended_at=None).update(ended_at=at, ended_by=by):
        trail.record("phrase.on", code=code)


def of_clinic(clinic_id: Any) -> tuple[Phrase, ...]:
    """Return the phrases that a clinic listens for: the shipped ones not switched off, then its own."""
    off = set(PhraseOff.objects.filter(clinic_id=clinic_id, ended_at=None).values_list("code", flat=True))
    own = OwnPhrase.objects.filter(clinic_id=clinic_id, ended_at=None).order_by("at")
    return (*(phrase for phrase in shipped() if phrase.code not in off), *(row.phrase for row in own))
