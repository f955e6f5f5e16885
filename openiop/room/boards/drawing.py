"""What a board's Yjs document may hold, and what the clinic does to it. Rules only: no tables, no sockets.

A board is one map, `elements`: Excalidraw's elements by id, each replaced whole. An element that was taken away stays
as a tombstone (`isDeleted`) for a day, so that a browser that was away does not bring it back. The newest `version`
of an element wins; everything done here therefore raises it.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pycrdt import Doc, Map

LARGEST_UPDATE = 256 * 1024
LARGEST_BOARD = 5 * 1024 * 1024
TOMBSTONE_MS = 24 * 3600 * 1000

KINDS = frozenset({"rectangle", "diamond", "ellipse", "arrow", "line", "freedraw", "text", "image", "frame"})
FARTHEST = 1_000_000
LONGEST_TEXT = 10_000
MOST_POINTS = 20_000

Element = dict[str, Any]


class NotADrawing(Exception):
    """The update is not one of Yjs, or would put something on the board that does not belong on one."""


class Drawing:
    """A board's document in memory. One thread only, as pycrdt asks."""

    def __init__(self, *updates: bytes) -> None:
        self.doc: Doc[Any] = Doc()
        self.map: Map[Any] = self.doc.get("elements", type=Map)
        for update in updates:
            self.doc.apply_update(update)

    def elements(self) -> list[Element]:
        """Return what is on the board, back to front, without what was taken away."""
        found = [value for value in self.map.to_py().values() if not value.get("isDeleted")]  # type: ignore[union-attr]
        return sorted(found, key=lambda element: (str(element.get("index") or ""), str(element["id"])))

    def state(self) -> bytes:
        return self.doc.get_update()

    def vector(self) -> bytes:
        return self.doc.get_state()

    def since(self, vector: bytes) -> bytes:
        """Return what somebody with this state vector lacks. Raises NotADrawing for one that is none."""
        return _careful(lambda: self.doc.get_update(vector))

    def take(self, update: bytes) -> None:
        """Apply what a browser sent. Raises NotADrawing; the drawing is then spoilt and must be read again."""
        changed: dict[str, Any] = {}
        watching = self.map.observe(lambda event: changed.update(event.keys))  # type: ignore[attr-defined]
        try:
            _careful(lambda: self.doc.apply_update(update))
        finally:
            self.map.unobserve(watching)
        for key, change in changed.items():
            # Only the clinic's own tidying takes a key away; browsers leave a tombstone.
            if change["action"] == "delete" or not belongs(key, change.get("newValue")):
                raise NotADrawing

    def write(self, elements: Iterable[Element]) -> bytes:
        """Put these elements on the board and return the update that does it."""
        return self._change(lambda: self.map.update({str(each["id"]): _floats(each) for each in elements}))

    def forget_tombstones(self, *, now_ms: float, but: Iterable[str] = ()) -> bytes | None:
        """Take away for good what was taken off the board more than a day ago; None when there is none."""
        kept = set(but)
        old = [
            key
            for key, value in self.map.to_py().items()  # type: ignore[union-attr]
            if value.get("isDeleted") and now_ms - (value.get("updated") or 0) > TOMBSTONE_MS and key not in kept
        ]
        return self._change(lambda: [self.map.pop(key) for key in old]) if old else None

    def _change(self, what: Callable[[], Any]) -> bytes:
        before = self.doc.get_state()
        with self.doc.transaction():
            what()
        return self.doc.get_update(before)


def _careful(what: Callable[[], Any]) -> Any:
    try:
        return what()
    except BaseException as error:
        # A panic of the library below is no Exception; the server goes on all the same.
        if isinstance(error, ValueError) or type(error).__name__ == "PanicException":
            raise NotADrawing from None
        raise


# --- What belongs on a board ---


def belongs(key: str, value: Any) -> bool:
    """May this stand on a board under `key`? Other sites' pages (embeds) and links that run code may not."""
    return (
        isinstance(value, Mapping)
        and value.get("id") == key
        and 0 < len(key) <= 64
        and value.get("type") in KINDS
        and all(_is_near(value.get(name)) for name in ("x", "y", "width", "height"))
        and _is_count(value.get("version"))
        and isinstance(value.get("isDeleted", False), bool)
        and all(_is_text(value.get(name)) for name in ("text", "originalText"))
        and _is_line(value.get("points"))
        and _is_link(value.get("link"))
    )


def _is_near(number: Any) -> bool:
    return isinstance(number, int | float) and math.isfinite(number) and abs(number) <= FARTHEST


def _is_count(number: Any) -> bool:
    return isinstance(number, int | float) and 0 <= number < 2**31


