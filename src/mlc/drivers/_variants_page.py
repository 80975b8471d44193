"""What the template of a report on variants is given: words, numbers as text, and drawings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from mlc.ir.evaluation import METRICS
from mlc.ir.variant import Measured, Variants

Shape = dict[str, str]

_WIDTH, _HEIGHT = 460.0, 320.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 24.0, 16.0, 52.0

_MEASURES: Mapping[str, tuple[Callable[[Measured], float | None], str]] = {
    "Labels agree": (lambda one: one.label_agreement, ".4%"),
    "Probability off by": (lambda one: one.max_probability_difference, ".2g"),
    "Numbers agree": (lambda one: one.value_agreement, ".4%"),
    "Number off by, relative": (lambda one: one.max_relative_difference, ".2g"),
}
"""How far a variant is from the estimator, as its task measures it; and how that is written."""


def _measures(found: Variants) -> dict[str, tuple[Callable[[Measured], float | None], str]]:
    """Those of the task of these variants."""
    return {
        title: (value, form)
        for title, (value, form) in _MEASURES.items()
        if any(value(one) is not None for one in found.variants)
    }


def page(found: Variants, address: str) -> dict[str, Any]:
    """The data of `report.html.j2`."""
    title = METRICS[found.metric].title
    return {
        "name": address.rpartition(".")[2],
        "address": address,
        "chosen": found.chosen,
        "why": found.why,
        "rule": f"{found.rule}, on the {found.rows} rows",
        "metric": title,
        "cpu": found.cpu,
        "measures": list(_measures(found)),
        "variants": [_row(one, found) for one in found.variants],
        "figures": [
            _figure(
                "size", f"{title} against size", "size in KiB", found, lambda one: (one.size or 0) / 1024
            ),
            _figure(
                "latency",
                f"{title} against latency",
                "median latency in µs",
                found,
                lambda one: 1e6 * (one.latency or 0),
            ),
        ],
    }


def _row(one: Measured, found: Variants) -> dict[str, Any]:
    value, worse = one.metrics.get(found.metric), one.worse.get(found.metric)
    words = [
        word for word, holds in (("chosen", one.name == found.chosen), ("Pareto front", one.front)) if holds
    ]
    return {
        "name": one.name,
        "what": one.what,
        "words": ", ".join(words),
        "class": "chosen" if one.name == found.chosen else "",
        "size": "–" if one.size is None else f"{one.size:,}",
        "latency": "–" if one.latency is None else f"{1e6 * one.latency:.0f}",
        "metric": "–" if value is None else f"{value:.4f}",
        "worse": "–" if worse is None else f"{worse:+.4f}",
        "measured": [
            "–" if value(one) is None else f"{value(one):{form}}" for value, form in _measures(found).values()
        ],
        "gates": one.verdict or "none",
        "refused": list(one.refused),
    }


def _figure(
    name: str, title: str, across: str, found: Variants, cost: Callable[[Measured], float]
) -> dict[str, Any]:
    """The metric against what it costs, that on a scale by its logarithm; the front is joined by a line."""
    shown = [one for one in found.variants if one.size and one.metrics.get(found.metric) is not None]
    points = [(max(cost(one), 1e-9), one.metrics[found.metric] or 0.0, one) for one in shown]
    shapes: list[Shape] = []
    if points:
        x = _scale([math.log(point[0]) for point in points], _LEFT, _WIDTH - _RIGHT)
        y = _scale([point[1] for point in points], _HEIGHT - _BOTTOM, _TOP)
        shapes += _axes(points, x, y)
        front = sorted((point for point in points if point[2].front), key=lambda point: point[0])
        if len(front) > 1:
            path = " L".join(f"{x(math.log(one[0])):.1f} {y(one[1]):.1f}" for one in front)
            shapes.append({"kind": "path", "d": f"M{path}", "class": "front"})
        for number, (price, value, one) in enumerate(points):
            place = x(math.log(price)), y(value)
            style = "chosen" if one.name == found.chosen else "refused" if one.refused else "fits"
            shapes.append(
                {
                    "kind": "circle",
                    "x": f"{place[0]:.1f}",
                    "y": f"{place[1]:.1f}",
                    "r": "6.0",
                    "class": style,
                }
            )
            anchor = "end" if place[0] > _WIDTH * 0.7 else "start"
            shift = -10.0 if anchor == "end" else 10.0
            lower = 4.0 if number % 2 else -6.0
            shapes.append(_text(place[0] + shift, place[1] + lower, one.name[:18], "label", anchor))
    shapes.append(_text((_LEFT + _WIDTH) / 2, _HEIGHT - 10, across, "label", "middle"))
    better = METRICS[found.metric].better
    return {
        "id": name,
        "title": title,
        "width": f"{_WIDTH:g}",
        "height": f"{_HEIGHT:g}",
        "shapes": shapes,
        "text": f"Filled: the variant that is served; hollow: others that clear every bound; grey: refused. The line "
        f"joins the Pareto front. {better.capitalize()} is better, and so is further to the left.",
    }


def _axes(
    points: list[tuple[float, float, Measured]], x: Callable[[float], float], y: Callable[[float], float]
) -> list[Shape]:
    shapes: list[Shape] = []
    low, high = min(point[0] for point in points), max(point[0] for point in points)
    for value in dict.fromkeys((low, math.sqrt(low * high), high)):
        shapes.append(
            {
                "kind": "path",
                "d": f"M{x(math.log(value)):.1f} {_TOP} L{x(math.log(value)):.1f} {_HEIGHT - _BOTTOM}",
                "class": "grid",
            }
        )
        shapes.append(_text(x(math.log(value)), _HEIGHT - _BOTTOM + 16, f"{value:.3g}", "tick", "middle"))
    least, most = min(point[1] for point in points), max(point[1] for point in points)
    for value in dict.fromkeys((least, (least + most) / 2, most)):
        shapes.append(
            {
                "kind": "path",
                "d": f"M{_LEFT} {y(value):.1f} L{_WIDTH - _RIGHT} {y(value):.1f}",
                "class": "grid",
            }
        )
        shapes.append(_text(_LEFT - 6, y(value) + 4, f"{value:.4f}", "tick", "end"))
    return shapes


def _scale(values: list[float], start: float, end: float) -> Callable[[float], float]:
    low, high = min(values), max(values)
    margin = (high - low) * 0.12 or 0.5
    low, high = low - margin, high + margin
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _text(x: float, y: float, text: str, style: str, anchor: str) -> Shape:
    return {"kind": "text", "x": f"{x:.1f}", "y": f"{y:.1f}", "text": text, "class": style, "anchor": anchor}
