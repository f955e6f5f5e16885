"""Where the group is in its plan: by the clock, or where whoever leads said it is. It changes no minutes.

Rules: docs/rules/together.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.http import Http404

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person
from openiop.room import admission
from openiop.room.cards.models import AgendaMark
from openiop.room.together.leading import take_turn
from openiop.schedule.models import Block, CareSession


@transaction.atomic
def mark(session: CareSession, block_id: UUID, *, by: Person, at: datetime) -> None:
    """The group is at this block now. Raises PermissionDenied, and Http404 for a block of another session."""
    take_turn(session, by)
    block = session.blocks.filter(pk=block_id).first()
    if block is None:
        raise Http404
    AgendaMark.objects.update_or_create(
        session=session, defaults={"clinic_id": session.clinic_id, "n": block.n, "by": by, "at": at}
    )
    trail.record("room.agenda", thing=session)
    wake(admission.topic(session))


def now_at(session: CareSession, *, at: datetime) -> Block | None:
    """Return the block the group is at, as far as the acting person may know: who waits has the clock alone."""
    standing = AgendaMark.objects.filter(session=session).first()
    return current(list(session.blocks.all()), standing, at=at)


def current(blocks: Sequence[Block], standing: AgendaMark | None, *, at: datetime) -> Block | None:
    """Return the block of the mark, until the clock begins a later block after the mark was set; else the clock's.

    So a group that runs late, or early, is where it is; and a mark that was forgotten does not stay for ever.
    """
    by_clock = next((block for block in blocks if block.begins_at <= at < block.ends_at), None)
    marked = next((block for block in blocks if standing and block.n == standing.n), None)
    if standing is None or marked is None:
        return by_clock
    begun = [block for block in blocks if standing.at < block.begins_at <= at and block.n > standing.n]
    return by_clock if begun else marked
