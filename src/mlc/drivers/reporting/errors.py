"""The drawings of a regression: predicted against true, errors along the prediction, and their histogram."""

from __future__ import annotations

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
    rect,
)
from mlc.ir.evaluation import Residuals


def predicted_by_true(found: Residuals, rows: int) -> Figure:
    """Some rows as dots; on the dashed diagonal a prediction is right."""
    both = axis_of("", [*found.truth, *found.predicted])
    across, up = Axis("True value", both.low, both.high), Axis("Predicted value", both.low, both.high)
    shown = (
        f"{len(found.truth):,} rows drawn by chance of {rows:,}"
        if len(found.truth) < rows
        else f"All {rows:,} rows"
    )
    return figure(
        "predicted",
        "Predicted against true",
        f"{shown}. On the dashed diagonal the prediction is right; above it the model says too much.",
        [
            *frame(across, up),
            line((both.low, both.low), (both.high, both.high), "guide", across, up),
            *(
                dot(point, "dot faint", 2.4, across, up)
                for point in zip(found.truth, found.predicted, strict=True)
            ),
        ],
    )


def by_prediction(found: Residuals) -> Figure:
    """The quartiles of the errors along the predicted value: a band that bends or widens says where the model errs."""
    bins = found.bins
    across = axis_of("Predicted value", [one.mean_predicted for one in bins])
    up = axis_of(
        "Error (predicted − true)", [0.0, *(one.lower for one in bins), *(one.upper for one in bins)]
    )
    band = [(one.mean_predicted, one.upper) for one in bins]
    band += [(one.mean_predicted, one.lower) for one in reversed(bins)]
    middle = [(one.mean_predicted, one.median) for one in bins]
    shape = path(band, "area", across, up)
    return figure(
        "residuals",
        "Errors along the prediction",
        "The median error and the half of the errors around it, in bins of as many rows each. A level band on the "
        "dashed line of no error is a model that errs alike everywhere.",
        [
            *frame(across, up),
            {**shape, "d": shape["d"] + " Z"},
            line((across.low, 0), (across.high, 0), "guide", across, up),
            path(middle, "curve", across, up),
            *(dot(point, "dot", 3.0, across, up) for point in middle),
        ],
    )


def histogram(found: Residuals) -> Figure:
    """How many rows have an error of each size; the largest half percent at either end is drawn at the ends."""
    across = Axis("Error (predicted − true)", found.edges[0], found.edges[-1])
    most = max(found.counts) or 1
    up = Axis("Rows", 0, most * 1.05)
    shapes = frame(across, up)
    for low, high, count in zip(found.edges[:-1], found.edges[1:], found.counts, strict=True):
        left, right = LEFT + across.at(low) * SIDE + 0.5, LEFT + across.at(high) * SIDE - 0.5
        tall = SIDE * up.at(count)
        shapes.append(rect(left, TOP + SIDE - tall, right - left, tall, "bar positive"))
    shapes.append(line((0, 0), (0, up.high), "guide", across, up))
    return figure(
        "errors",
        "Errors",
        "How the errors are spread. Right of the dashed line the model says too much, left of it too little; errors "
        "beyond the ends are counted at them.",
        shapes,
    )
