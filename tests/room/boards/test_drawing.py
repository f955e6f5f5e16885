"""What may stand on a board, and what clearing, undoing and bringing back do to it. Real Yjs documents by pycrdt."""

import pytest
from pycrdt import Doc, Map

from openiop.room.boards import drawing
from openiop.room.boards.drawing import Drawing, NotADrawing

DAY_MS = 24 * 3600 * 1000


def element(key="a", **changes):
    return {
        "id": key,
        "type": "rectangle",
        "x": 10.0,
        "y": 20.0,
        "width": 100.0,
        "height": 50.0,
        "version": 1.0,
        "versionNonce": 7.0,
        "isDeleted": False,
        "index": "a0",
        "updated": 0.0,
        **changes,
    }


def drawn(*elements, before=None):
    """The update a browser would send for these elements, on top of what it had before."""
    doc = Doc()
    if before:
        doc.apply_update(before)
    known = doc.get_state()
    found = doc.get("elements", type=Map)
    with doc.transaction():
        for each in elements:
            found[each.get("id", "nameless")] = each
    return doc.get_update(known)


def test_what_a_browser_draws_stands_on_the_board():
    board = Drawing()

    board.take(drawn(element("a"), element("b", type="text", text="hello", index="a1")))

    assert [each["id"] for each in board.elements()] == ["a", "b"]


@pytest.mark.parametrize(
    "update",
    [
        pytest.param(b"", id="nothing at all"),
        pytest.param(b"this is no update", id="words"),
        pytest.param(drawn(element())[:-9], id="cut short"),
        pytest.param(drawn(element(type="embeddable", link="https://video.example")), id="a page of another site"),
        pytest.param(drawn(element(type="iframe")), id="a frame"),
        pytest.param(drawn(element(link="javascript:alert(1)")), id="a link that runs code"),
        pytest.param(drawn(element(x=float("inf"))), id="nowhere"),
        pytest.param(drawn(element(width="wide")), id="a width in words"),
        pytest.param(drawn(element(type="text", text="x" * 10_001)), id="a whole book"),
        pytest.param(drawn(element(points=[[0.0, "far"]])), id="a line to nowhere"),
        pytest.param(drawn(element("a" * 65)), id="an endless id"),
        pytest.param(drawn({"id": "other", "type": "rectangle"}), id="no shape"),
    ],
)
def test_what_does_not_belong_on_a_board_is_refused(update):
    with pytest.raises(NotADrawing):
        Drawing().take(update)


def test_a_browser_takes_away_by_a_tombstone_and_never_for_good():
    board = Drawing()
    board.take(drawn(element()))
    doc = Doc()
    doc.apply_update(board.state())
    known = doc.get_state()
    del doc.get("elements", type=Map)["a"]

    with pytest.raises(NotADrawing):
        board.take(doc.get_update(known))


def test_clearing_leaves_tombstones_and_undoing_brings_back_what_was_cleared_and_keeps_what_came_since():
    board = Drawing(drawn(element("a"), element("b")))

    board.write(drawing.cleared(board.elements(), now_ms=5))
    assert board.elements() == []
    board.take(drawn(element("c"), before=board.state()))
    board.write(drawing.restored(board, ["a", "b"], now_ms=6))

    assert {each["id"] for each in board.elements()} == {"a", "b", "c"}
    assert {each["version"] for each in board.elements()} == {3, 1}, "cleared and brought back are each newer"


def test_undoing_leaves_alone_what_somebody_put_back_themselves():
    board = Drawing(drawn(element("a")))
    board.write(drawing.cleared(board.elements(), now_ms=5))
    board.take(drawn(element("a", x=99.0, version=9.0), before=board.state()))

    assert drawing.restored(board, ["a"], now_ms=6) == []


def test_tombstones_are_forgotten_after_a_day_and_those_of_a_clearing_that_can_be_undone_are_not():
    board = Drawing(drawn(element("a"), element("b"), element("c")))
    board.write(drawing.cleared(board.elements()[:2], now_ms=0))

    assert board.forget_tombstones(now_ms=DAY_MS - 1) is None
    assert board.forget_tombstones(now_ms=DAY_MS + 1, but=["b"])
    assert set(board.map.to_py()) == {"b", "c"}


def test_what_is_brought_beside_has_ids_of_its_own_and_lies_to_the_right_and_in_front():
    there = [element("x", x=0.0, width=500.0, index="a5")]
    note = element("a", boundElements=[{"id": "t", "type": "text"}], groupIds=["g"])
    words = element("t", type="text", text="hello", containerId="a", groupIds=["g"], index="a1")
    arrow = element("r", type="arrow", startBinding={"elementId": "a"}, endBinding={"elementId": "gone"}, index="a2")

    box, text, line = drawing.beside([note, words, arrow], there, now_ms=1)

    assert {box["id"], text["id"], line["id"]}.isdisjoint({"a", "t", "r", "x"})
    assert text["containerId"] == box["id"] and box["boundElements"] == [{"id": text["id"], "type": "text"}]
    assert box["groupIds"] == text["groupIds"] != ["g"]
    assert line["startBinding"]["elementId"] == box["id"] and line["endBinding"] is None
    assert min(each["x"] for each in (box, text, line)) > 500
    assert [each["index"] for each in (box, text, line)] == ["a6", "a7", "a8"]


@pytest.mark.parametrize(
    ("index", "following"),
    [(None, "a0"), ("a0", "a1"), ("a9", "aA"), ("az", "b00"), ("b0z", "b10"), ("a1V", "a2"), ("Zz", "a0")],
)
def test_the_next_place_is_in_front_of_the_last(index, following):
    assert drawing.next_index(index) == following
    assert index is None or following > index


def test_whole_numbers_reach_javascript_as_its_own():
    board = Drawing()
    board.write([element("a", version=2, points=[[0, 0]], angle=0)])

    assert all(isinstance(board.map["a"][name], float) for name in ("version", "angle", "x"))
