"""The site's device hosts a breakout: those who arrived on site go there as one, and their minutes go on counting."""

from uuid import UUID

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, breakouts, companions
from openiop.room.models import Seat
from openiop.room.on_site import people_on_site
from openiop.schedule import presence
from tests.room.test_admission import at_the_door, come_in, tonight
from tests.room.test_site_device import camera, room_as, tile_of

pytestmark = pytest.mark.django_db

A, B, C = (UUID(int=n) for n in range(3))


@pytest.mark.parametrize(
    ("planned", "seen", "at_home", "expected"),
    [
        pytest.param([A], {A: True}, [], [A], id="planned and arrived"),
        pytest.param([A], {}, [], [A], id="planned, and late"),
        pytest.param([A], {A: False}, [], [], id="left the site again"),
        pytest.param([], {B: True}, [], [B], id="came though another way was planned"),
        pytest.param([A], {}, [A], [], id="planned, and joins from home"),
        pytest.param([A, B], {B: True, C: True}, [C], [B, C, A], id="each once, whatever seat is left at home"),
    ],
)
def test_in_front_of_the_device(planned, seen, at_home, expected):
    assert companions.in_front_of_the_device(planned=planned, seen=seen, at_home=at_home) == expected


def arrives(cast, who, *, kind="in"):
    with acting(cast["hal"]):
        presence.note(
            tonight(cast["bea"]), cast[who], kind=kind, source="desk", connection="desk", place="on_site", at=world.NOW
        )


@pytest.fixture
def evening(cast):
    """Bea leads; Sam is in from home, the camera stands in the room with Jonah and Theo in front of it."""
    bea = come_in(cast["bea"])
    device = camera(cast["okafor"])
    with acting(device):
        seat = admission.ask(bea.session, device, at=world.NOW)
    at_the_door(cast["sam"])
    come_in(cast["sam"])
    for who in ("jonah", "theo"):
        arrives(cast, who)
    with acting(cast["bea"]):
        sam = admission.admit(Seat.objects.get(person=cast["sam"], session=bea.session), by=cast["bea"], at=world.NOW)
        Seat.objects.filter(session=bea.session).update(online=True, seen_at=world.NOW)
    return {"bea": bea, "site": seat, "sam": sam, "device": device}


def opened(cast, evening, **rooms):
    """Open two breakouts with these seats in them; return the places by number."""
    session = evening["bea"].session
    with acting(cast["bea"]):
        made = breakouts.prepare(session, rooms=2, how="hand", minutes=None, late="ask", by=cast["bea"], at=world.NOW)
        places = {room.n: room for room in made.rooms.all()}
        for key, n in rooms.items():
            breakouts.place(session, evening[key].pk, places[n].pk, by=cast["bea"], at=world.NOW)
        breakouts.open_rooms(session, by=cast["bea"], at=world.NOW)
    return {n: room.place for n, room in places.items()}


def test_those_who_arrived_are_one_party_with_the_device(cast, evening):
    arrives(cast, "priya")
    arrives(cast, "theo", kind="out")
    with acting(cast["bea"]):
        party = breakouts.Scene.of(evening["bea"].session, at=world.NOW).parties[evening["site"].pk]

    assert {cast["jonah"].pk, cast["priya"].pk} <= party.people and cast["theo"].pk not in party.people


def test_in_a_breakout_those_who_sit_there_read_who_is_in_front_of_the_device(cast, evening):
    opened(cast, evening, site=1, sam=1)

    assert tile_of(room_as(evening["sam"], cast["sam"])).people == ["Jonah", "Theo"]
    assert tile_of(room_as(evening["site"], evening["device"])).people == ["Jonah", "Theo"]


def test_in_another_breakout_nobody_reads_it(cast, evening):
    opened(cast, evening, site=1, sam=2)

    assert not any(seat.role == "site" for seat in room_as(evening["sam"], cast["sam"]).seats)
    with acting(cast["sam"]):
        assert people_on_site(evening["bea"].session.pk) == []


def test_the_telephones_of_those_on_site_follow_the_device_and_come_back_with_it(cast, evening):
    jonah = come_in(cast["jonah"])
    places = opened(cast, evening, site=2)
    with acting(cast["bea"]):
        assert Seat.objects.get(pk=jonah.pk).place == places[2]
        breakouts.close(evening["bea"].session, seconds=0, by=cast["bea"], at=world.NOW)
        assert Seat.objects.get(pk=jonah.pk).place == Seat.objects.get(pk=evening["site"].pk).place == "group"
