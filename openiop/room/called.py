"""A clinician who does not lead, called to a private place with one person: in that place alone, while the call stands.

They lead nothing, and are in the group never; who leads and asked them by name is their way in. Where they sit the
database decides (migration 0035). Rules: docs/rules/leading.md, 22 to 28.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404

from openiop.people.access import Actor
from openiop.room import protocol, staffing
from openiop.room.leading.models import AsideAsk
from openiop.room.models import ASIDE, MyCompany, Neighbour, Place, Seat, SeatState
from openiop.schedule.models import CareSession

CALLED = "called"
Word = Literal["asked", "coming", "late", "here", "lost", "declined", "unable"]

MAY_SAY = (
    protocol.Beat,
    protocol.Self,
    protocol.Media,
    protocol.Keys,
    protocol.Leave,
    protocol.AsideEnd,
)


def word_of(
    *, at: datetime, asked_at: datetime, coming_at: datetime | None, is_there: bool | None, after: timedelta
) -> Word:
    """Return how a standing call is now. `is_there`: None until they have arrived, then whether their line lives.

    The clock runs from the question, and once more from "I am coming": whoever says so and is not there is late too.
    """
    if is_there is not None:
        return "here" if is_there else "lost"
    if at - (coming_at or asked_at) >= after:
        return "late"
    return "coming" if coming_at else "asked"


def check_may_say(role: str, message: protocol.ClientMessage) -> None:
    """Raise PermissionDenied for what is not theirs to say: they are with one person, and lead nothing here."""
    if role == CALLED and not isinstance(message, MAY_SAY):
        raise PermissionDenied


def standing() -> Any:
    """The calls that somebody is following: they are coming, or there."""
    return AsideAsk.objects.filter(called=True, ended_at=None, coming_at__isnull=False)


def is_called(session: CareSession, actor: Actor) -> bool:
    return bool(standing().filter(session=session, whom_id=actor.pk).exists())


def one_at_a_time(session: CareSession) -> None:
    """Hold whatever else begins, answers or ends a call of this session until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"called {session.pk}"])


def hold(mine: Seat) -> None:
    """Before a row of theirs is written: the session's calls, then the person's seat, and only then their own.

    Whoever moves the person holds the person's seat, then the call, then theirs: in another order the two would wait
    for each other, and one of them be lost.
    """
    if mine.role == CALLED and mine.place.startswith(ASIDE):
        one_at_a_time(mine.session)
        Seat.objects.select_for_update(of=("self",)).filter(pk=mine.place.removeprefix(ASIDE)).first()


def check_still_called(seat: Seat) -> None:
    """Raise Http404 once the call is over: the database has put them out."""
    if seat.role == CALLED and seat.state != SeatState.ADMITTED:
        raise Http404


def keeps_out(session: CareSession, actor: Actor, role: str, *, at: datetime) -> bool:
    """Was this one of the staff called here before, and is over? Then a page that reloads brings them into no group.

    Except where nobody leads it: then anybody of the staff is welcome.
    """
    was_called = role == "staff" and Seat.objects.filter(session=session, person_id=actor.pk, role=CALLED).exists()
    return was_called and staffing.led_now(Neighbour.of(session.pk), at=at)


def settle(seat: Seat, *, role: str, at: datetime) -> None:
    """Make the seat that of whoever was called, or, where they come as something else now, that again."""
    if role == CALLED:
        if (seat.role, seat.state) != (CALLED, SeatState.ADMITTED):
            seat.role, seat.state, seat.admitted_at = CALLED, SeatState.ADMITTED, seat.admitted_at or at
            seat.save()
    elif seat.role == CALLED:
        seat.role, seat.place, seat.state, seat.admitted_at = role, Place.GROUP, SeatState.ADMITTED, at
        seat.save()
    seat.refresh_from_db(fields=["place", "state"])  # the database has had its say


def company(seat: Seat) -> protocol.Company | None:
    """What the person themselves may know: who asked for whom, and how far it is."""
    if seat.role != "patient" or (found := MyCompany.of(seat.session_id)) is None:
        return None
    return protocol.Company(word=found.word, by=found.asked_by, name=found.name)  # type: ignore[arg-type]


def place_of(mine: Seat, neighbours: Iterable[Neighbour]) -> protocol.CalledNow | None:
    """For whoever was called: whom for, and whether they are with them."""
    if mine.role != CALLED:
        return None
    with_me = [row for row in neighbours if mine.place == f"{ASIDE}{row.id}"]
    return next((protocol.CalledNow(name=row.called, there=row.place == mine.place) for row in with_me), None)
