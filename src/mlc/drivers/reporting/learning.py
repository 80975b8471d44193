"""How the model got better with more rows, and what that says of still more."""

from __future__ import annotations

from typing import Any

from mlc.drivers.reporting.sections import interval
from mlc.drivers.reporting.shapes import (
    LEFT,
    SIDE,
    TOP,
    Axis,
    Figure,
    axis_of,
    dot,
    figure,
    frame,
    line,
    path,
    raw_line,
    words,
)
from mlc.drivers.reporting.tables import table
from mlc.ir.learning import CurvePoint, LearningCurve
from mlc.ir.metrics import METRICS

_TITLES = {
    "more": "More rows would help",
    "enough": "More rows would hardly help",
    "unclear": "Not known whether more rows would help",
}


def learning(curve: LearningCurve | None) -> dict[str, Any] | None:
    """The section of a learning curve."""
    if curve is None:
        return None
    note = (
        f"{_TITLES[curve.advice]}. {curve.words} The intervals are of the test rows: other rows to learn from would "
        "have moved the points too, small shares the most."
    )
    return {
        "id": "learning-curve",
        "title": "Learning curve",
        "figures": [_drawn(curve)],
        "tables": [_listed(curve)],
        "notes": [note],
    }


def _drawn(curve: LearningCurve) -> Figure:
    metric = METRICS[curve.metric]
    known = [
        (one.rows, one.estimate.value, one.estimate.low, one.estimate.high)
        for one in curve.points
        if one.estimate is not None and one.estimate.value is not None
    ]
    learned = [(float(one.rows), one.learned) for one in curve.points if one.learned is not None]
    across = Axis("Rows learned from", 0.0, 1.04 * max(one.rows for one in curve.points))
    heights = [value for _, *point in known for value in point if value is not None]
    up = axis_of(metric.title, [*heights, *(value for _, value in learned)])
    shapes = [*frame(across, up)]
    for rows, _, low, high in known:
        if low is not None and high is not None:
            shapes.append(line((rows, low), (rows, high), "whisker", across, up))
    points = [(float(rows), value) for rows, value, _, _ in known]
    shapes += [path(learned, "curve thin c1", across, up)] if len(learned) > 1 else []
    shapes += [path(points, "curve", across, up)] if len(points) > 1 else []
    shapes += [dot(point, "dot", across=across, up=up) for point in points]
    # the names stand where the curves do not: those that rise leave room below, those that fall above
    top = TOP + 22 if metric.better == "lower" else TOP + SIDE - 32
    for row, (name, style) in enumerate((("test rows", "curve"), ("rows learned from", "curve thin c1"))):
        y = top + 18 * row
        shapes.append(raw_line(LEFT + 156, y - 4, LEFT + 174, y - 4, style))
        shapes.append(words(LEFT + 180, y, name, "tick", "start"))
    better = "Higher" if metric.better == "higher" else "Lower"
    return figure(
        "learning-curve-drawn",
        f"{metric.title} by rows learned from",
        f"{metric.title} on the same test rows, with 95% intervals, of the model learned from growing shares of its "
        f"rows ({curve.drawn}). {better} is better. A wide gap to the thin line says that it learns rows by heart.",
        shapes,
    )


def _listed(curve: LearningCurve) -> dict[str, Any]:
    title = METRICS[curve.metric].title
    return table(
        "What the whole gains on a share is paired: both models are asked about the same test rows.",
        [
            "Rows",
            "Share",
            title,
            "95% interval",
            "On rows learned from",
            "The whole is better by (95% interval)",
        ],
        [_row(one) for one in curve.points],
        numbers=(1, 2, 3, 4, 5),
    )


def _row(one: CurvePoint) -> list[str]:
    first = [f"{one.rows:,}", f"{100 * one.share:.4g}%"]
    if one.estimate is None:
        return [*first, "–", one.problem, "–", "–"]
    gain = "–"
    if one.gain is not None and one.gain.value is not None:
        gain = f"{one.gain.value:.4f}"
        gain += f" ({interval(one.gain)})" if one.gain.low is not None else ""
    return [
        *first,
        "–" if one.estimate.value is None else f"{one.estimate.value:.4f}",
        interval(one.estimate),
        "–" if one.learned is None else f"{one.learned:.4f}",
        gain,
    ]
