"""A patient on site with their own phone: hand, poll, board, signal and reactions, and never sound or picture.

Who is on site is what kiosk, front desk or a colleague saw; nobody chooses it for themselves. Such a seat is a
`companion`: it sits where the site's device sits, proves nobody's presence, and is gone when the person has left.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404

from openiop.room.models import Place, Seat, SeatState, in_treatment
from openiop.schedule.models import CareSession, Evidence

SAID = ("kiosk", "desk", "hand")


def is_on_site(session: CareSession, person: Any) -> bool:
    """Was this person seen to arrive on site for this session, and not to leave?"""
    said = (
        Evidence.objects.filter(session=session, patient_id=person.pk, source__in=SAID).order_by("-at", "-pk").first()
    )
    return said is not None and said.kind != "out" and said.place == "on_site"


def seen_on_site(session: CareSession) -> dict[UUID, bool]:
    """Of everybody whom kiosk, front desk or a colleague saw for this session: are they on site now?"""
    said = Evidence.objects.filter(session=session, source__in=SAID).order_by("at", "pk")
    return {row.patient_id: row.kind != "out" and row.place == "on_site" for row in said}


def in_front_of_the_device(
    *, planned: Iterable[UUID], seen: Mapping[UUID, bool], at_home: Container[UUID]
) -> list[UUID]:
    """Return who is moved with the site's device: whoever arrived, and whoever is planned there and not seen yet.

    Somebody who is late must not find themselves in a room with a person they are kept apart from. Whoever left the
    site is not in front of it, nor who joins from elsewhere (`at_home`) and was not seen to arrive: a seat may outlast
    the tab at home that its person has closed to come.
    """
    arrived = [who for who, is_there in seen.items() if is_there]
    expected = [who for who in planned if who not in seen and who not in at_home]
    return list(dict.fromkeys([*arrived, *expected]))


def check_still_here(seat: Seat) -> None:
    """Raise Http404 for a companion who was seen to leave the site."""
    if seat.companion and not is_on_site(seat.session, seat.person):
        raise Http404


def settle(seat: Seat, *, locked: bool, at: datetime) -> None:
    """Make this a companion's seat: let in, for staff saw them arrive; only what staff decided at the door stands.

    Through a locked door nobody new comes straight in: they wait, ready, and whoever leads lets them in.
    """
    seat.companion, seat.ready, seat.place = True, True, place_of(seat.session)
    seat.audio, seat.video, seat.saving, seat.media = False, False, False, {}
    may_pass = seat.admitted_at is not None or not locked
    if may_pass and seat.state not in (SeatState.REMOVED, SeatState.SENT_BACK):
        seat.state, seat.admitted_at = SeatState.ADMITTED, seat.admitted_at or at
    seat.save()


def unsettle(seat: Seat, *, at: datetime) -> None:
    """They come from elsewhere now: through the door, like everybody at home, and with nothing let in before."""
    seat.companion, seat.ready, seat.place, seat.admitted_at, seat.asked_at = False, False, Place.GROUP, None, at
    if seat.state in (SeatState.ADMITTED, SeatState.LEFT):
        seat.state = SeatState.WAITING
    seat.save()


def place_of(session: CareSession) -> str:
    """Where the site's device sits, and so where companions belong; the group where there is none."""
    device = Seat.objects.filter(session=session, role="site", state=SeatState.ADMITTED).first()
    return device.place if device and in_treatment(device.place) else Place.GROUP


def follow(session: CareSession, to: str) -> None:
    """The site's device goes to another room, and those in front of it with their phones."""
    Seat.objects.filter(session=session, companion=True).update(place=to)
