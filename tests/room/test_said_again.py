"""What a person said for themselves and a bad line sends again: kept once, answered each time, and nobody else's."""

from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import breakouts, protocol
from openiop.room.consumers import RoomConsumer
from openiop.room.models import HelpCall, Signal
from openiop.safety.models import Case
from tests.room.test_admission import at_the_door
from tests.room.test_breakout_sockets import in_the_group, prepared
from tests.room.test_consumers import Tab, media, people, tabs  # noqa: F401 (fixtures)


def kept(key, *, done=True):
    return lambda message: message == {"type": "kept", "id": key, "done": done}


def signals_of(cast, key):
    with acting(cast["bea"]):
        return list(Signal.objects.filter(patient=cast[key]).order_by("at", "pk"))


def calls_of(cast, key):
    with acting(cast["bea"]):
        return list(HelpCall.objects.filter(seat__person=cast[key]))


def flags_of(cast, key):
    with acting(cast["bea"]):
        case = Case.objects.visible_to(cast["bea"]).open().filter(patient=cast[key]).first()
        return case.flags.filter(key__startswith="signal").count() if case else 0


@pytest.fixture
def line_dies_before_the_echo(monkeypatch):
    """The first `Kept` is never sent: the socket dies between what was committed and what was said of it."""
    says, died = RoomConsumer._say, []

    async def say(self, message):
        if isinstance(message, protocol.Kept) and not died:
            died.append(message.id)
            await self.close()
            return
        await says(self, message)

    monkeypatch.setattr(RoomConsumer, "_say", say)
    return died


async def test_a_call_whose_line_died_before_the_echo_is_one_call_one_flag_and_is_answered(
    people,  # noqa: F811
    media,  # noqa: F811
    line_dies_before_the_echo,
):
    session, at = await in_the_group(people, "sam")
    sam, key = at["sam"], str(uuid4())
    async with tabs(at["bea"]):
        await sam.say(type="signal", id=key, kind="not_safe")
        assert (await sam.socket.receive_output(timeout=20))["type"] in ("websocket.send", "websocket.close")
        await at["bea"].room(lambda room: room["lead"]["signals"])
        again = await Tab(people["sam"], session.pk, sam.connection).open()
        await again.say(type="signal", id=key, kind="not_safe")
        await again.until(kept(key))
        await again.say(type="signal", id=key, kind="not_safe")
        await again.until(kept(key))
        await again.close()

    assert [str(given) for given in line_dies_before_the_echo] == [key]
    assert [row.kind for row in await database_sync_to_async(signals_of)(people, "sam")] == ["not_safe"]
    assert await database_sync_to_async(flags_of)(people, "sam") == 1


async def test_somebody_elses_key_is_a_call_of_their_own_and_tells_nothing_of_the_first(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "sam", "maya")
    key = str(uuid4())
    async with tabs(*at.values()):
        await at["sam"].say(type="signal", id=key, kind="not_safe")
        await at["sam"].until(kept(key))
        await at["maya"].say(type="signal", id=key, kind="not_safe")
        await at["maya"].until(kept(key))

    for person in ("sam", "maya"):
        assert len(await database_sync_to_async(signals_of)(people, person)) == 1
        assert await database_sync_to_async(flags_of)(people, person) == 1, "neither is swallowed by the other's"


async def test_help_asked_in_a_breakout_is_one_call_even_when_it_was_answered_meanwhile(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    key = str(uuid4())
    async with tabs(bea, maya, sam):
        ids, _seats = await prepared(bea, Willow=["Maya"], Cedar=["Sam"])
        await bea.say(type="breakouts_open")
        await sam.room(lambda room: room["breakout"])
        await sam.say(type="ask_help", asks=True, id=key)
        await sam.until(kept(key))
        await bea.say(type="hop", room=ids["Cedar"])
        await sam.room(lambda room: room["breakout"] and any(seat["name"] == "Bea" for seat in room["seats"]))
        await sam.say(type="ask_help", asks=True, id=key)
        await sam.until(kept(key))

    calls = await database_sync_to_async(calls_of)(people, "sam")
    assert [call.ended for call in calls] == ["answered"]


async def test_help_asked_without_a_line_reaches_who_leads_though_the_rooms_have_ended(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    early, late = str(uuid4()), str(uuid4())
    async with tabs(bea, maya, sam):
        await prepared(bea, Willow=["Maya"], Cedar=["Sam"])
        await bea.say(type="breakouts_open")
        await maya.room(lambda room: room["breakout"])
        await maya.say(type="ask_help", asks=True, id=early)
        await maya.until(kept(early))
        await bea.say(type="breakouts_close", seconds=0)
        for tab in (maya, sam):
            await tab.room(lambda room: room["breakout"] is None and len(room["seats"]) == 3)

        for tab, key in ((maya, early), (sam, late), (sam, late)):
            await tab.say(type="ask_help", asks=True, id=key)
            await tab.until(kept(key))
        seen = await bea.room(lambda room: room["lead"]["signals"])
        assert [(one["name"], one["kind"]) for one in seen["lead"]["signals"]] == [("Sam", "word")]

    assert await database_sync_to_async(signals_of)(people, "maya") == [], "hers had arrived while the rooms ran"


async def test_what_is_refused_is_said_to_be_refused_and_the_room_goes_on(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "sam")
    bea, key = at["bea"], str(uuid4())
    async with tabs(*at.values()):
        await bea.say(type="signal", id=key, kind="word")
        await bea.until(kept(key, done=False))
        await bea.say(type="ask_help", asks=True, id=key)
        await bea.until(kept(key, done=False))
        await at["sam"].say(type="hand", raised=True, id=key)
        await at["sam"].until(kept(key))
        await bea.room(lambda room: any(seat["hand_at"] for seat in room["seats"]))


async def test_a_tab_that_knows_no_keys_is_answered_as_before(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "sam")
    async with tabs(*at.values()):
        await at["sam"].say(type="hand", raised=True)
        await at["sam"].say(type="beat")
        await at["sam"].until(lambda message: message["type"] == "beat")

    assert not [message for message in at["sam"].heard if message["type"] == "kept"]


@pytest.mark.django_db
def test_nobody_asks_late_in_anothers_name(cast):
    seat = at_the_door(cast["sam"])
    with pytest.raises(PermissionDenied), acting(cast["maya"]):
        breakouts.ask_late(seat, key=uuid4(), by=cast["maya"], at=world.NOW)
    assert signals_of(cast, "sam") == signals_of(cast, "maya") == []
