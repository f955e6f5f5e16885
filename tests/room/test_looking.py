"""What reading the room costs: each wake-up has every tab read it again, so no look may grow with who is there."""

import asyncio
import json
import threading
from pathlib import Path

import pytest
from channels.db import database_sync_to_async
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from openiop.lib import wake
from openiop.people.access import acting
from openiop.room import admission, messages
from openiop.room.consumers import WITH_A_SEAT, RoomConsumer
from openiop.room.leading import door
from openiop.room.models import Seat
from tests.room.test_admission import at_the_door
from tests.room.test_breakouts import NOW, Evening
from tests.room.test_consumers import Tab, media, people, tabs, tonight, wait_at_the_door  # noqa: F401 (fixtures)

COUNTS = Path(__file__).parent.parent / "query_counts.json"


def queries_of_a_look(evening, who):
    """Read the room as the socket does, with the seat at hand."""
    with acting(evening.cast[who]):
        seat = Seat.objects.select_related(*WITH_A_SEAT).get(pk=evening.seat(who).pk)
        with CaptureQueriesContext(connection) as asked:
            _seat, room, *_rest = messages.read(seat, evening.cast[who], NOW, told={})
    return len(asked), room


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_a_look_at_the_room_asks_the_database_as_much_with_four_at_the_door_as_with_one(cast):
    evening = Evening(cast, "maya")
    come(evening, "sam")
    led, _ = queries_of_a_look(evening, "bea")
    taken_part_in, _ = queries_of_a_look(evening, "maya")
    for another in ("priya", "ines", "jonah"):
        come(evening, another)

    after, room = queries_of_a_look(evening, "bea")

    assert len(room.waiting) == 4 and all(row.told for row in room.waiting)
    assert after == led and queries_of_a_look(evening, "maya")[0] == taken_part_in
    bounds = json.loads(COUNTS.read_text())
    assert (led, taken_part_in) == (bounds["room, led"], bounds["room, taken part in"])


def come(evening, who):
    """To the door, where Bea writes to them."""
    seat = at_the_door(evening.cast[who])
    with acting(evening.bea):
        door.say(evening.session, seat_id=seat.pk, text="We begin in five minutes.", by=evening.bea, at=NOW)


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_a_word_waits_for_one_look_at_the_room_and_what_is_kept_for_everybodys(people, media, monkeypatch):  # noqa: F811
    session = await database_sync_to_async(tonight)(people["bea"])
    opened = []
    for who in ("maya", "sam", "priya"):
        await database_sync_to_async(wait_at_the_door)(people[who], session)
        opened.append(await Tab(people[who], session.pk).open())
    bea = await Tab(people["bea"], session.pk).open()
    async with tabs(bea, *opened):
        await bea.room(lambda room: len(room["waiting"]) == 3)
        done, woken, said, free = [], asyncio.Semaphore(0), asyncio.Event(), threading.Event()
        read, woke, act = messages.read, RoomConsumer.wake, RoomConsumer._act

        def looks(*args, **named):
            free.wait(20)
            done.append("look")
            return read(*args, **named)

        async def hears(self, event):
            await woke(self, event)
            woken.release()

        async def acts(self, what, **named):
            if what is raises:
                said.set()  # and in the next breath it stands in line
            return await act(self, what, **named)

        def raises(*args, **named):
            done.append("hand")

        def keeps(*args, **named):
            done.append("keep")

        monkeypatch.setattr(messages, "read", looks)
        monkeypatch.setattr(messages, "hand", raises)
        monkeypatch.setattr(messages, "keep_media", keeps)
        monkeypatch.setattr(RoomConsumer, "wake", hears)
        monkeypatch.setattr(RoomConsumer, "_act", acts)
        await database_sync_to_async(wake_all)(people["bea"], session)
        for _tab in (bea, *opened):
            await woken.acquire()
        await asyncio.sleep(0)  # each has begun to look

        await bea.say(type="media", id=1, request={"kind": "publish", "sdp": "v=0"})
        await bea.until(lambda message: message["type"] == "media")
        await bea.say(type="hand", raised=True)
        await said.wait()
        free.set()
        await bea.say(type="beat")
        await bea.until(lambda message: message["type"] == "beat")

    assert done[:2] == ["look", "hand"]
    assert done[: done.index("keep")].count("look") >= 4


def wake_all(person, session):
    with acting(person):
        wake.wake(admission.topic(session))
