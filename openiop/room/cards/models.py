"""The agenda's mark, the card that is shown, and the cards that patients keep. Who may read what: the migration."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from openiop.people.models import Person, Row
from openiop.schedule.models import CareSession


class AgendaMark(Row):
    """Where whoever leads says the group is in its plan: at the block `n`. The newest replaces the one before.

    By number, so that a plan that is made anew takes no mark with it. It changes no minutes.
    """

    session = models.OneToOneField(CareSession, on_delete=models.CASCADE, related_name="+")
    n = models.PositiveSmallIntegerField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class CardShown(Row):
    """A skills card beside the faces of everybody in the group.

    Shown → put away (`put_away_at`), by whoever leads or because another card took its place. One at a time that is
    not put away. What was shown in a session stays: it is what was taught.
    """

    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, related_name="cards_shown")
    code = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    put_away_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session"], condition=Q(put_away_at=None), name="one_card_at_a_time"),
            models.CheckConstraint(condition=~Q(code=""), name="a_card_has_a_code"),
        ]


class KeptCard(Row):
    """A card that a patient keeps for afterwards. Theirs alone, and deleted when they keep it no longer."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    code = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "code"], name="a_card_is_kept_once")]
