"""How far sound and picture of a session are sealed: to our media server, or from person to person (decision 0011)."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.room import admission, protocol
from openiop.room.models import EncryptionChoice
from openiop.schedule.models import CareSession

USUAL: protocol.Word = "transport"


def word_for(session: CareSession) -> protocol.Word:
    """Return how far this session's sound and picture are sealed: as the facilitator decided last, else as usual."""
    chosen = EncryptionChoice.objects.filter(session=session).order_by("-at", "-pk").first()
    return chosen.word if chosen else USUAL  # type: ignore[return-value]


@transaction.atomic
def choose(session: CareSession, word: str, *, by: Person, at: datetime) -> None:
    """Decide for everybody in the session, visibly and audited. Raises PermissionDenied for who does not lead it."""
    if admission.role_in(session, by) != "facilitator":
        raise PermissionDenied
    if word == word_for(session):
        return
    EncryptionChoice.objects.create(clinic_id=session.clinic_id, session=session, word=word, by=by, at=at)
    trail.record("room.encryption", thing=session, word=word)
    wake(admission.topic(session))
