"""Where things stand in a chart of scores: numbers for an SVG that the page draws in its own colours.

Inline SVG with classes follows light and dark and the content policy, and weighs nothing; the table beside it says the
same to whoever cannot see it (docs/decisions/0016).
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from openiop.measures.change import Dated

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 12, 34
LANES, LETTER = 6, 5.8  # of the events' words: how many lines of them, and how wide a letter is at most on average


class Stripe(NamedTuple):
    """A band of totals: `number` counts from the lowest, for its shade."""

    number: int
    y: float
    height: float
    text: str


class Dot(NamedTuple):
    x: float
    y: float
    total: int
    on: date
    is_baseline: bool


class Mark(NamedTuple):
    """An event; `width` above 0 for one that lasts. Its words stand at `lane`, from below, so that none lie on others;
    `ends_here` where they would run out of the chart. Without a place they are left to the table.
    """

    x: float
    width: float
    text: str
    lane: int = 0
    ends_here: bool = False

    @property
    def dy(self) -> int:
        return -6 - 13 * self.lane


class Tick(NamedTuple):
    at: float
    text: object


class Chart(NamedTuple):
    stripes: list[Stripe]
    dots: list[Dot]
    line: str
    marks: list[Mark]
    days: list[Tick]
    totals: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    floor: int = HEIGHT - BOTTOM
    inner: int = WIDTH - LEFT - RIGHT
    tall: int = HEIGHT - TOP - BOTTOM


def draw(
    scores: Sequence[Dated],
    *,
    least: int,
    most: int,
    bands: Sequence[tuple[str, int, int]],
    events: Sequence[tuple[str, date, date | None]] = (),
    baseline: Dated | None = None,
) -> Chart:
    """Return the chart of these scores. `bands`: (text, least, most); `events`: (text, on, until). Needs one score."""
    days = [each.on for each in scores] + [on for _text, on, _until in events]
    first, last = min(days) - timedelta(days=1), max([*days, min(days) + timedelta(days=6)]) + timedelta(days=1)

    def x(day: date) -> float:
        return round(LEFT + (day - first).days / (last - first).days * (WIDTH - LEFT - RIGHT), 1)

    def y(total: float) -> float:
        return round(TOP + (most - total) / (most - least) * (HEIGHT - TOP - BOTTOM), 1)

    dots = [Dot(x(each.on), y(each.total), each.total, each.on, each == baseline) for each in sorted(scores)]
    return Chart(
        stripes=[_stripe(number, row, y=y, least=least, most=most) for number, row in enumerate(bands)],
        dots=dots,
        line=" ".join(f"{dot.x},{dot.y}" for dot in dots),
        marks=_in_lanes(
            Mark(x(on), round(x(min(until, last)) - x(on), 1) if until else 0, text) for text, on, until in events
        ),
        days=[Tick(dot.x, dot.on) for dot in _apart(dots)],
        totals=[Tick(y(total), total) for total in sorted({least, most, *(low for _text, low, _high in bands)})],
    )


def _stripe(number: int, row: tuple[str, int, int], *, y: object, least: int, most: int) -> Stripe:
    """Bands of whole totals meet half way between them, so that no total lies in a gap."""
    text, low, high = row
    top = y(min(high + 0.5, most))  # type: ignore[operator]
    foot = y(max(low - 0.5, least))  # type: ignore[operator]
    return Stripe(number, top, round(foot - top, 1), text)


def _in_lanes(marks: Iterable[Mark]) -> list[Mark]:
    """Return the marks from left to right, each with the lowest lane in which its words touch no others."""
    taken: list[list[tuple[float, float]]] = [[] for _lane in range(LANES)]
    placed = []
    for mark in sorted(marks, key=lambda mark: mark.x):
        long = len(mark.text) * LETTER + 8
        ends_here = mark.x + long > WIDTH - RIGHT
        begins, ends = (mark.x - long, mark.x) if ends_here else (mark.x, mark.x + long)
        free = (
            lane for lane, others in enumerate(taken) if all(ends <= left or right <= begins for left, right in others)
        )
        lane = next(free, None)
        if lane is None:
            placed.append(mark._replace(text=""))
        else:
            taken[lane].append((begins, ends))
            placed.append(mark._replace(lane=lane, ends_here=ends_here))
    return placed


def _apart(dots: Sequence[Dot], *, least: float = 80) -> list[Dot]:
    """Return as many dots as can carry a date without one lying on another, the newest always."""
    kept: list[Dot] = []
    for dot in reversed(dots):
        if not kept or kept[-1].x - dot.x >= least:
            kept.append(dot)
    return kept[::-1]
