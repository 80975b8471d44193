"""Intervals below one another, each with its name: slices, importance, drops."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.drivers.reporting.shapes import (
    WIDTH,
    Axis,
    Figure,
    axis_of,
    figure,
    number,
    raw_dot,
    raw_line,
    words,
)
from mlc.ir.evaluation import Estimate

_NAMES, _ROOM = 134.0, 22.0
"""How wide the names are, and how tall a row."""


def forest(
    name: str,
    title: str,
    text: str,
    rows: Sequence[tuple[str, Estimate, str]],
    across: str,
    marks: Sequence[float] = (),
) -> Figure:
    """Each row's name, estimate and style (of its mark), and dashed lines at `marks`."""
    known = [value for _, one, _ in rows for value in (one.value, one.low, one.high) if value is not None]
    axis: Axis = axis_of(across, [*known, *marks])
    left, right = _NAMES + 8, WIDTH - 14
    bottom = 12 + _ROOM * len(rows)

    def x(value: float) -> float:
        return left + axis.at(value) * (right - left)

    shapes = []
    for tick in axis.ticks[:: 2 if len(axis.ticks) > 4 else 1]:
        shapes.append(raw_line(x(tick), 6, x(tick), bottom, "grid"))
        shapes.append(words(x(tick), bottom + 16, number(tick), "tick", "middle"))
    shapes += [raw_line(x(mark), 6, x(mark), bottom, "guide") for mark in marks]
    for place, (label, one, style) in enumerate(rows):
        y = 12 + _ROOM * (place + 0.5)
        shapes.append(words(_NAMES, y + 4, label if len(label) <= 22 else f"{label[:21]}…", "tick", "end"))
        if one.value is None:
            shapes.append(words(left, y + 4, "not defined", "tick", "start"))
            continue
        if one.low is not None and one.high is not None:
            shapes.append(raw_line(x(one.low), y, x(one.high), y, f"whisker {style}"))
        shapes.append(raw_dot(x(one.value), y, f"dot {style}"))
    shapes.append(words((left + right) / 2, bottom + 36, axis.name, "label", "middle"))
    return figure(name, title, text, shapes, bottom + 46)
