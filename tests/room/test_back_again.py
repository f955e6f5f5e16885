"""A tab whose line broke: what it missed is made good by what it is told when it is back."""

from tests.room.test_breakout_sockets import in_the_group
from tests.room.test_consumers import Tab, media, people, tabs  # noqa: F401 (fixtures)


async def test_a_tab_that_comes_back_is_told_who_has_gone_meanwhile_and_waits_for_nobody(people, media):  # noqa: F811
    session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    await maya.say(type="media", id=1, request={"kind": "publish", "sdp": "v=0"})
    theirs = (await maya.until(lambda m: m["type"] == "media" and m["reply"]))["reply"]["feed"]
    await sam.until(lambda message: message.get("kind") == "feeds" and theirs in message["feeds"])
    await sam.close()
    await maya.say(type="leave")
    await bea.room(lambda room: here(room) == {"Bea"})

    back = await Tab(people["sam"], session.pk, connection=sam.connection).open()
    async with tabs(bea, maya, back):
        told = await back.room()
        assert (told["me"]["state"], here(told)) == ("admitted", {"Bea", "Sam"})
        feeds = await back.until(lambda message: message.get("kind") == "feeds")
        assert theirs not in feeds["feeds"]


def here(room):
    return {seat["name"] for seat in room["seats"] if seat["here"]}
