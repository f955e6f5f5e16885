"""Supporters at the door and in the room: whom a patient has beside them in one meeting (docs/rules/kinds.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from openiop.people.models import Person
from openiop.people.support import SupporterLink
from openiop.schedule import kinds
from openiop.schedule.models import CareSession


def comes_to(session: CareSession, supporter: Person) -> bool:
    """Does the link this supporter came by open this very meeting, and is it of a kind that supporters come to?

    Whether the link still stands the database knows: to one whose link is over the session does not exist.
    """
    link = supporter.link
    if link is None or link.session_id != session.pk or not kinds.rule_of(session).supporters:
        return False
    return CareSession.objects.filter(pk=session.pk).exists()


def may_be_invited(session: CareSession) -> bool:
    """For staff: is this of a kind that supporters come to, with no other patient whose words they would hear?"""
    return kinds.rule_of(session).supporters and session.roster.standing().count() <= 1


def here_for(session: CareSession, *, at: datetime | None = None) -> dict[Any, str]:
    """For staff: those whose link to this session stands, and the name of the patient each comes for."""
    if not may_be_invited(session):
        return {}
    links = SupporterLink.objects.standing(at or timezone.now()).filter(session_id=session.pk, used_at__isnull=False)
    return dict(links.values_list("supporter_id", "consent__patient__called"))
