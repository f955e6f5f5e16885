"""What may overtake what between a browser, its seat and the media server."""

import asyncio
from uuid import uuid4

import pytest

from openiop.room.media.janus import JanusLink, MediaError
from openiop.room.media.rooms import MediaRoom
from openiop.room.media.seat import MediaSeat
from openiop.room.protocol import Start, Subscribe

STREAMS = [{"mid": "0", "feed_id": "somebody", "type": "audio", "active": True}]


class SlowLine:
    """A line to a media server whose answer to `start` comes only when it is let go."""

    session = 1

    def __init__(self):
        self.let_go = asyncio.Event()
        self.handles = 0

    async def attach(self, *, opaque_id):
        self.handles += 1
        return self.handles

    async def detach(self, handle):
        await asyncio.sleep(0)

    async def message(self, handle, body, jsep=None):
        if body["request"] == "start":
            await self.let_go.wait()
            return {}, None
        return {"streams": STREAMS}, {"type": "offer", "sdp": "v=0"}


@pytest.fixture
async def seat(heard):
    ears = heard()
    made = MediaSeat(None, MediaRoom.unguessable(), uuid4(), on_event=ears.event)
    made._link, made.feeds = SlowLine(), {"somebody"}
    made._settling = asyncio.create_task(made._settle())
    yield made, ears
    made._settling.cancel()


async def test_an_answer_to_an_earlier_connection_does_not_swallow_the_offer_of_the_next(seat):
    media, ears = seat
    await media.handle(Subscribe(kind="subscribe", feeds="all"))
    await ears.wait_for("offer", lambda event: event.leg == 1)
    answering = asyncio.create_task(media.handle(Start(kind="start", leg=1, sdp="v=0")))
    await asyncio.sleep(0)
    await media.handle(Subscribe(kind="subscribe", feeds="all", fresh=True))
    await ears.wait_for("offer", lambda event: event.leg == 2)

    media._link.let_go.set()
    await answering

    assert await media.handle(Start(kind="start", leg=2, sdp="v=0")) == {}


async def test_whoever_waits_for_a_connection_that_was_given_up_is_told_at_once(rooms):
    async def nobody(_event=None):
        pass

    link = await JanusLink.opened(rooms.janus, on_event=nobody, on_lost=nobody)
    handle = await link.attach()
    answer: asyncio.Future = asyncio.get_running_loop().create_future()
    link._waiting["never answered"] = answer, {"handle_id": handle}, True

    await link.detach(handle)

    with pytest.raises(MediaError) as refusal:
        answer.result()
    assert refusal.value.code == 459
    link._waiting.clear()
    await link.destroy()


async def test_a_page_that_begins_anew_after_an_answer_is_given_a_new_offer(seat):
    media, ears = seat
    media._link.let_go.set()
    media._wanted = "all"
    media._line.set()
    await ears.wait_for("offer", lambda event: event.leg == 1)
    await media.handle(Start(kind="start", leg=1, sdp="v=0"))

    await media.handle(Subscribe(kind="subscribe", feeds="all", fresh=True))

    assert (await ears.wait_for("offer", lambda event: event.leg == 2)).sdp == "v=0"


async def test_an_offer_made_unasked_is_said_again_to_a_page_that_was_not_ready_for_it(seat):
    media, ears = seat
    media._wanted = "all"
    media._line.set()
    await ears.wait_for("offer", lambda event: event.leg == 1)
    before = ears.kinds().count("offer")

    await media.handle(Subscribe(kind="subscribe", feeds="all", fresh=True))

    offers = [event for event in ears.events if event.kind == "offer"]
    assert len(offers) == before + 1
    assert {event.leg for event in offers} == {1}
