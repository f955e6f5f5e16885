"""What the group does together, over the room's socket: who may, who may not, and what others' traffic holds."""

from tests.room.test_breakout_sockets import in_the_group
from tests.room.test_consumers import Tab, media, people, tabs  # noqa: F401 (fixtures)


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
