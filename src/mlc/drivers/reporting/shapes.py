"""Drawings as plain data: their size, what they say in words, and shapes in drawing order.

Coordinates are in units of the figure's view box, from the upper left corner, as text with one decimal, so that
the template only writes them down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

Shape = dict[str, str]
Figure = dict[str, object]
Point = tuple[float, float]

LEFT, TOP, SIDE = 54.0, 10.0, 280.0  # of the square that a curve is drawn in
WIDTH, HEIGHT = 348.0, 336.0


class Axis(Struct, frozen=True):
    """The values from `low` to `high` along a side, with round numbers to mark on it."""

    name: str
    low: float = 0.0
    high: float = 1.0

    def at(self, value: float) -> float:
        """How far along the side a value lies, 0…1; what lies beyond an end is drawn at it."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    @property
    def ticks(self) -> tuple[float, ...]:
        """Four to seven round values."""
        if (self.low, self.high) == (0.0, 1.0):
            return (0.0, 0.25, 0.5, 0.75, 1.0)
        return round_values(self.low, self.high)


SHARE = Axis("")


def round_values(low: float, high: float) -> tuple[float, ...]:
    """Values of one, two or five times a power of ten within low…high."""
    step = 10.0 ** math.floor(math.log10((high - low) / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 6)
    first = math.ceil(low / step - 1e-9)
    return tuple(place * step for place in range(first, math.floor(high / step + 1e-9) + 1))


def axis_of(name: str, values: Iterable[float]) -> Axis:
    """An axis that holds all values, with a little room."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    room = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return Axis(name, low - room, high + room)


def figure(name: str, title: str, text: str, shapes: Iterable[Shape], height: float = HEIGHT) -> Figure:
    """A drawing with its title and what it says in words."""
    size = {"width": f"{WIDTH:g}", "height": f"{height:g}"}
    return {"id": name, "title": title, "text": text, **size, "shapes": list(shapes)}


def frame(across: Axis, up: Axis) -> list[Shape]:
    """The square, with its grid, ticks and the names of its axes."""
    shapes = [rect(LEFT, TOP, SIDE, SIDE, "plot")]
    for tick in across.ticks:
        x = LEFT + across.at(tick) * SIDE
        if 0 < across.at(tick) < 1:
            shapes.append(raw_line(x, TOP, x, TOP + SIDE, "grid"))
        shapes.append(words(x, TOP + SIDE + 16, number(tick), "tick", "middle"))
    for tick in up.ticks:
        y = TOP + (1 - up.at(tick)) * SIDE
        if 0 < up.at(tick) < 1:
            shapes.append(raw_line(LEFT, y, LEFT + SIDE, y, "grid"))
        shapes.append(words(LEFT - 7, y + 4, number(tick), "tick", "end"))
    shapes.append(words(LEFT + SIDE / 2, TOP + SIDE + 38, across.name, "label", "middle"))
    middle = TOP + SIDE / 2
    return [*shapes, words(11, middle, up.name, "label", "middle") | {"turn": f"rotate(-90 11 {n(middle)})"}]


def place(point: Point, across: Axis = SHARE, up: Axis = SHARE) -> Point:
    """Where a point lies in the drawing."""
    return LEFT + across.at(point[0]) * SIDE, TOP + (1 - up.at(point[1])) * SIDE


def path(points: Sequence[Point], style: str, across: Axis = SHARE, up: Axis = SHARE) -> Shape:
    """A line through points."""
    places = (" ".join(n(part) for part in place(point, across, up)) for point in points)
    return {"kind": "path", "d": "M" + " L".join(places) if points else "M0 0", "class": style}


def area(points: Sequence[Point], across: Axis = SHARE, up: Axis = SHARE) -> Shape:
    """What lies between points and the line from the last to the first."""
    shape = path(points, "area", across, up)
    return {**shape, "d": shape["d"] + " Z"}


def line(start: Point, end: Point, style: str, across: Axis = SHARE, up: Axis = SHARE) -> Shape:
    return raw_line(*place(start, across, up), *place(end, across, up), style)


def raw_line(x1: float, y1: float, x2: float, y2: float, style: str) -> Shape:
    return {"kind": "path", "d": f"M{n(x1)} {n(y1)} L{n(x2)} {n(y2)}", "class": style}


def dot(
    point: Point, style: str = "dot", radius: float = 4.0, across: Axis = SHARE, up: Axis = SHARE
) -> Shape:
    left, top = place(point, across, up)
    return raw_dot(left, top, style, radius)


def raw_dot(x: float, y: float, style: str = "dot", radius: float = 4.0) -> Shape:
    return {"kind": "circle", "x": n(x), "y": n(y), "r": n(radius), "class": style}


def rect(x: float, y: float, width: float, height: float, style: str) -> Shape:
    return {"kind": "rect", "x": n(x), "y": n(y), "width": n(width), "height": n(height), "class": style}


def words(x: float, y: float, said: str, style: str, anchor: str) -> Shape:
    return {"kind": "text", "x": n(x), "y": n(y), "text": said, "class": style, "anchor": anchor, "turn": ""}


def n(value: float) -> str:
    """A coordinate."""
    return f"{value + 0.0:.1f}"


def number(value: float) -> str:
    """A tick's value."""
    if value == 0:
        return "0"
    if abs(value) >= 10_000:
        return f"{value / 1000:,.4g}k" if abs(value) < 1e6 else f"{value:.2g}"
    return f"{value:.4g}".replace("-", "−")


def ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
