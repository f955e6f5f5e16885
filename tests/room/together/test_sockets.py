"""What the group does together, over the room's socket: who may, who may not, and what others' traffic holds."""

from datetime import timedelta
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async

from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import acting
from openiop.room import admission, jobs
from openiop.room.models import Poll
from openiop.room.together import leaving, polls
from tests.room.test_admission import at_the_door, come_in
from tests.room.test_breakout_sockets import in_the_group, prepared
from tests.room.test_consumers import Tab, media, people, tabs, wait_at_the_door  # noqa: F401 (fixtures)
from tests.room.test_signals import quiet
from tests.safety.conftest import worker  # noqa: F401 (a fixture)


async def test_a_patient_cannot_set_the_clock_and_the_room_goes_on(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "sam")
    bea, sam = at["bea"], at["sam"]
    async with tabs(bea, sam):
        for message in (
            {"type": "timer_start", "kind": "break", "minutes": 5},
            {"type": "timer_more", "minutes": 2},
            {"type": "timer_stop"},
        ):
            await sam.say(**message)
            assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await bea.say(type="timer_start", kind="exercise", minutes=3)
        seen = await sam.room(lambda room: room["together"]["timer"])
        assert seen["together"]["timer"]["kind"] == "exercise"


async def test_the_clock_is_there_for_a_tab_that_was_loaded_again(people, media):  # noqa: F811
    session, at = await in_the_group(people, "sam")
    await at["bea"].say(type="timer_start", kind="break", minutes=5)
    first = await at["sam"].room(lambda room: room["together"]["timer"])
    await at["sam"].close()
    again = await Tab(people["sam"], session.pk).open()
    async with tabs(at["bea"], again):
        assert (await again.room())["together"]["timer"] == first["together"]["timer"]


async def test_another_patients_socket_receives_nothing_when_somebody_answers(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "sam", "maya")
    bea, sam, maya = at["bea"], at["sam"], at["maya"]
    async with tabs(bea, sam, maya):
        await bea.say(type="poll_ask", kind="feelings", named=False, kept=False)
        poll = (await sam.room(lambda room: room["together"]["poll"]))["together"]["poll"]["id"]
        await maya.room(lambda room: room["together"]["poll"])
        await quiet(maya)

        await sam.say(type="poll_answer", poll=poll, value=2)
        await sam.room(lambda room: room["together"]["poll"]["mine"] == 2)
        await bea.room(lambda room: (room["lead"]["together"]["poll"] or {}).get("answered") == 1)

        assert await maya.socket.receive_nothing(timeout=1)
        # Proof that Maya's tab was listening all the while: what is everybody's does arrive.
        await bea.say(type="poll_show")
        shown = await maya.room(lambda room: room["together"]["poll"]["counts"])
        assert shown["together"]["poll"]["mine"] is None and shown["lead"] is None


async def test_a_patient_cannot_run_a_poll_and_the_room_goes_on(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "sam")
    sam = at["sam"]
    async with tabs(at["bea"], sam):
        for message in (
            {"type": "poll_ask", "kind": "feelings", "named": True, "kept": True},
            {"type": "poll_ask", "kind": "arrival", "named": False, "kept": False},
            {"type": "poll_close"},
            {"type": "poll_show"},
            {"type": "poll_put_away"},
        ):
            await sam.say(**message)
            assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await sam.say(type="beat")
        await sam.until(lambda m: m["type"] == "beat")


async def test_a_reaction_reaches_those_in_the_same_place_and_is_kept_nowhere(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "sam", "maya")
    bea, sam, maya = at["bea"], at["sam"], at["maya"]
    async with tabs(bea, sam, maya):
        await prepared(bea, Willow=["Sam"], Cedar=["Maya"])
        await bea.say(type="breakouts_open")
        for tab in (sam, maya):
            await tab.room(lambda room: room["breakout"])
        await quiet(maya)

        await sam.say(type="react", reaction="thanks")
        seen = await sam.until(lambda m: m["type"] == "reaction")
        assert seen["reaction"] == "thanks"
        assert await maya.socket.receive_nothing(timeout=1)

        await sam.say(type="react", reaction="me_too")
        assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "too_often"


async def test_whoever_waits_at_the_door_gives_and_gets_no_reaction(people, media):  # noqa: F811
    session, at = await in_the_group(people, "sam")
    await database_sync_to_async(wait_at_the_door)(people["maya"], session)
    maya = await Tab(people["maya"], session.pk).open()
    async with tabs(at["bea"], at["sam"], maya):
        await maya.room()
        await quiet(maya)
        await maya.say(type="react", reaction="thanks")
        assert (await maya.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await at["sam"].say(type="react", reaction="thanks")
        await at["bea"].until(lambda m: m["type"] == "reaction")
        assert await maya.socket.receive_nothing(timeout=1)


@pytest.mark.parametrize(("kept", "left"), [(True, [1]), (False, [])])
def test_a_poll_of_a_session_that_nobody_ended_is_tidied_up_by_the_worker(committed, clock, worker, kept, left):  # noqa: F811
    cast = world.cast()
    come_in(cast["bea"])
    seat = at_the_door(cast["sam"])
    with acting(cast["bea"]):
        admission.admit(seat, by=cast["bea"], at=world.NOW)
        asked = {"kind": "feelings", "question": "", "options": [], "named": False, "kept": kept}
        poll = polls.ask(seat.session, **asked, by=cast["bea"], at=world.NOW)
    with acting(cast["sam"]):
        polls.answer(seat, poll.pk, value=3, by=cast["sam"], at=world.NOW)
    with worker():
        assert jobs.forget_polls(int(world.NOW.timestamp())) == 0
        assert jobs.forget_polls(int((world.NOW + timedelta(hours=9)).timestamp())) == 1

    with acting(cast["bea"]):
        assert [sum(poll.counts) for poll in Poll.objects.filter(put_away_at__isnull=False)] == left
        assert Poll.objects.count() == len(left)


def test_who_leads_is_told_once_and_without_a_name_of_whoever_left_worse(committed, clock, worker):  # noqa: F811
    cast = world.cast()
    come_in(cast["bea"])
    seats = {key: at_the_door(cast[key]) for key in ("sam", "maya")}
    with acting(cast["bea"]):
        seats = {key: admission.admit(seat, by=cast["bea"], at=world.NOW) for key, seat in seats.items()}
    for key, how in (("sam", "worse"), ("maya", "same")):
        with acting(cast[key]):
            leaving.say(seats[key], key=uuid4(), how=how, by=cast[key], at=world.NOW)
    with worker():
        jobs.watch(world.NOW)
        jobs.watch(world.NOW + timedelta(seconds=5))

    with acting(cast["okafor"]):
        sent = Delivery.objects.filter(because__startswith="left worse")
        told = list(sent.order_by("way").values_list("to__called", "way"))
        assert {name for name, _way in told} == {"Bea", "Marcus"} and len(told) == len(set(told))
        assert not any("Sam" in each.subject + each.body for each in sent)
