"""What may overtake what between a browser, its seat and the media server."""

import asyncio
import json
from types import SimpleNamespace
from unittest.mock import AsyncMock
from uuid import uuid4

import pytest

from openiop.room.media.janus import JanusLink, MediaError
from openiop.room.media.rooms import MediaRoom
from openiop.room.media.seat import MediaSeat
from openiop.room.protocol import Start, Subscribe

STREAMS = [{"mid": "0", "feed_id": "somebody", "type": "audio", "active": True}]


class SlowLine:
    """A line to a media server that answers `start` when it is let go, and refuses what `refuses` names."""

    session = 1

    def __init__(self):
        self.let_go = asyncio.Event()
        self.handles = 0
        self.refuses = set()
        self.sends = {"somebody"}

    async def attach(self, *, opaque_id):
        self.handles += 1
        return self.handles

    async def detach(self, handle):
        await asyncio.sleep(0)

    async def message(self, handle, body, jsep=None):
        if body["request"] in self.refuses:
            raise MediaError("timeout")
        if body["request"] == "listparticipants":
            return {"participants": [{"id": feed, "publisher": True} for feed in sorted(self.sends)]}, None
        if body["request"] == "join" and body["ptype"] == "publisher":
            return {"private_id": 1, "publishers": []}, None
        if body["request"] == "start":
            await self.let_go.wait()
            return {}, None
        return {"streams": STREAMS}, {"type": "offer", "sdp": "v=0"}


@pytest.fixture
async def seat(heard):
    ears = heard()
    made = MediaSeat(None, MediaRoom.unguessable(), uuid4(), on_event=ears.event)
    made.link, made.feeds = SlowLine(), {"somebody"}
    made.subscription.begin()
    yield made, ears
    await made.subscription.stop()


async def test_an_answer_to_an_earlier_connection_does_not_swallow_the_offer_of_the_next(seat):
    media, ears = seat
    await media.handle(Subscribe(kind="subscribe", feeds="all"))
    await ears.wait_for("offer", lambda event: event.leg == 1)
    answering = asyncio.create_task(media.handle(Start(kind="start", leg=1, sdp="v=0")))
    await asyncio.sleep(0)
    await media.handle(Subscribe(kind="subscribe", feeds="all", fresh=True))
    await ears.wait_for("offer", lambda event: event.leg == 2)

    media.link.let_go.set()
    await answering

    assert await media.handle(Start(kind="start", leg=2, sdp="v=0")) == {}


class GuardedLine(SlowLine):
    """One that lets only those subscribe who are in the room; its second answer to coming in is lost on the way."""

    def __init__(self):
        super().__init__()
        self.came_in = 0

    async def message(self, handle, body, jsep=None):
        match body:
            case {"request": "join", "ptype": "publisher"}:
                self.came_in += 1
                if self.came_in == 2:
                    await asyncio.Event().wait()
                return {"private_id": self.came_in, "publishers": []}, None
            case {"request": "join", "ptype": "subscriber", "private_id": said} if said != self.came_in:
                raise MediaError(433, "Unauthorized (this room requires a valid private_id)")
        return await super().message(handle, body, jsep)

    async def close(self):
        """Claimed by whoever comes next."""


