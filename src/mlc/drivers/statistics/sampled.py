"""Binary classification on rows that are weighted, grouped or in the order of time.

The formulas for independent rows (`binary`) do not hold there: each metric is resampled as the rows were drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics import areas, bootstrap, counts, sums
from mlc.drivers.statistics.bootstrap import Spread
from mlc.drivers.statistics.design import Design, of_units, row_counts
from mlc.drivers.statistics.estimating import (
    estimate,
    undefined,
)
from mlc.drivers.statistics.expected_calibration import estimate_of
from mlc.drivers.statistics.sums import of_mean
from mlc.ir.evaluation import Estimate

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_COUNTED: dict[str, tuple[counts.Statistic, float]] = {
    "accuracy": (counts.accuracy, 0.0),
    "balanced_accuracy": (counts.balanced_accuracy, 0.0),
    "precision": (counts.class_share("precision", 1, -2), 0.0),
    "recall": (counts.class_share("recall", 1, -1), 0.0),
    "specificity": (counts.class_share("recall", 0, -1), 0.0),
    "f1": (counts.class_share("f1", 1, -1), 0.0),
    "matthews_correlation": (counts.matthews_correlation, -1.0),
    "cohen_kappa": (counts.cohen_kappa, -1.0),
}


def estimates(
    truth: Bools, predicted: Bools, scores: Floats, design: Design, levels: Sequence[float]
) -> list[Estimate]:
    """Every metric that `binary.estimates` has, of the same arguments and a design that is not plain."""
    return [
        *_of_counts(truth, predicted, design, levels),
        _area(truth, scores, design, levels),
        _average_precision(truth, scores, design, levels),
        *_of_losses(truth, scores, design, levels),
        estimate_of(truth, scores, design, levels),
    ]


def plain_counts(truth: Bools, predicted: Bools, design: Design, levels: Sequence[float]) -> list[Estimate]:
    """What the multinomial bootstrap gives of independent rows: the correlation and kappa."""
    named = {name: _COUNTED[name] for name in ("matthews_correlation", "cohen_kappa")}
    spreads = counts.spreads(design, truth.astype(np.int64), predicted.astype(np.int64), 2, named)
    return [counts.estimate_of(name, spread, design, levels, design.n) for name, spread in spreads.items()]


def _of_counts(truth: Bools, predicted: Bools, design: Design, levels: Sequence[float]) -> list[Estimate]:
    spreads = counts.spreads(design, truth.astype(np.int64), predicted.astype(np.int64), 2, _COUNTED)
    positives, called = int(truth.sum()), int(predicted.sum())
    rests_on = {"precision": called, "recall": positives, "specificity": design.n - positives}
    missing = {
        "precision": "The model calls no row positive.",
        "recall": "The test set holds no positive rows.",
        "specificity": "The test set holds no negative rows.",
    }
    if positives in (0, design.n):
        missing["balanced_accuracy"] = missing["recall" if positives == 0 else "specificity"]
        rests_on["balanced_accuracy"] = 0
    return [
        undefined(name, missing[name])
        if rests_on.get(name, design.n) == 0
        else counts.estimate_of(name, spread, design, levels, rests_on.get(name, design.n))
        for name, spread in spreads.items()
    ]


def _area(truth: Bools, scores: Floats, design: Design, levels: Sequence[float]) -> Estimate:
    if truth.all() or not truth.any():
        return undefined("roc_auc", "The test set does not hold rows of both classes.")
    area, moved = areas.influence(truth, scores, design.weights)
    notes = (
        ["The scores separate the classes perfectly on the test set: look for leakage. No interval."]
        if area in (0.0, 1.0)
        else []
    )
    return estimate(
        "roc_auc", area, design.n, lambda level: areas.interval(design, area, moved, level), levels, notes
    )


def _average_precision(truth: Bools, scores: Floats, design: Design, levels: Sequence[float]) -> Estimate:
    metric = "average_precision"
    if not truth.any():
        return undefined(metric, "The test set holds no positive rows.")
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.r_[np.flatnonzero(np.diff(ranked)), design.n - 1]
    weights = (np.ones(design.n) if design.weights is None else design.weights)[order]
    hits = truth[order]

    def of(weighted: Floats) -> Floats:
        positives = np.cumsum(weighted * hits, axis=-1)[..., ends]
        rows = np.cumsum(weighted, axis=-1)[..., ends]
        steps = np.diff(positives, axis=-1, prepend=0.0)
        total = positives[..., -1]
        summed = (steps * positives / np.maximum(rows, 1e-300)).sum(axis=-1)
        values: Floats = np.divide(summed, total, out=np.full(np.shape(total), np.nan), where=total > 0)
        return values

    value = float(of(weights))
    drawn = (
        np.concatenate([of(found[:, order] * weights) for found in row_counts(design)])
        if design.draws_rows
        else np.empty(0)
    )
    _, influence = precision_influence(truth, scores, design.weights)
    without = value - of_units(design, influence[:, None])[:, 0]
    return counts.estimate_of(metric, Spread(value, without, drawn), design, levels, design.n)


def precision_influence(truth: Bools, scores: Floats, weights: Floats | None) -> tuple[float, Floats]:
    """Average precision, and how much each row moves it, (n,): the derivative by its weight, times that."""
    order = np.argsort(-scores, kind="stable")
    hits, ranked = truth[order], scores[order]
    weight = (np.ones(len(truth)) if weights is None else weights)[order]
    ends = np.r_[np.flatnonzero(np.diff(ranked)), len(ranked) - 1]
    positives, rows = np.cumsum(weight * hits)[ends], np.cumsum(weight)[ends]
    sizes = np.diff(ends, prepend=-1)
    steps = np.diff(positives, prepend=0.0)
    total = positives[-1]
    value = float((steps * positives / rows).sum() / total)
    # a row of group g: its own step grows by precision_g; from g on, rows (and, of a positive, positives) do
    fewer = np.cumsum((steps * positives / rows**2)[::-1])[::-1]
    more = np.cumsum((steps / rows)[::-1])[::-1]
    group = np.repeat(np.arange(len(ends)), sizes)
    gain = hits * (positives / rows + more)[group] - fewer[group]
    influence = np.empty(len(truth))
    influence[order] = weight * (gain - value * hits) / total
    return value, influence


def _of_losses(truth: Bools, scores: Floats, design: Design, levels: Sequence[float]) -> list[Estimate]:
    losses = {
        "brier": ((scores - truth) ** 2, 1.0),
        "log_loss": (bootstrap.log_losses(truth, scores), 1.0),
    }
    return [of_mean(name, mean, design, levels) for name, mean in sums.means(design, losses).items()]
