"""What was said while a group was led is no part of the record: deleted with it, by a job if nobody ends it."""

from __future__ import annotations

from datetime import datetime

from openiop.room.admission import CLOSES_AFTER
from openiop.room.leading.models import Chat, ChatLine, DoorMessage, Spotlight, Stick
from openiop.room.models import LiveRoom, Place
from openiop.schedule.models import CareSession

SAID = (ChatLine, Chat, DoorMessage, Spotlight, Stick)


def forget(session: CareSession) -> None:
    """Delete what was said in this session."""
    for table in SAID:
        table.objects.filter(session=session).delete()


def forget_over(*, at: datetime) -> int:
    """Delete what was said in sessions that are over, whether or not anybody ended them; returns of how many."""
    ended = set(LiveRoom.objects.filter(place=Place.GROUP, ended_at__lte=at).values_list("session_id", flat=True))
    found = [session for session in _with_words() if session.pk in ended or session.ends_at + CLOSES_AFTER < at]
    for session in found:
        forget(session)
    return len(found)


def _with_words() -> list[CareSession]:
    said = {pk for table in SAID for pk in table.objects.values_list("session_id", flat=True).distinct()}
    return list(CareSession.objects.filter(pk__in=said))
