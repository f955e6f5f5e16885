"""Mute everyone: one word for each patient who is heard. Whoever leads is left alone, and nobody is ever unmuted."""

from channels.db import database_sync_to_async

from tests.room.test_consumers import Tab, media, people, tabs, tonight, wait_at_the_door  # noqa: F401 (fixtures)


def muted(media):  # noqa: F811
    """Whose sound the media server passes on to nobody, by their seat."""
    return {str(seat.seat) for opened in media._rooms.values() for seat in opened.seats if seat.muted}


async def publish(tab):
    await tab.until(lambda message: message.get("kind") == "feeds")
    await tab.say(type="media", id=1, request={"kind": "publish", "sdp": "v=0"})
    await tab.until(lambda message: message["type"] == "media" and message["reply"])


async def heard_by_all(*everybody):
    """Every word said before by these tabs is done."""
    for tab in everybody:
        await tab.say(type="beat")
        await tab.until(lambda message: message["type"] == "beat")


async def gather(people, session):  # noqa: F811
    """Bea leads, Sam and Maya are in and heard. Return their tabs and their seats by name."""
    for key in ("sam", "maya"):
        await database_sync_to_async(wait_at_the_door)(people[key], session)
    bea, sam, maya = [await Tab(people[key], session.pk).open() for key in ("bea", "sam", "maya")]
    await bea.room(lambda room: len(room["waiting"]) == 2)
    await bea.say(type="admit", seat="all")
    for tab in (sam, maya, bea):
        await publish(tab)
    await bea.say(type="self", audio=True, video=True, saving=False)
    room = await bea.room(lambda room: len([seat for seat in room["seats"] if seat["feed"]]) == 3)
    return bea, sam, maya, {seat["name"]: seat["seat"] for seat in room["seats"]}


async def test_to_mute_everyone_silences_the_patients_not_who_leads_and_twice_unmutes_nobody(
    people,  # noqa: F811
    media,  # noqa: F811
):
    session = await database_sync_to_async(tonight)(people["bea"])
    bea, sam, maya, seats = await gather(people, session)
    async with tabs(bea, sam, maya):
        for _press in range(2):
            for name in ("Sam", "Maya"):
                await bea.say(type="mute", seat=seats[name])
            await heard_by_all(bea)
            assert muted(media) == {seats["Sam"], seats["Maya"]}

        for tab in (bea, sam, maya):
            told = [message for message in tab.heard if message.get("kind") == "moderated"]
            assert all(message["muted"] for message in told), "nobody is told of an unmuting"
        await maya.until(lambda message: message.get("kind") == "moderated")


async def test_a_patients_muting_of_others_or_of_who_leads_is_refused_and_silences_nobody(
    people,  # noqa: F811
    media,  # noqa: F811
):
    session = await database_sync_to_async(tonight)(people["bea"])
    bea, sam, maya, seats = await gather(people, session)
    async with tabs(bea, sam, maya):
        for name in ("Maya", "Bea", "Sam"):
            await sam.say(type="mute", seat=seats[name])
            assert (await sam.until(lambda message: message["type"] == "error"))["code"] == "not_allowed"
        await heard_by_all(bea, sam, maya)
        assert muted(media) == set()
