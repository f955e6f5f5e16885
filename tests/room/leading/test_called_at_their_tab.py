"""A clinician who was called, at their own tab: in one private place, refused all else, and sent away at the end."""

from datetime import timedelta
from uuid import UUID

from channels.db import database_sync_to_async
from django.test import override_settings
from django.utils import timezone

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Tie
from openiop.room import admission, jobs
from openiop.room.leading import asides, calling
from openiop.room.leading.models import AsideAsk
from tests.room.leading.test_floor import mine
from tests.room.test_admission import at_the_door, come_in
from tests.room.test_breakout_sockets import in_the_group
from tests.room.test_consumers import Tab, media, people, tabs  # noqa: F401 (fixtures)
from tests.room.test_signals import IN_MEMORY
from tests.safety.conftest import worker  # noqa: F401 (a fixture)


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_at_their_tab_they_are_in_that_place_refused_all_else_and_sent_away_at_the_end(people, media):  # noqa: F811
    session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    async with tabs(bea, maya, sam):
        inside = await bea.room(lambda room: len(room["seats"]) == 3 and room["lead"]["on_duty"])
        seats = {seat["name"]: seat["seat"] for seat in inside["seats"]}
        ada = inside["lead"]["on_duty"][0]
        await bea.say(type="aside_ask", seat=seats["Sam"], person=ada["person"])
        assert (await sam.room(lambda room: room["company"]))["company"]["word"] == "asked"
        asked = (await bea.room(lambda room: room["lead"]["asides"]))["lead"]["asides"][0]

        def say_yes():
            with acting(people["okafor"]):
                calling.come(session, UUID(asked["id"]), by=people["okafor"], at=timezone.now())

        await database_sync_to_async(say_yes)()
        assert (await sam.room(lambda room: room["company"] and room["company"]["name"]))["company"]["word"] == "coming"
        okafor = await Tab(people["okafor"], session.pk).open()
        async with tabs(okafor):
            hers = await okafor.room(lambda room: room["called"]["there"] and len(room["seats"]) == 2)
            assert hers["me"]["role"] == "called" and hers["lead"] is None
            assert {seat["name"] for seat in hers["seats"]} == {"Ada", "Sam"}
            for message in ({"type": "admit", "seat": "all"}, {"type": "end"}, {"type": "hand", "raised": True}):
                await okafor.say(**message)
                assert (await okafor.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
            await sam.room(lambda room: room["company"]["word"] == "here" and len(room["seats"]) == 2)
            await bea.say(type="aside_answer", ask=asked["id"], comes=False)
            assert (await bea.until(lambda m: m["type"] == "error"))["code"] == "with_somebody"
            await sam.say(type="leave")
            assert (await okafor.until(lambda m: m["type"] == "bye"))["reason"] == "refused"
        await maya.say(type="hand", raised=True)
        await maya.room(lambda room: any(seat["hand_at"] for seat in room["seats"]))
        assert "Ada" not in str(maya.heard) and all(m.get("company") is None for m in maya.heard)


def test_the_worker_asks_the_others_where_no_tab_of_those_who_lead_looks(committed, clock, worker):  # noqa: F811
    cast = world.cast()
    come_in(cast["bea"])
    at_the_door(cast["sam"])
    come_in(cast["sam"])
    with acting(cast["bea"]):
        seat = admission.admit(mine(cast["sam"]), by=cast["bea"], at=world.NOW)
        question = asides.ask(seat, whom=cast["okafor"].pk, by=cast["bea"], at=world.NOW)
    with worker():
        jobs.watch(world.NOW + timedelta(minutes=1))
    with acting(cast["bea"]):
        assert AsideAsk.objects.get(pk=question.pk).climbed_at is None
    with worker():
        jobs.watch(world.NOW + timedelta(minutes=2))

    with acting(cast["bea"]):
        assert AsideAsk.objects.get(pk=question.pk).climbed_at == world.NOW + timedelta(minutes=2)


def test_the_worker_ends_what_is_open_in_a_session_that_is_over_and_the_record_closes(committed, clock, worker):  # noqa: F811
    cast = world.cast()
    come_in(cast["bea"])
    at_the_door(cast["sam"])
    come_in(cast["sam"])
    with acting(cast["bea"]):
        seat = admission.admit(mine(cast["sam"]), by=cast["bea"], at=world.NOW)
        question = asides.ask(seat, whom=cast["okafor"].pk, by=cast["bea"], at=world.NOW)
    with acting(cast["okafor"]):
        calling.come(seat.session, question.pk, by=cast["okafor"], at=world.NOW)
    over = seat.session.ends_at + admission.CLOSES_AFTER + timedelta(seconds=1)
    with worker():
        jobs.watch(over)

    with acting(cast["okafor"]):
        assert AsideAsk.objects.get(pk=question.pk).ended == "over"
        assert Tie.objects.get(staff=cast["okafor"], role="called") not in Tie.objects.in_force(over)
