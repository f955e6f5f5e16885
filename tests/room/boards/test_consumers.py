"""The board's socket, with a real database in which transactions commit."""

import os
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from channels.db import database_sync_to_async
from pycrdt import Doc

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission
from openiop.room.boards import keeping
from openiop.room.boards.models import Board, BoardSnapshot, BoardUpdate
from openiop.room.models import BreakoutRoom, BreakoutRound
from tests.room.boards.conftest import Browser, open_board, shape, sit, tonight


@pytest.fixture
def evening(people):
    """Bea leads; Sam and Priya sit in the group; the board is open."""
    bea, sam, priya = people["bea"], people["sam"], people["priya"]
    session = tonight(bea)
    board = open_board(session, by=bea)
    seats = {who.called: sit(who, session, by=bea) for who in (sam, priya) if is_on(session, who, bea)}
    return SimpleNamespace(**people, session=session, board=board, seats=seats)


def is_on(session, person, by):
    with acting(by):
        return session.roster.filter(patient=person).exists()


@asynccontextmanager
async def at_the_board(board, *people):
    tabs = [await Browser(person, board).open() for person in people]
    try:
        yield tabs
    finally:
        for tab in tabs:
            await tab.close()


def rows(evening):
    with acting(evening.bea):
        return list(BoardUpdate.objects.filter(board=evening.board).order_by("seq").values_list("seq", flat=True))


kept_rows = database_sync_to_async(rows)


