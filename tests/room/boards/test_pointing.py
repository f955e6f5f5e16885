"""Who points where on a board: seen by those at the same board, kept nowhere, no more often than eyes can follow."""

from types import SimpleNamespace

import pytest
from channels.db import database_sync_to_async
from django.db import connection

from openiop.people.access import acting
from openiop.room import staffing
from openiop.room.boards import pointing
from openiop.room.boards.models import BoardUpdate
from openiop.room.boards.protocol import LARGEST_POINT, Pointing
from tests.room.boards.conftest import Browser, open_board, sit, tonight
from tests.room.boards.test_consumers import at_the_board, breakout, send_back


@pytest.fixture
def evening(people):
    bea, sam = people["bea"], people["sam"]
    session = tonight(bea)
    board = open_board(session, by=bea)
    return SimpleNamespace(**people, session=session, board=board, seats={"Sam": sit(sam, session, by=bea)})


async def point(tab, at):
    await tab.say({"type": "point", "at": at})


async def at_rest(tab):
    """Everything that was on its way to this tab has come."""
    await tab.say({"type": "beat"})
    await tab.until("beat")


def pointings(tab):
    return [words for words in tab.words if words["type"] == "pointing"]


async def test_facilitator_and_patient_see_where_the_other_points_by_name(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await point(sam, [12.0, -3.5])
        seen = await bea.until("pointing")
        assert (seen["name"], seen["at"], seen["here"]) == ("Sam", [12.0, -3.5], True)
        await point(bea, None)
        there = await sam.until("pointing")
        assert (there["name"], there["at"], there["here"]) == ("Bea", None, True)
        assert there["who"] != seen["who"] and evening.sam.pk.hex not in seen["who"].replace("-", "")
        await point(sam, [13, 4])
        assert (await bea.until("pointing"))["at"] == [13.0, 4.0]

        assert [one["name"] for one in pointings(sam)] == ["Bea"], "nobody is told of themselves"


async def test_who_closes_the_board_points_no_more(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await point(sam, [1, 1])
        who = (await bea.until("pointing"))["who"]
        await sam.close()
        gone = await bea.until("pointing")
        assert (gone["who"], gone["here"], gone["at"]) == (who, False, None)


async def test_a_hundred_positions_in_a_moment_are_told_as_a_few_and_the_last_is_among_them(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        for n in range(100):
            await point(sam, [n, n])
        while (await bea.until("pointing"))["at"] != [99.0, 99.0]:
            pass

        assert len(pointings(bea)) < 50


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param({"type": "point", "at": [1]}, "invalid", id="half a place"),
        pytest.param({"type": "point", "at": ["<b>", 2]}, "invalid", id="words for a place"),
        pytest.param({"type": "point", "at": [1e12, 0]}, "invalid", id="far off every board"),
        pytest.param({"type": "point", "at": [float("nan"), 0]}, "invalid", id="no number"),
        pytest.param({"type": "point", "at": [1, 2], "name": "Bea"}, "invalid", id="in another's name"),
        pytest.param({"type": "point"}, "invalid", id="no place at all"),
        pytest.param({"type": "point", "at": [1, 2], "pad": "x" * LARGEST_POINT}, "invalid", id="with a load"),
        pytest.param({"type": "cursor", "at": [1, 2]}, "unknown", id="a word we do not have"),
    ],
)
async def test_garbage_is_refused_with_a_reason_and_the_board_goes_on(evening, words, code):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await sam.say(words)
        assert (await sam.until("error"))["code"] == code
        await point(sam, [5, 5])
        await bea.until("pointing")

        assert [one["at"] for one in pointings(bea)] == [[5.0, 5.0]]


async def test_a_position_longer_than_a_position_may_be_is_refused(evening):
    async with at_the_board(evening.board, evening.sam) as (sam,):
        await sam.socket.send_to(text_data='{"type": "point", "at": [1, 2' + " " * LARGEST_POINT + "]}")
        assert (await sam.until("error"))["code"] == "too_large"
        await sam.say({"type": "beat"})
        await sam.until("beat")


async def test_nothing_is_pointed_at_before_hello_and_by_nobody_elsewhere(evening):
    for person, word in ((evening.sam, "error"), (evening.leo, "error"), (None, "bye")):
        tab = Browser(person, evening.board)
        await tab.socket.connect()
        if person:
            await point(tab, [1, 1])
        assert (await tab.hear())["type"] == word
        await tab.close()


async def test_pointing_at_one_board_is_not_told_at_another(evening):
    group = evening.board
    async with at_the_board(group, evening.bea) as (bea,):
        theirs = await database_sync_to_async(breakout)(evening)
        async with at_the_board(theirs, evening.sam, evening.bea) as (sam, looks_in):
            await point(sam, [7, 7])
            assert (await looks_in.until("pointing"))["name"] == "Sam"
            await at_rest(bea)

    assert pointings(bea) == []


async def test_who_was_sent_to_the_door_sees_nobody_point(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await database_sync_to_async(send_back)(evening)
        await sam.until("bye")
        await point(bea, [1, 1])
        await at_rest(bea)

        unread = [sam.socket.output_queue.get_nowait() for _ in range(sam.socket.output_queue.qsize())]
        assert not [message for message in unread if "pointing" in message.get("text", "")]
        assert pointings(sam) == []


async def test_while_nobody_leads_patients_do_not_point_and_are_told_so(evening, monkeypatch):
    monkeypatch.setattr(staffing, "is_paused", lambda *args, **kwargs: True)
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await point(sam, [1, 1])
        assert (await sam.until("error"))["code"] == "not_now"
        await point(bea, [2, 2])
        assert (await sam.until("pointing"))["name"] == "Bea"

        assert pointings(bea) == []


async def test_on_a_read_only_board_a_patient_may_still_point(evening):
    def read_only():
        with acting(evening.bea):
            evening.board.read_only = True
            evening.board.save()

    await database_sync_to_async(read_only)()
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await point(sam, [1, 1])
        assert (await bea.until("pointing"))["name"] == "Sam"


async def test_nothing_of_it_is_kept_and_what_travels_between_processes_can_be_read_by_nobody(evening, monkeypatch):
    travels = []
    wakes = pointing.wake

    def wake(topic, **passing):
        travels.append(passing)
        wakes(topic, **passing)

    monkeypatch.setattr(pointing, "wake", wake)
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await point(sam, [4321, 1234])
        await bea.until("pointing")

    assert travels and not any(word in str(travels) for word in ("Sam", "4321", "1234"))

    def kept():
        with acting(evening.bea), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM room_boardupdate")
            return cursor.fetchone()[0], BoardUpdate.objects.count()

    assert await database_sync_to_async(kept)() == (0, 0)


def test_a_position_of_another_key_or_of_long_ago_is_nothing(settings):
    sealed = pointing._seal().encrypt_at_time(Pointing(who="w", name="Sam", at=None).model_dump_json().encode(), 0)
    assert pointing.opened(sealed.decode()) is None
    assert pointing.opened("garbage") is None
    fresh = pointing._seal().encrypt(b'{"who": 1}').decode()
    assert pointing.opened(fresh) is None
    mine = pointing._seal().encrypt(Pointing(who="w", name="Sam", at=(1, 2)).model_dump_json().encode()).decode()
    assert pointing.opened(mine).at == (1.0, 2.0)
    settings.SECRET_KEY = "another"
    assert pointing.opened(mine) is None