@pytest.mark.parametrize("kept_by", ["the last word of the seat", "the seat as it was let go"])
async def test_a_page_reloaded_while_its_seat_came_in_again_is_offered_what_there_is(heard, monkeypatch, kept_by):
    """Closing a page hangs its sending connection up; its seat comes in again, and is let go in the middle of that."""
    line, room, number, before, since = GuardedLine(), MediaRoom.unguessable(), uuid4(), heard(), heard()
    monkeypatch.setattr(JanusLink, "opened", AsyncMock(return_value=line))
    media_server = SimpleNamespace(janus=None)
    seat = MediaSeat(media_server, room, number, on_event=before.event, on_state=before.state)
    await seat.join()
    coming_in = asyncio.create_task(seat._lose_publisher(comes_back=True))
    async with asyncio.timeout(20):
        while line.came_in < 2:
            await asyncio.sleep(0.01)
    kept = before.states[-1] if kept_by == "the last word of the seat" else seat.state()
    coming_in.cancel()
    await seat.release()

    again = MediaSeat(media_server, room, number, on_event=since.event, on_state=since.state)
    assert await again.claim(json.loads(json.dumps(kept)))
    await again.handle(Subscribe(kind="subscribe", feeds="all", fresh=True))
    offer = await since.wait_for("offer")
    assert [stream.feed for stream in offer.streams] == ["somebody"]
    await again.release()


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
    media.link.let_go.set()
    media.subscription.wanted = "all"
    media.subscription.changed()
    await ears.wait_for("offer", lambda event: event.leg == 1)
    await media.handle(Start(kind="start", leg=1, sdp="v=0"))

    await media.handle(Subscribe(kind="subscribe", feeds="all", fresh=True))

    assert (await ears.wait_for("offer", lambda event: event.leg == 2)).sdp == "v=0"


async def test_an_offer_made_unasked_is_said_again_to_a_page_that_was_not_ready_for_it(seat):
    media, ears = seat
    media.subscription.wanted = "all"
    media.subscription.changed()
    await ears.wait_for("offer", lambda event: event.leg == 1)
    before = ears.kinds().count("offer")

    await media.handle(Subscribe(kind="subscribe", feeds="all", fresh=True))

    offers = [event for event in ears.events if event.kind == "offer"]
    assert len(offers) == before + 1
    assert {event.leg for event in offers} == {1}


async def test_a_seat_let_go_at_the_very_moment_somebody_comes_does_let_go(seat):
    """Else the page that was reloaded waits for ever before a room that opens for everybody else."""
    media, ears = seat
    media.link.close = AsyncMock()
    await media.handle(Subscribe(kind="subscribe", feeds="all"))
    await ears.wait_for("offer", lambda event: event.leg == 1)

    media._add_feeds({"publishers": [{"id": "somebody else"}]})
    async with asyncio.timeout(20):
        await media.release()

    assert media.subscription._settling.done()


async def test_whoever_came_while_nobody_listened_is_seen_a_moment_later(seat, monkeypatch):
    media, ears = seat
    monkeypatch.setattr("openiop.room.media.subscription.LOOK_ANYWAY_SECONDS", 0.01)
    media._publisher, media.subscription.wanted, media.feeds = 1, "all", set()
    media.subscription.changed()

    await ears.wait_for("offer")
    assert (await ears.wait_for("feeds")).feeds == ["somebody"]


async def test_a_fault_of_ours_costs_one_try_and_not_the_subscription(seat, caplog):
    media, ears = seat
    subscription = media.subscription
    take, subscription._take = subscription._take, lambda answer: (_ for _ in ()).throw(KeyError("Maya's own words"))
    media._publisher, media.subscription.wanted = 1, "all"
    media.subscription.changed()
    while "KeyError" not in caplog.text:
        await asyncio.sleep(0)
    subscription._take = take

    await ears.wait_for("offer")
    assert "Maya" not in caplog.text


async def test_a_handle_that_never_came_in_is_given_up_and_the_next_try_gets_another(seat):
    media, _ears = seat
    media.link.refuses.add("join")
    with pytest.raises(MediaError):
        await media._enter()
    assert media._publisher is None

    media.link.refuses.clear()
    await media._enter()
    assert media._publisher == media.link.handles > 1


async def test_the_end_of_a_publication_says_which_one_it_was(seat):
    media, ears = seat
    media._publisher, media.feed = 1, "mine"

    await media._hear({"janus": "hangup", "sender": 1, "reason": "DTLS alert"})

    ended = await ears.wait_for("hangup")
    assert (ended.target, ended.feed) == ("publisher", "mine")
    assert media.feed != "mine", "there is another place to publish from already"
