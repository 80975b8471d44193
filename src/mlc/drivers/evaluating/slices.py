"""Parts of the test set: a metric in each, its gap to the rest, with intervals that hold for all looks together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct, structs
from numpy.typing import NDArray
from scipy.special import ndtr

from mlc.drivers.evaluating.answers import estimates, of_rows
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.estimating import CONFIDENCE, estimate
from mlc.drivers.statistics.multiplicity import holm, simultaneous
from mlc.drivers.statistics.proportions import Ends, quantile
from mlc.ir.evaluation import Estimate, SliceFigures
from mlc.ir.metrics import METRICS

Ints = NDArray[np.int64]

PARTS = 4
"""Numbers are cut into this many parts of as many rows each."""

MOST_VALUES = 50


class Part(Struct, frozen=True):
    """Rows that have a value of a column, by their places."""

    column: str
    value: str
    rows: Ints


class Look(Struct, frozen=True):
    """What a gate asks of slices: the columns, the metrics, the fewest rows and the level for all looks together."""

    by: Sequence[str]
    metrics: Sequence[str]
    min_rows: int
    confidence: float


def slices(
    gate: str, look: Look, frame: pl.DataFrame, answers: Answers, design: Design
) -> tuple[SliceFigures, ...]:
    """Each metric in each part of each column, against the rest of the rows.

    The gap's interval is made of those of either side (Zou and Donner 2008, Statistics in Medicine 27), which are
    independent. Raises ValueError, with a sentence to show, for a column of too many values.
    """
    parts = [part for column in look.by for part in parts_of(frame, column)]
    tested = [part for part in parts if _is_tested(part, look, answers.n)]
    looks = len(tested) * len(look.metrics)
    level = simultaneous(look.confidence, looks)
    found: list[SliceFigures] = []
    for part in parts:
        if not _is_tested(part, look, answers.n):
            found += [_untested(gate, part, metric, look, looks) for metric in look.metrics]
            continue
        rest = np.setdiff1d(np.arange(answers.n), part.rows, assume_unique=True)
        inside = _of(answers, design, part.rows, look, level)
        outside = _of(answers, design, rest, look, level)
        for metric in look.metrics:
            found.append(
                SliceFigures(
                    gate=gate,
                    column=part.column,
                    value=part.value,
                    metric=metric,
                    rows=len(part.rows),
                    min_rows=look.min_rows,
                    looks=looks,
                    estimate=inside[metric],
                    rest=outside[metric],
                    gap=gap_of(metric, inside[metric], outside[metric], level),
                )
            )
    return _adjusted(found)


def parts_of(frame: pl.DataFrame, column: str) -> Iterator[Part]:
    """The parts of a column: its values, or of numbers of many values quarters of the rows.

    Raises ValueError, with a sentence to show, for text of more than `MOST_VALUES` values.
    """
    values = frame[column]
    if values.dtype.is_numeric() and values.n_unique() > 10:
        yield from _quarters(values, column)
        return
    if values.n_unique() > MOST_VALUES:
        raise ValueError(
            f"The column {column} has {values.n_unique():,} values, and a slice of each says nothing: slices are by "
            f"columns of at most {MOST_VALUES} values, or of numbers."
        )
    texts = values.cast(pl.String).fill_null("missing")
    for value in sorted(texts.unique().to_list()):
        yield Part(column, value, np.flatnonzero((texts == value).to_numpy()))


def gap_of(metric: str, inside: Estimate, outside: Estimate, level: float) -> Estimate | None:
    """By how much the inside is worse than the outside; None where either is not defined.

    The distances of either value to its own ends are squared and added (Zou and Donner 2008).
    """
    if inside.value is None or outside.value is None:
        return None
    higher = METRICS[metric].better == "higher"
    better, worse = (outside, inside) if higher else (inside, outside)
    assert better.value is not None
    assert worse.value is not None
    value = better.value - worse.value

    def at(confidence: float) -> tuple[Ends | None, str]:
        b, w = better.at(confidence), worse.at(confidence)
        if b is None or w is None or None in (b.low, b.high, w.low, w.high):
            return None, "none"
        assert better.value is not None
        assert worse.value is not None
        down = math.hypot(better.value - (b.low or 0.0), (w.high or 0.0) - worse.value)
        up = math.hypot((b.high or 0.0) - better.value, worse.value - (w.low or 0.0))
        return (value - down, value + up), "square-and-add of both intervals"

    levels = [] if math.isclose(level, CONFIDENCE) else [level]
    return estimate(metric, value, inside.n, at, levels)


def _is_tested(part: Part, look: Look, n: int) -> bool:
    return look.min_rows <= len(part.rows) < n


def _of(answers: Answers, design: Design, rows: Ints, look: Look, level: float) -> Mapping[str, Estimate]:
    levels = [] if math.isclose(level, CONFIDENCE) else [level]
    return estimates(answers.take(rows), of_rows(design, rows), levels, only=look.metrics)


def _untested(gate: str, part: Part, metric: str, look: Look, looks: int) -> SliceFigures:
    return SliceFigures(gate, part.column, part.value, metric, len(part.rows), look.min_rows, looks)


def _adjusted(found: list[SliceFigures]) -> tuple[SliceFigures, ...]:
    """With the p-value of each gap, after Holm."""
    raw: dict[int, float] = {}
    for place, one in enumerate(found):
        gap = one.gap
        if gap is None or gap.value is None or gap.low is None or gap.high is None or gap.high <= gap.low:
            continue
        error = (gap.high - gap.low) / (2 * quantile(gap.confidence))
        raw[place] = float(2 * ndtr(-abs(gap.value) / error))
    adjusted = dict(zip(raw, holm(list(raw.values())), strict=True))
    return tuple(
        structs.replace(one, p_adjusted=adjusted[place]) if place in adjusted else one
        for place, one in enumerate(found)
    )


def _quarters(values: pl.Series, column: str) -> Iterator[Part]:
    numbers = values.cast(pl.Float64).to_numpy()
    known = np.isfinite(numbers)
    edges = (
        np.unique(np.quantile(numbers[known], np.linspace(0, 1, PARTS + 1))) if known.any() else np.empty(0)
    )
    for low, high in itertools.pairwise(edges):
        last = high == edges[-1]
        inside = known & (numbers >= low) & ((numbers <= high) if last else (numbers < high))
        end = "]" if last else ")"
        yield Part(column, f"[{low:.4g}, {high:.4g}{end}", np.flatnonzero(inside))
    if not known.all():
        yield Part(column, "missing", np.flatnonzero(~known))


def look_of(asked: Mapping[str, Any]) -> Look:
    """What a gate's `slices` ask for, as an operation's spec has it."""
    return Look(asked["by"], sorted(asked["metrics"]), asked["min_rows"], asked["confidence"])
