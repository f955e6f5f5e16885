"""Breakouts over the room's socket, with a media server in memory and transactions that commit."""

from uuid import uuid4

from channels.db import database_sync_to_async

from openiop.demo import world
from tests.room.test_consumers import Tab, media, people, tabs, tonight, wait_at_the_door  # noqa: F401 (fixtures)
from tests.room.test_mute_everyone import heard_by_all, muted


async def in_the_group(cast, *keys):
    """Bea and those let in by her, each at their tab."""
    session = await database_sync_to_async(tonight)(cast["bea"])
    bea = await Tab(cast["bea"], session.pk).open()
    opened = {"bea": bea}
    for key in keys:
        await database_sync_to_async(wait_at_the_door)(cast[key], session)
        opened[key] = await Tab(cast[key], session.pk).open()
    await bea.room(lambda room: len(room["waiting"]) == len(keys))
    await bea.say(type="admit", seat="all")
    for key in keys:
        await opened[key].room(lambda room: room["me"]["state"] == "admitted")
    return session, opened


async def prepared(bea, **rooms):
    """Prepare two rooms by hand with these people, by name, and return the round as Bea reads it."""
    await bea.say(type="breakouts_prepare", rooms=2, how="hand", minutes=None, late="smallest")
    round_ = (await bea.room(lambda room: room["breakouts"]["phase"] == "prepared"))["breakouts"]
    ids = {room["name"]: room["room"] for room in round_["rooms"]}
    seats = {person["name"]: person["seat"] for person in round_["people"]}
    for room, names in rooms.items():
        for name in names:
            await bea.say(type="breakouts_place", seat=seats[name], room=ids[room])
            await bea.room(lambda room_, name=name, room=room: where(room_, name) == ids[room])
    return ids, seats


def heard_in(room):
    """What is sent by those who are heard in the same place."""
    return {seat["feed"] for seat in room["seats"] if seat["feed"]}


def where(room, name):
    return next(person["room"] for person in room["breakouts"]["people"] if person["name"] == name)


async def test_people_go_over_ask_for_help_and_come_back(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    async with tabs(bea, maya, sam):
        ids, _seats = await prepared(bea, Willow=["Maya"], Cedar=["Sam"])
        group = maya.heard[-1]["room"] if maya.heard[-1]["type"] == "room" else None
        await bea.say(type="breakouts_open")
        over = await maya.room(lambda room: room["breakout"] and room["breakout"]["name"] == "Willow")
        assert over["room"] and over["room"] != group, "another media room: the browser publishes anew there"
        assert [seat["name"] for seat in over["seats"] if seat["role"] == "patient"] == ["Maya"]
        assert "Cedar" not in str(over) and "Sam" not in str(over)
        await maya.say(type="media", id=7, request={"kind": "publish", "sdp": "v=0"})
        there = (await maya.until(lambda m: m["type"] == "media" and m["id"] == 7 and m["reply"]))["reply"]["feed"]

        await sam.room(lambda room: room["breakout"])
        await sam.say(type="ask_help", asks=True)
        await bea.room(lambda room: any(person["asked_at"] for person in room["breakouts"]["people"]))
        await bea.say(type="hop", room=ids["Cedar"])
        met = await sam.room(lambda room: any(seat["name"] == "Bea" for seat in room["seats"]))
        assert met["breakout"]["asked_at"] is None

        await bea.say(type="breakouts_close", seconds=0)
        for tab in (maya, sam, bea):
            back = await tab.room(lambda room: room["breakout"] is None and len(room["seats"]) == 3)
            assert back["me"]["state"] == "admitted"
            await tab.say(type="media", id=9, request={"kind": "publish", "sdp": "v=0"})
        await maya.room(lambda room: len(heard_in(room) - {there}) == 3)


async def test_a_new_tab_and_a_new_process_find_their_own_room(people, media):  # noqa: F811
    session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    await prepared(bea, Willow=["Maya"], Cedar=["Sam"])
    await bea.say(type="breakouts_open")
    await maya.room(lambda room: room["breakout"])
    await maya.close()
    again = await Tab(people["maya"], session.pk).open()
    async with tabs(bea, again, sam):
        assert (await again.room())["breakout"]["name"] == "Willow"


async def test_rooms_end_by_the_clock_without_a_facilitator(people, media, clock):  # noqa: F811
    _session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    await prepared(bea, Willow=["Maya"], Cedar=["Sam"])
    await bea.say(type="breakouts_open")
    await maya.room(lambda room: room["breakout"])
    await bea.say(type="breakouts_extend", minutes=1)
    await maya.room(lambda room: room["breakout"] and room["breakout"]["ends_at"])
    await bea.close()
    async with tabs(maya, sam):
        clock.move_to(world.NOW.replace(minute=50))
        await maya.say(type="beat")
        await sam.room(lambda room: room["breakout"] is None)


async def test_a_patient_cannot_run_breakouts_and_the_room_goes_on(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    async with tabs(bea, maya, sam):
        ids, seats = await prepared(bea, Willow=["Maya"], Cedar=["Sam"])
        await bea.say(type="breakouts_open")
        await sam.room(lambda room: room["breakout"])
        for message in (
            {"type": "hop", "room": ids["Willow"]},
            {"type": "hop", "room": None},
            {"type": "breakouts_prepare", "rooms": 2, "how": "random"},
            {"type": "breakouts_place", "seat": seats["Sam"], "room": ids["Willow"]},
            {"type": "breakouts_open"},
            {"type": "breakouts_discard"},
            {"type": "breakouts_extend", "minutes": 5},
            {"type": "breakouts_close", "seconds": 0},
            {"type": "breakouts_say", "text": "hello"},
        ):
            await sam.say(**message)
            assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await bea.say(type="hop", room=str(uuid4()))
        assert (await bea.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await sam.say(type="beat")
        await sam.until(lambda m: m["type"] == "beat")


async def test_whoever_leads_mutes_and_puts_out_somebody_in_a_breakout_without_going_there(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    async with tabs(bea, maya, sam):
        _ids, seats = await prepared(bea, Willow=["Maya", "Sam"])
        await bea.say(type="breakouts_open")
        for tab in (maya, sam):
            await tab.room(lambda room: room["breakout"])
            await tab.say(type="media", id=7, request={"kind": "publish", "sdp": "v=0"})
        await maya.room(lambda room: len(heard_in(room)) == 2)

        await bea.say(type="mute", seat=seats["Maya"])
        await heard_by_all(bea)
        assert muted(media) == {seats["Maya"]}
        await bea.say(type="remove", seat=seats["Sam"])
        await sam.room(lambda room: room["me"]["state"] == "removed")
        left = await maya.room(lambda room: "Sam" not in {seat["name"] for seat in room["seats"]})
        assert left["breakout"]["name"] == "Willow"
        await sam.say(type="media", id=8, request={"kind": "publish", "sdp": "v=0"})
        assert (await sam.until(lambda m: m["type"] == "media" and m["id"] == 8))["error"] == "not_in_room"


async def test_what_breaks_a_rule_is_refused_with_its_word(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "maya", "sam")
    bea = at["bea"]
    async with tabs(*at.values()):
        await bea.say(type="breakouts_prepare", rooms=2, how="pairs")
        assert (await bea.until(lambda m: m["type"] == "error"))["code"] == "breakouts_too_few"