def _is_text(text: Any) -> bool:
    return text is None or (isinstance(text, str) and len(text) <= LONGEST_TEXT)


def _is_line(points: Any) -> bool:
    return points is None or (
        isinstance(points, list)
        and len(points) <= MOST_POINTS
        and all(isinstance(point, list) and len(point) in (2, 3) and all(map(_is_near, point)) for point in points)
    )


def _is_link(link: Any) -> bool:
    return link is None or (isinstance(link, str) and len(link) <= 2000 and link.startswith(("https://", "http://")))


# --- What the clinic does to a board ---


def cleared(elements: Iterable[Element], *, now_ms: float) -> list[Element]:
    """Return tombstones for these elements."""
    return [_newer(each, isDeleted=True, updated=now_ms) for each in elements]


def restored(drawing: Drawing, ids: Iterable[str], *, now_ms: float) -> list[Element]:
    """Return the elements of these ids as they were before they were cleared; what changed meanwhile is left alone."""
    found = (drawing.map.get(key) for key in ids)
    return [_newer(each, isDeleted=False, updated=now_ms) for each in found if each and each.get("isDeleted")]


def beside(coming: list[Element], there: list[Element], *, now_ms: float) -> list[Element]:
    """Return copies of `coming`, with ids of their own, to the right of what is `there` and in front of it."""
    if not coming:
        return []
    left, top, _right, _bottom = bounds(coming)
    right_of, top_of = (bounds(there)[2] + 120, bounds(there)[1]) if there else (left, top)
    ids = {str(each["id"]): secrets.token_urlsafe(15) for each in coming}
    groups: dict[str, str] = {}
    index = max((str(each.get("index") or "") for each in there), default="") or None
    copies = []
    for each in coming:
        index = next_index(index)
        copies.append(
            {
                **_moved(each, ids, groups),
                "x": each["x"] + right_of - left,
                "y": each["y"] + top_of - top,
                "index": index,
                "version": 1,
                "updated": now_ms,
            }
        )
    return copies


def _moved(element: Element, ids: Mapping[str, str], groups: dict[str, str]) -> Element:
    """The element with its own id and those it points at replaced; what it points at outside is let go."""
    moved = {**element, "id": ids[element["id"]]}
    for name in ("containerId", "frameId"):
        if element.get(name):
            moved[name] = ids.get(element[name])
    for name in ("startBinding", "endBinding"):
        bound = element.get(name)
        if bound:
            moved[name] = {**bound, "elementId": ids[bound["elementId"]]} if bound.get("elementId") in ids else None
    moved["boundElements"] = [
        {**bound, "id": ids[bound["id"]]} for bound in element.get("boundElements") or [] if bound.get("id") in ids
    ]
    moved["groupIds"] = [groups.setdefault(one, secrets.token_urlsafe(15)) for one in element.get("groupIds") or []]
    return moved


def _newer(element: Element, **changes: Any) -> Element:
    nonce = secrets.randbelow(2**31)
    return {**element, **changes, "version": (element.get("version") or 0) + 1, "versionNonce": nonce}


def bounds(elements: Iterable[Element]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of all these elements together."""
    boxes = [(*_corner(each), each) for each in elements]
    return (
        min(x for x, _y, _each in boxes),
        min(y for _x, y, _each in boxes),
        max(x + each["width"] for x, _y, each in boxes),
        max(y + each["height"] for _x, y, each in boxes),
    )


def _corner(element: Element) -> tuple[float, float]:
    """The upper left corner: a line begins where it was begun, which may be anywhere in its box."""
    points = element.get("points") or [[0, 0]]
    return element["x"] + min(p[0] for p in points), element["y"] + min(p[1] for p in points)


_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def next_index(index: str | None) -> str:
    """Return a place in front of `index`, in the spelling that Excalidraw's fractional indices have.

    `index` is an integer part ("a0", "b12"; its first letter says how long it is) and, perhaps, a fraction, which is
    dropped: the next integer is always in front.
    """
    if not index or not "a" <= index[0] <= "z":
        return "a0"
    head, digits = index[0], list(index[1 : ord(index[0]) - ord("a") + 2])
    for place in reversed(range(len(digits))):
        at = _DIGITS.index(digits[place]) + 1
        digits[place] = _DIGITS[at % len(_DIGITS)]
        if at < len(_DIGITS):
            return head + "".join(digits)
    return chr(ord(head) + 1) + "0" * (len(digits) + 1)


def _floats(value: Any) -> Any:
    """Whole numbers as floating ones: JavaScript has no other, and would read the rest as something else."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, Mapping):
        return {key: _floats(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_floats(each) for each in value]
    return value