async def test_what_one_draws_the_other_sees_and_it_was_written_before_it_was_said(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        assert (await sam.draw(shape("a")))["type"] == "kept"
        assert await kept_rows(evening) == [1]
        await bea.sees("a")
        await bea.draw(shape("b"))
        await sam.sees("a", "b")


async def test_a_reload_shows_the_same_board_and_only_to_the_one_who_asked(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await sam.draw(shape("a"))
        await bea.sees("a")
        heard = len(bea.words)
        again = await Browser(evening.sam, evening.board).open()
        await again.sees("a")
        await again.close()
        await bea.say({"type": "beat"})
        await bea.until("beat")

        assert len(bea.words) == heard + 1, "nothing of Sam's reload reached Bea"


async def test_what_was_drawn_without_a_line_arrives_when_it_is_back(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await sam.draw(shape("a"))
        await sam.close()
        sam.map["b"] = shape("b")
        away = sam.doc
        back = Browser(evening.sam, evening.board)
        back.doc, back.map = away, sam.map
        await back.socket.connect()
        await bea.draw(shape("c"))
        await back.hello()
        await back.until("welcome")
        await back.sees("a", "b", "c")
        await back.send(away.get_update())
        await bea.sees("a", "b", "c")
        await back.close()


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        pytest.param(os.urandom(300) + b"\xff" * 40, "not_a_drawing", id="garbage"),
        pytest.param(b"\x01" * 10_000_000, "too_large", id="ten megabytes"),
        pytest.param(b"\x01" * (256 * 1024 + 1), "too_large", id="a byte more than the most"),
    ],
)
async def test_garbage_and_huge_updates_are_refused_with_a_reason_and_the_board_goes_on(evening, update, reason):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await sam.draw(shape("a"))

        assert await sam.send(update) == {"type": "refused", "n": 2, "reason": reason}
        assert (await sam.draw(shape("b")))["type"] == "kept"
        await bea.sees("a", "b")
        assert await kept_rows(evening) == [1, 2]


async def test_an_embedded_page_is_refused_and_never_reaches_anybody(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        refused = await sam.draw(shape("video", type="embeddable", link="https://video.example"))
        other = await Browser(evening.sam, evening.board).open()
        await other.draw(shape("a"))
        await bea.sees("a")
        await other.close()

        assert refused["reason"] == "not_a_drawing"


async def test_a_board_that_is_full_says_so_and_one_that_only_was_drawn_over_is_put_together(evening, monkeypatch):
    monkeypatch.setattr(keeping.drawing, "LARGEST_BOARD", 4000)
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        for version in range(1, 40):
            assert (await sam.draw(shape("a", version=float(version), text="x" * 500)))["type"] == "kept"
        assert len(await kept_rows(evening)) < 39
        answers = [(await sam.draw(shape(f"b{n}", text="x" * 900)))["type"] for n in range(4)]

        assert answers[0] == "kept" and answers[-1] == "refused"


async def test_two_hundred_updates_become_one_and_a_newcomer_sees_the_same(evening, monkeypatch):
    monkeypatch.setattr(keeping, "PUT_TOGETHER_EVERY", 10)
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        for n in range(12):
            await sam.draw(shape(f"s{n}"))
        await bea.sees(*(f"s{n}" for n in range(12)))
        late = await Browser(evening.bea, evening.board).open()
        await late.sees(*(f"s{n}" for n in range(12)))
        await late.close()

    def snapshot():
        with acting(evening.bea):
            return BoardSnapshot.objects.get(board=evening.board).seq, Board.objects.get(pk=evening.board.pk).size

    seq, size = await database_sync_to_async(snapshot)()
    assert (seq, await kept_rows(evening)) == (10, [11, 12])
    assert 0 < size < 5000


async def test_read_only_lets_patients_look_and_facilitators_draw(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await sam.draw(shape("a"))
        await act(evening, keeping.set_read_only, True)
        state = await sam.until("board")
        assert (state["level"], state["read_only"]) == ("viewer", True)

        assert (await sam.draw(shape("b")))["reason"] == "read_only"
        assert (await bea.draw(shape("c")))["type"] == "kept"
        other = await Browser(evening.sam, evening.board).open()
        await other.sees("a", "c")
        await act(evening, keeping.set_read_only, False)
        while (await other.until("board"))["level"] != "writer":
            pass
        assert (await other.draw(shape("d")))["type"] == "kept"
        await other.close()


async def test_a_clear_is_seen_by_all_and_is_undone(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await sam.draw(shape("a"), shape("b"))
        await act(evening, keeping.clear)
        await sam.sees()
        await sam.draw(shape("c"))
        await act(evening, keeping.undo_clear)
        await sam.sees("a", "b", "c")
        await bea.sees("a", "b", "c")


async def test_who_is_sent_out_or_moved_hears_no_more_of_the_board(evening):
    async with at_the_board(evening.board, evening.bea, evening.sam) as (bea, sam):
        await database_sync_to_async(send_back)(evening)
        assert await sam.until("bye")
        await bea.draw(shape("secret"))

        assert sam.standing() == set()


async def test_nobody_elsewhere_gets_anything(evening):
    for person in (None, evening.leo, evening.maya, evening.hal):
        tab = Browser(person, evening.board)
        await tab.socket.connect()
        if person:
            await tab.hello()
        assert (await tab.hear())["type"] == "bye"
        assert await tab.hear() == {"type": "closed", "code": 4404}


async def test_a_breakouts_board_is_for_those_in_it_and_for_the_facilitators(evening):
    board = await database_sync_to_async(breakout)(evening)
    async with at_the_board(board, evening.bea, evening.sam) as (bea, sam):
        await sam.draw(shape("ours"))
        await bea.sees("ours")
    left = Browser(evening.sam, evening.board)
    await left.socket.connect()
    await left.hello()
    assert (await left.hear())["type"] == "bye", "who is in the breakout is not at the group's board"
    group = await database_sync_to_async(bring_back)(evening, board)
    async with at_the_board(group, evening.bea) as (bea,):
        (key,) = bea.standing() or {await first(bea)}
        assert key != "ours"


async def test_nothing_is_done_before_hello_and_unknown_words_change_nothing(evening):
    tab = Browser(evening.sam, evening.board)
    await tab.socket.connect()
    assert (await tab.send(Doc().get_update()))["code"] == "hello_first"
    await tab.say({"type": "destroy"})
    assert (await tab.until("error"))["code"] == "unknown"
    await tab.hello()
    await tab.until("welcome")
    await tab.close()


async def test_opening_is_in_the_trail_without_a_word_of_what_was_drawn(evening):
    async with at_the_board(evening.board, evening.sam) as (sam,):
        await sam.draw(shape("a", type="text", text="my secret"))

    def events():
        with acting(evening.vera):
            return [(e.verb, str(e.detail)) for e in AuditEvent.objects.filter(verb__startswith="board.")]

    found = await database_sync_to_async(events)()
    assert ("board.open", "{}") in found
    assert "my secret" not in str(found)


# --- parts ---


async def first(tab):
    while not tab.standing():
        await tab.hear()
    return next(iter(tab.standing()))


async def act(evening, verb, *arguments):
    def inside():
        with acting(evening.bea):
            return verb(evening.board.pk, *arguments, by=evening.bea, at=world.NOW)

    return await database_sync_to_async(inside)()


def send_back(evening):
    with acting(evening.bea):
        admission.send_back(next(iter(evening.seats.values())), by=evening.bea, at=world.NOW)


def breakout(evening):
    """A round of two rooms runs, and Sam sits in the first."""
    ours = {"clinic_id": evening.session.clinic_id}
    with acting(evening.bea):
        round = BreakoutRound.objects.create(
            **ours, session=evening.session, how="hand", prepared_by=evening.bea, prepared_at=world.NOW
        )
        first, _second = (BreakoutRoom.objects.create(**ours, round=round, n=n, name=f"Room {n}") for n in (1, 2))
        round.opened_at = world.NOW
        round.save()
    sit(evening.sam, evening.session, by=evening.bea, place=first.place)
    with acting(evening.sam):
        return Board.lay_out(evening.session, place=first.place, at=world.NOW)


def bring_back(evening, board):
    with acting(evening.bea):
        return keeping.bring_back(board.pk, by=evening.bea, at=world.NOW)
