"""A board on paper: its picture, drawn by us from what is kept, and its words for whoever cannot see it."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from openiop.lib import paper
from openiop.room.boards import keeping
from openiop.room.boards.drawing import Element, bounds
from openiop.room.boards.models import Board, BoardImage

MARGIN = 24
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}")


def title_of(board: Board) -> str:
    """For the head of the paper and the chart: the group's name, the breakout's, the day."""
    day = timezone.localtime(board.session.begins_at, ZoneInfo(board.session.zone)).date()
    name = f"{board.session.name} · {board.name}" if board.name else board.session.name
    return _("Board: %(name)s, %(day)s") % {"name": name, "day": day.isoformat()}


def pdf(board: Board, *, at: datetime) -> tuple[bytes, str]:
    """Return the board as a PDF for everybody (PDF/UA) and, apart, its words."""
    elements = keeping.drawing_of(board).elements()
    said = words(elements)
    context = {
        "title": title_of(board),
        "picture": picture(elements, images_of(board)) if elements else "",
        "words": said,
        "made_at": timezone.localtime(at, ZoneInfo(board.session.zone)),
    }
    return paper.pdf("room/board_paper.html", context), "\n".join(said)


def images_of(board: Board) -> dict[str, str]:
    """Return the board's pictures as data URLs by id."""
    return {
        str(image.pk): f"data:{image.kind};base64,{base64.b64encode(bytes(image.data)).decode()}"
        for image in BoardImage.objects.filter(board=board)
    }


# --- in words ---


def words(elements: Iterable[Element]) -> list[str]:
    """Return what is on the board, one line for each thing, from the top left to the bottom right."""
    elements = list(elements)
    by_id = {each["id"]: each for each in elements}
    said = [(each, line) for each in elements if (line := _line(each, by_id))]
    said.sort(key=lambda pair: (round(pair[0]["y"] / 60), pair[0]["x"]))
    lines = [line for _element, line in said]
    by_hand = sum(each["type"] == "freedraw" for each in elements)
    if by_hand:
        lines.append(ngettext("%(n)s line drawn by hand", "%(n)s lines drawn by hand", by_hand) % {"n": by_hand})
    return lines


def _line(element: Element, by_id: Mapping[str, Element]) -> str:
    kind = element["type"]
    if kind == "text":
        return " ".join(str(element.get("originalText") or element.get("text") or "").split())
    if kind == "image":
        return _("A picture")
    if kind == "arrow":
        begin, end = (
            _label(by_id, (element.get(name) or {}).get("elementId")) for name in ("startBinding", "endBinding")
        )
        return _("An arrow from “%(begin)s” to “%(end)s”") % {"begin": begin, "end": end} if begin and end else ""
    return ""


def _label(by_id: Mapping[str, Element], key: Any) -> str:
    """The words in a shape, or of a text itself."""
    element = by_id.get(key)
    if element is None:
        return ""
    bound = [by_id.get(one.get("id")) for one in element.get("boundElements") or [] if one.get("type") == "text"]
    texts = [element, *[one for one in bound if one]]
    return " ".join(str(one.get("text") or "") for one in texts).strip().replace("\n", " ")


# --- as a picture ---


def picture(elements: list[Element], images: Mapping[str, str]) -> str:
    """Return the board as SVG. Every value is checked or escaped: a browser wrote it."""
    left, top, right, bottom = bounds(elements)
    box = (left - MARGIN, top - MARGIN, right - left + 2 * MARGIN, bottom - top + 2 * MARGIN)
    drawn = "".join(_drawn(each, images) for each in elements)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{" ".join(map(_n, box))}" '
        f'width="{_n(box[2])}" height="{_n(box[3])}">{drawn}</svg>'
    )


def _drawn(element: Element, images: Mapping[str, str]) -> str:
    shape = _SHAPES[element["type"]](element, images)
    middle = element["x"] + element["width"] / 2, element["y"] + element["height"] / 2
    angle = math.degrees(_number(element.get("angle"), 0))
    turned = f' transform="rotate({_n(angle)} {_n(middle[0])} {_n(middle[1])})"' if angle else ""
    return f'<g opacity="{_n(_number(element.get("opacity"), 100) / 100)}"{turned}>{shape}</g>'


