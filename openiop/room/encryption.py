"""How far sound and picture of a session are sealed: to our media server, or from person to person (decision 0011)."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.core.exceptions import PermissionDenied
from django.db import transaction

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Clinic, Person
from openiop.room import admission, protocol
from openiop.room.models import EncryptionChoice
from openiop.schedule.models import CareSession


def word_for(session: CareSession) -> protocol.Word:
    """Return how far this session is sealed: as a facilitator decided last, else as the clinic has set."""
    chosen = EncryptionChoice.objects.filter(session=session).order_by("-at", "-pk").first()
    return cast(protocol.Word, chosen.word) if chosen else usual(session)


def usual(session: CareSession) -> protocol.Word:
    """Return what the clinic has set for all its rooms."""
    return "end_to_end" if Clinic.objects.filter(pk=session.clinic_id, end_to_end=True).exists() else "transport"


def begin(session: CareSession, *, by: Person, at: datetime) -> None:
    """Hold a session sealed that began so: a form that a director saves later opens no running room unseen."""
    if usual(session) == "end_to_end" and not EncryptionChoice.objects.filter(session=session).exists():
        EncryptionChoice.objects.create(clinic_id=session.clinic_id, session=session, word="end_to_end", by=by, at=at)


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
