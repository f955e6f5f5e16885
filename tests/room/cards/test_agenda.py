"""Where the group is in its plan: by the clock, or where whoever leads said it is."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from openiop.demo import world
from openiop.lib.ids import uuid7
from openiop.people.access import acting
from openiop.room import admission, state
from openiop.room.cards import agenda
from tests.room.test_admission import at_the_door, come_in, tonight

BEGINS = world.NOW


def minute(n):
    return BEGINS + timedelta(minutes=n)


# Three blocks: 0 to 50, a break to 60, 60 to 110.
BLOCKS = [
    SimpleNamespace(n=n, begins_at=minute(begins), ends_at=minute(ends))
    for n, begins, ends in ((1, 0, 50), (2, 50, 60), (3, 60, 110))
]


@pytest.mark.parametrize(
    ("marked", "set_at", "at", "expected"),
    [
        pytest.param(None, None, -5, None, id="before it begins"),
        pytest.param(None, None, 10, 1, id="the clock"),
        pytest.param(None, None, 50, 2, id="a block ends where the next begins"),
        pytest.param(None, None, 120, None, id="after the plan"),
        pytest.param(2, 40, 45, 2, id="early, because somebody moved on"),
        pytest.param(2, 40, 55, 2, id="and still there when the clock comes to it"),
        pytest.param(2, 40, 60, 3, id="a mark that was forgotten ends with the next block"),
        pytest.param(1, 55, 58, 1, id="the group runs late and stays"),
        pytest.param(1, 55, 61, 3, id="until the clock begins another"),
        pytest.param(1, 65, 100, 1, id="back again after the last began"),
        pytest.param(3, 100, 120, 3, id="over time in the last"),
        pytest.param(7, 40, 45, 1, id="the plan was made anew without it"),
    ],
)
def test_where_the_group_is(marked, set_at, at, expected):
    standing = SimpleNamespace(n=marked, at=minute(set_at)) if marked else None

    found = agenda.current(BLOCKS, standing, at=minute(at))

    assert (found.n if found else None) == expected


@pytest.fixture
def inside(db, cast):
    """Bea leads, Sam is in the group; returns their seats."""
    bea = come_in(cast["bea"])
    seat = at_the_door(cast["sam"])
    with acting(cast["bea"]):
        return {"bea": bea, "sam": admission.admit(seat, by=cast["bea"], at=world.NOW)}


def room_of(person):
    with acting(person):
        return state.room_for(admission.ask(tonight(person), person, at=world.NOW), at=world.NOW)


def test_whoever_leads_moves_on_and_everybody_reads_where_the_group_is(cast, inside):
    blocks = room_of(cast["bea"]).lead.agenda
    assert len(blocks) > 1 and not any(block.now for block in blocks[1:])

    with acting(cast["bea"]):
        agenda.mark(tonight(cast["bea"]), blocks[1].block, by=cast["bea"], at=world.NOW)

    assert [block.now for block in room_of(cast["bea"]).lead.agenda][:2] == [False, True]
    assert room_of(cast["sam"]).session.block == blocks[1].title
    assert room_of(cast["sam"]).lead is None


def test_whoever_does_not_lead_moves_nothing(cast, inside):
    block = room_of(cast["bea"]).lead.agenda[1].block
    with acting(cast["sam"]), pytest.raises(PermissionDenied):
        agenda.mark(tonight(cast["sam"]), block, by=cast["sam"], at=world.NOW)


def test_a_block_of_another_session_is_not_there(cast, inside):
    with acting(cast["bea"]), pytest.raises(Http404):
        agenda.mark(tonight(cast["bea"]), uuid7(), by=cast["bea"], at=world.NOW)


def test_whoever_comes_into_what_is_taught_is_told_to_listen_first_and_staff_are_not(cast, inside):
    assert not room_of(cast["sam"]).me.enters_muted
    taught = next(block for block in room_of(cast["bea"]).lead.agenda if block.title == "Education")
    with acting(cast["bea"]):
        agenda.mark(tonight(cast["bea"]), taught.block, by=cast["bea"], at=world.NOW)

    assert room_of(cast["sam"]).me.enters_muted
    assert not room_of(cast["bea"]).me.enters_muted