def _box(element: Element, images: Mapping[str, str]) -> str:
    x, y, w, h = (element[name] for name in ("x", "y", "width", "height"))
    round_by = min(abs(w), abs(h), 128) / 4 if element.get("roundness") else 0
    return f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}" rx="{_n(round_by)}"{_ink(element)}/>'


def _ellipse(element: Element, images: Mapping[str, str]) -> str:
    rx, ry = element["width"] / 2, element["height"] / 2
    cx, cy = element["x"] + rx, element["y"] + ry
    return f'<ellipse cx="{_n(cx)}" cy="{_n(cy)}" rx="{_n(rx)}" ry="{_n(ry)}"{_ink(element)}/>'


def _diamond(element: Element, images: Mapping[str, str]) -> str:
    x, y, w, h = (element[name] for name in ("x", "y", "width", "height"))
    corners = [(x + w / 2, y), (x + w, y + h / 2), (x + w / 2, y + h), (x, y + h / 2)]
    return f'<polygon points="{_points(corners)}"{_ink(element)}/>'


def _stroke(element: Element, images: Mapping[str, str]) -> str:
    points = [(element["x"] + p[0], element["y"] + p[1]) for p in element.get("points") or []]
    closed = len(points) > 2 and points[0] == points[-1]
    line = f'<polyline points="{_points(points)}"{_ink(element, fill=closed)}/>'
    if element["type"] == "arrow" and element.get("endArrowhead") and len(points) > 1:
        line += f'<polyline points="{_points(_head(points[-2], points[-1]))}"{_ink(element, fill=False)}/>'
    return line


def _head(before: tuple[float, float], tip: tuple[float, float]) -> list[tuple[float, float]]:
    back = math.atan2(before[1] - tip[1], before[0] - tip[0])
    sides = [(tip[0] + 14 * math.cos(back + turn), tip[1] + 14 * math.sin(back + turn)) for turn in (0.4, -0.4)]
    return [sides[0], tip, sides[1]]


def _text(element: Element, images: Mapping[str, str]) -> str:
    size = _number(element.get("fontSize"), 20)
    step = size * _number(element.get("lineHeight"), 1.25)
    anchor, at = {"center": ("middle", 0.5), "right": ("end", 1.0)}.get(str(element.get("textAlign")), ("start", 0.0))
    x = element["x"] + element["width"] * at
    lines = "".join(
        f'<tspan x="{_n(x)}" y="{_n(element["y"] + step * n + size)}">{escape(line)}</tspan>'
        for n, line in enumerate(str(element.get("text") or "").split("\n"))
    )
    fill = _colour(element.get("strokeColor"), "#1e1e1e")
    return (
        f'<text font-family="Source Sans 3" font-size="{_n(size)}" text-anchor="{anchor}" fill="{fill}">{lines}</text>'
    )


def _image(element: Element, images: Mapping[str, str]) -> str:
    found = images.get(str(element.get("fileId")))
    if not found:
        return _box(element, images)
    x, y, w, h = (_n(element[name]) for name in ("x", "y", "width", "height"))
    return f'<image x="{x}" y="{y}" width="{w}" height="{h}" preserveAspectRatio="none" href="{found}"/>'


_SHAPES = {
    "rectangle": _box,
    "frame": _box,
    "ellipse": _ellipse,
    "diamond": _diamond,
    "line": _stroke,
    "arrow": _stroke,
    "freedraw": _stroke,
    "text": _text,
    "image": _image,
}
_DASHES = {"dashed": "8 9", "dotted": "1.5 6"}


def _ink(element: Element, *, fill: bool = True) -> str:
    background = _colour(element.get("backgroundColor"), "none") if fill else "none"
    dash = _DASHES.get(str(element.get("strokeStyle")))
    width = _number(element.get("strokeWidth"), 2) * (2 if element["type"] == "freedraw" else 1)
    return (
        f' fill="{background}" stroke="{_colour(element.get("strokeColor"), "#1e1e1e")}" stroke-width="{_n(width)}"'
        f' stroke-linecap="round" stroke-linejoin="round"{f" stroke-dasharray={dash!r}" if dash else ""}'
    )


def _colour(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) and _COLOUR.fullmatch(value) else otherwise


def _number(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e6 else otherwise


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
