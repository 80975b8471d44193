"""The drawings of an evaluation report: every coordinate, so that the template only writes them down.

A figure is plain data: its size, what it says in words, and shapes in drawing order. Coordinates are in
units of the figure's view box, from the upper left corner, as text with one decimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mlc.ir.evaluation import Estimate, Evaluation

Shape = dict[str, str]
Figure = dict[str, Any]

_LEFT, _TOP, _SIDE = 54.0, 10.0, 280.0  # of the square that a curve is drawn in
_WIDTH, _HEIGHT = 348.0, 336.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def roc(evaluation: Evaluation) -> Figure:
    """The ROC curve with the point where the model's labels lie."""
    counts = evaluation.confusion
    curve = [(point.false_positive_rate, point.true_positive_rate) for point in evaluation.roc]
    here = _ratio(counts.false_positives, counts.false_positives + counts.true_negatives)
    there = _ratio(counts.true_positives, counts.true_positives + counts.false_negatives)
    auc = _said(evaluation.estimates["roc_auc"])
    return _figure(
        "roc",
        "ROC curve",
        f"The share of positives found against the share of negatives called positive. ROC AUC {auc}. "
        "The dashed diagonal is a model that knows nothing; the dot is where the model's labels lie.",
        [
            *_frame("False positive rate", "True positive rate"),
            _line((0, 0), (1, 1), "guide"),
            _area([*curve, (1, 0)]),
            _path(curve, "curve"),
            _dot(here, there),
        ],
    )


def precision_recall(evaluation: Evaluation) -> Figure:
    """The precision–recall curve, its steps drawn as steps, with the share of positives as a guide."""
    counts = evaluation.confusion
    steps: list[tuple[float, float]] = []
    for point in evaluation.precision_recall:
        # precision at a recall holds back to the recall before it: average precision is the area below
        steps += [(steps[-1][0] if steps else 0.0, point.precision), (point.recall, point.precision)]
    share = _ratio(evaluation.positives, evaluation.rows)
    recall = _ratio(counts.true_positives, counts.true_positives + counts.false_negatives)
    precision = _ratio(counts.true_positives, counts.true_positives + counts.false_positives)
    average = _said(evaluation.estimates["average_precision"])
    called = counts.true_positives + counts.false_positives
    return _figure(
        "precision-recall",
        "Precision–recall curve",
        "The share of rows called positive that are, against the share of positives found. Average "
        f"precision {average}. The dashed line is the share of positives, {share:.3f}: a model that "
        "knows nothing.",
        [
            *_frame("Recall", "Precision"),
            _line((0, share), (1, share), "guide"),
            _area([(0, 0), *steps, (1, 0)]),
            _path(steps, "curve"),
            *([_dot(recall, precision)] if called else []),
        ],
    )


def calibration(evaluation: Evaluation) -> Figure:
    """What was said against what came true, bin by bin, each with its interval."""
    shapes = [
        *_frame("Probability said (mean of the bin)", "Share that came true"),
        _line((0, 0), (1, 1), "guide"),
    ]
    points = []
    for one in evaluation.calibration:
        if one.mean_probability is None or one.rate is None or one.rate_low is None or one.rate_high is None:
            continue
        x = one.mean_probability
        shapes += [_line((x, one.rate_low), (x, one.rate_high), "whisker")]
        points.append((x, one.rate))
    shapes += [_path(points, "curve thin"), *(_dot(*point) for point in points)]
    error = _said(evaluation.estimates["expected_calibration_error"])
    return _figure(
        "calibration",
        "Calibration",
        "The share of rows that turned out positive against the probability said, in ten equal bins, with "
        f"95% intervals. On the dashed diagonal what is said comes true. Expected calibration error {error}.",
        shapes,
    )


def histogram(evaluation: Evaluation) -> Figure:
    """Scores of positives upwards and of negatives downwards, each as a share of its class."""
    negatives = max(evaluation.rows - evaluation.positives, 1)
    shares = [
        (_ratio(one.positives, max(evaluation.positives, 1)), _ratio(one.negatives, negatives))
        for one in evaluation.histogram
    ]
    tallest = max((max(pair) for pair in shares), default=0.0) or 1.0
    shapes = [_rect(_LEFT, _TOP, _SIDE, _SIDE, "plot")]
    middle, half = _TOP + _SIDE / 2, _SIDE / 2 - 8
    for one, (up, down) in zip(evaluation.histogram, shares, strict=True):
        left, width = _LEFT + one.low * _SIDE + 1, (one.high - one.low) * _SIDE - 2
        shapes.append(_rect(left, middle - half * up / tallest, width, half * up / tallest, "bar positive"))
        shapes.append(_rect(left, middle, width, half * down / tallest, "bar negative"))
    shapes.append(_raw_line(_LEFT, middle, _LEFT + _SIDE, middle, "axis"))
    for tick in _TICKS:
        x = _LEFT + tick * _SIDE
        shapes.append(_text(x, _TOP + _SIDE + 16, f"{tick:g}", "tick", "middle"))
    for level, y in ((tallest, middle - half), (tallest, middle + half)):
        shapes.append(_raw_line(_LEFT - 4, y, _LEFT, y, "axis"))
        shapes.append(_text(_LEFT - 7, y + 4, f"{level:.0%}", "tick", "end"))
    shapes.append(_text(_LEFT - 7, middle + 4, "0%", "tick", "end"))
    shapes += [
        _text(_LEFT + 8, _TOP + 18, "positive rows ↑", "name positive", "start"),
        _text(_LEFT + _SIDE - 8, _TOP + _SIDE - 10, "negative rows ↓", "name negative", "end"),
        _text(_LEFT + _SIDE / 2, _TOP + _SIDE + 38, "Probability said", "label", "middle"),
    ]
    return _figure(
        "scores",
        "Scores by class",
        "How the probabilities said are spread, as a share of each class: positive rows upwards, negative "
        "rows downwards. The further apart the two, the better the classes are told apart.",
        shapes,
    )


