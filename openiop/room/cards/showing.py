"""Showing a skills card to everybody in the group, and keeping it for afterwards. Rules: docs/rules/together.md."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.room import admission, signals
from openiop.room.cards.library import Card, all_cards
from openiop.room.cards.models import CardShown, KeptCard
from openiop.room.models import Seat
from openiop.room.together.leading import take_turn
from openiop.schedule.models import CareSession


@transaction.atomic
def show(session: CareSession, code: str, *, by: Person, at: datetime) -> CardShown:
    """Show a card, in place of the one before. Raises PermissionDenied, and Http404 for a card we do not have."""
    take_turn(session, by)
    if code not in all_cards():
        raise Http404
    _put_away(session, at=at)
    shown = CardShown.objects.create(clinic_id=session.clinic_id, session=session, code=code, by=by, at=at)
    trail.record("room.card", thing=session, card=code)
    wake(admission.topic(session))
    return shown


@transaction.atomic
def put_away(session: CareSession, *, by: Person, at: datetime) -> None:
    """Raises PermissionDenied."""
    take_turn(session, by)
    _put_away(session, at=at)
    wake(admission.topic(session))


@transaction.atomic
def keep(seat: Seat, code: str, *, by: Person, at: datetime) -> None:
    """A patient keeps a card that was shown where they are. Raises PermissionDenied, and Http404 for any other card."""
    if seat.role != "patient" or seat.person_id != by.pk:
        raise PermissionDenied
    if not CardShown.objects.filter(session=seat.session_id, code=code).exists():
        raise Http404
    KeptCard.objects.get_or_create(patient=by, code=code, defaults={"clinic_id": by.clinic_id, "at": at})
    wake(signals.seat_topic(seat.pk))  # that somebody keeps a card is nobody else's


@transaction.atomic
def release(patient: Person, code: str) -> None:
    """Keep it no longer."""
    KeptCard.objects.filter(patient=patient, code=code).delete()


def kept_by(patient: Person) -> list[Card]:
    """Return the cards a patient keeps, the newest first. A card we no longer have is passed over."""
    codes = KeptCard.objects.filter(patient=patient).order_by("-at", "-pk").values_list("code", flat=True)
    return [all_cards()[code] for code in codes if code in all_cards()]


def shown_in(session: CareSession) -> CardShown | None:
    return CardShown.objects.filter(session=session, put_away_at=None).first()


def _put_away(session: CareSession, *, at: datetime) -> None:
    CardShown.objects.filter(session=session, put_away_at=None).update(put_away_at=at)