def whisker(estimate: Estimate, title: str, baseline: float | None) -> Figure | None:
    """An interval on the scale from 0 to 1, or further where it must reach; it fits a table row."""
    if estimate.value is None:
        return None
    ends = [end for end in (estimate.low, estimate.high) if end is not None]
    scale = max(1.0, estimate.value, *ends)

    def x(value: float) -> float:
        return 6 + 168 * value / scale

    shapes = [_raw_line(6, 12, 174, 12, "track"), _raw_line(6, 8, 6, 16, "track")]
    shapes.append(_raw_line(174, 8, 174, 16, "track"))
    if baseline is not None:
        shapes.append(_raw_line(x(baseline), 4, x(baseline), 20, "guide"))
    if len(ends) == 2:
        shapes.append(_rect(x(ends[0]), 6, max(x(ends[1]) - x(ends[0]), 1.5), 12, "interval"))
    shapes.append(_raw_line(x(estimate.value), 3, x(estimate.value), 21, "value"))
    name = f"interval-{estimate.metric.replace('_', '-')}"
    about = f"{title} {_said(estimate)} on a scale from 0 to {scale:.3g}"
    about += "." if baseline is None else f"; the dashed mark is the baseline, {baseline:.4f}."
    return {
        "id": name,
        "title": f"Interval of {title}",
        "text": about,
        "width": "180",
        "height": "24",
        "shapes": shapes,
    }


def _figure(name: str, title: str, text: str, shapes: Iterable[Shape]) -> Figure:
    size = {"width": f"{_WIDTH:g}", "height": f"{_HEIGHT:g}"}
    return {"id": name, "title": title, "text": text, **size, "shapes": list(shapes)}


def _frame(across: str, up: str) -> list[Shape]:
    """The square from 0 to 1 both ways, with its grid, ticks and the names of its axes."""
    shapes = [_rect(_LEFT, _TOP, _SIDE, _SIDE, "plot")]
    for tick in _TICKS:
        x, y = _at(tick, tick)
        if 0 < tick < 1:
            shapes.append(_raw_line(x, _TOP, x, _TOP + _SIDE, "grid"))
            shapes.append(_raw_line(_LEFT, y, _LEFT + _SIDE, y, "grid"))
        shapes.append(_text(x, _TOP + _SIDE + 16, f"{tick:g}", "tick", "middle"))
        shapes.append(_text(_LEFT - 7, y + 4, f"{tick:g}", "tick", "end"))
    shapes.append(_text(_LEFT + _SIDE / 2, _TOP + _SIDE + 38, across, "label", "middle"))
    middle = _TOP + _SIDE / 2
    shapes.append(_text(11, middle, up, "label", "middle") | {"turn": f"rotate(-90 11 {_n(middle)})"})
    return shapes


def _at(x: float, y: float) -> tuple[float, float]:
    return _LEFT + x * _SIDE, _TOP + (1 - y) * _SIDE


def _path(points: Sequence[tuple[float, float]], style: str) -> Shape:
    places = (" ".join(_n(part) for part in _at(*point)) for point in points)
    return {"kind": "path", "d": "M" + " L".join(places) if points else "M0 0", "class": style}


def _area(points: Sequence[tuple[float, float]]) -> Shape:
    shape = _path(points, "area")
    return {**shape, "d": shape["d"] + " Z"}


def _line(start: tuple[float, float], end: tuple[float, float], style: str) -> Shape:
    return _raw_line(*_at(*start), *_at(*end), style)


def _raw_line(x1: float, y1: float, x2: float, y2: float, style: str) -> Shape:
    return {"kind": "path", "d": f"M{_n(x1)} {_n(y1)} L{_n(x2)} {_n(y2)}", "class": style}


def _dot(x: float, y: float) -> Shape:
    left, top = _at(x, y)
    return {"kind": "circle", "x": _n(left), "y": _n(top), "r": "4.0", "class": "dot"}


def _rect(x: float, y: float, width: float, height: float, style: str) -> Shape:
    size = {"width": _n(width), "height": _n(height)}
    return {"kind": "rect", "x": _n(x), "y": _n(y), **size, "class": style}


def _text(x: float, y: float, text: str, style: str, anchor: str) -> Shape:
    return {
        "kind": "text",
        "x": _n(x),
        "y": _n(y),
        "text": text,
        "class": style,
        "anchor": anchor,
        "turn": "",
    }


def _n(value: float) -> str:
    return f"{value + 0.0:.1f}"


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _said(estimate: Estimate) -> str:
    if estimate.value is None:
        return "not defined"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.4f}, without an interval"
    return f"{estimate.value:.4f} ({estimate.low:.4f} to {estimate.high:.4f})"
