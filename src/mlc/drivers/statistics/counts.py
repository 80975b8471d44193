"""What a confusion matrix decides: averages over classes, their spread, and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics import bootstrap
from mlc.drivers.statistics.bootstrap import Spread
from mlc.drivers.statistics.design import Design, drawn_sums, expanded_confidence, of_units, row_counts
from mlc.drivers.statistics.estimating import UNVARIED, estimate, no_interval
from mlc.drivers.statistics.proportions import Ends
from mlc.ir.evaluation import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_CELLS = 4_000_000  # of a stack of matrices at once
_MOST_COLUMNS = 100  # cells that are summed as columns of their own


def matrix_of(truth: Ints, predicted: Ints, classes: int, weights: Floats | None = None) -> Floats:
    """Rows by true (first axis) and predicted class, (k, k), from codes 0…k−1 (n,)."""
    cells = np.bincount(truth * classes + predicted, weights=weights, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.float64)


def accuracy(matrix: Floats) -> Floats:
    """The share on the diagonal; (…, k, k) to (…)."""
    return _ratio(_hits(matrix).sum(-1), matrix.sum((-1, -2)))


def balanced_accuracy(matrix: Floats) -> Floats:
    """The mean recall of the classes that have rows."""
    support = matrix.sum(-1)
    return _mean_where(_ratio(_hits(matrix), support), support > 0)


def precision_macro(matrix: Floats) -> Floats:
    """The mean precision of the classes; one that is never called has none, and counts 0 where it has rows."""
    called, support = matrix.sum(-2), matrix.sum(-1)
    return _mean_where(_ratio(_hits(matrix), called), called + support > 0)


def f1_macro(matrix: Floats) -> Floats:
    """The mean F1 of the classes that have rows or are called."""
    both = matrix.sum(-1) + matrix.sum(-2)
    return _mean_where(_ratio(2 * _hits(matrix), both), both > 0)


def f1_weighted(matrix: Floats) -> Floats:
    """F1 averaged by the rows of each class."""
    support = matrix.sum(-1)
    scores = _ratio(2 * _hits(matrix), support + matrix.sum(-2))
    return _ratio((scores * support).sum(-1), support.sum(-1))


def precision_weighted(matrix: Floats) -> Floats:
    """Precision averaged by the rows of each class."""
    support = matrix.sum(-1)
    return _ratio((_ratio(_hits(matrix), matrix.sum(-2)) * support).sum(-1), support.sum(-1))


def matthews_correlation(matrix: Floats) -> Floats:
    """The correlation of truth and prediction (Gorodkin 2004, Computational Biology and Chemistry 28)."""
    total, support, called = matrix.sum((-1, -2)), matrix.sum(-1), matrix.sum(-2)
    together = _hits(matrix).sum(-1) * total - (support * called).sum(-1)
    apart = (total**2 - (called**2).sum(-1)) * (total**2 - (support**2).sum(-1))
    return _ratio(together, np.sqrt(np.maximum(apart, 0)))


def cohen_kappa(matrix: Floats) -> Floats:
    """Agreement beyond what chance gives (Cohen 1960, Educational and Psychological Measurement 20)."""
    total = matrix.sum((-1, -2))
    expected = _ratio((matrix.sum(-1) * matrix.sum(-2)).sum(-1), total**2)
    return _ratio(accuracy(matrix) - expected, 1 - expected)


def class_share(kind: str, place: int, axis: int) -> Callable[[Floats], Floats]:
    """Of one class its recall (axis −1: over its rows) or precision (axis −2: over the rows called so), or f1."""

    def share(matrix: Floats) -> Floats:
        hits = matrix[..., place, place]
        if kind == "f1":
            return _ratio(2 * hits, matrix[..., place, :].sum(-1) + matrix[..., :, place].sum(-1))
        return _ratio(hits, matrix.sum(axis)[..., place])

    return share


Statistic = Callable[[Floats], Floats]

AVERAGES: Mapping[str, tuple[Statistic, float]] = {
    "accuracy": (accuracy, 0.0),
    "balanced_accuracy": (balanced_accuracy, 0.0),
    "f1_macro": (f1_macro, 0.0),
    "f1_weighted": (f1_weighted, 0.0),
    "precision_macro": (precision_macro, 0.0),
    "precision_weighted": (precision_weighted, 0.0),
    "matthews_correlation": (matthews_correlation, -1.0),
    "cohen_kappa": (cohen_kappa, -1.0),
}
"""Statistics of a confusion matrix and the least that each can be; the most is 1."""


def spreads(
    design: Design,
    truth: Ints,
    predicted: Ints,
    classes: int,
    statistics: Mapping[str, tuple[Statistic, float]],
) -> dict[str, Spread]:
    """The spread of each statistic, from codes 0…k−1 (n,).

    Independent rows that count alike: the cells of a resample are multinomial, which is exact and costs nothing
    per row. Else the rows of each resample are counted; what each unit adds is told by the statistic's slope.
    """
    matrix = matrix_of(truth, predicted, classes, design.weights)
    kept = np.flatnonzero(matrix.ravel() > 0)
    drawn = (
        _multinomial(matrix, kept, design)
        if design.is_plain
        else np.concatenate(
            [*_counted(design, truth, predicted, classes)] or [np.empty((0, classes, classes))]
        )
    )
    found = {}
    for name, (statistic, least) in statistics.items():
        value = float(statistic(matrix))
        without, times = _without(statistic, matrix, kept)
        if not design.is_plain:
            slopes = np.zeros(matrix.size)
            slopes[kept] = value - without
            influence = slopes[truth * classes + predicted]
            if design.weights is not None:
                influence = influence * design.weights
            without = value - of_units(design, influence[:, None])[:, 0]
        values = _in_parts(statistic, drawn)
        found[name] = Spread(
            value, without, values, most=1.0, least=least, times=times if design.is_plain else None
        )
    return found


def estimate_of(metric: str, spread: Spread, design: Design, levels: Sequence[float], n: int) -> Estimate:
    """A metric by its spread; without an interval where every resample gives the same. It rests on `n` rows."""
    varies = bootstrap.varies(spread)
    drawn = len(spread.drawn) if varies else 0

    def at(level: float) -> tuple[Ends | None, str]:
        return interval(design, spread, level)

    return estimate(
        metric,
        spread.value,
        n,
        at if varies else no_interval,
        levels,
        [] if varies else [UNVARIED],
        resamples=drawn or None,
        seed=design.seed if drawn else None,
    )


def interval(design: Design, spread: Spread, confidence: float) -> tuple[Ends | None, str]:
    """BCa on the multinomial resamples, or on those of the design."""
    if not np.isfinite(spread.value) or not bootstrap.varies(spread):
        return None, "none"
    if design.is_plain:
        return bootstrap.bca(spread, confidence), "BCa multinomial bootstrap"
    level = expanded_confidence(design.units, confidence)
    if len(spread.drawn):
        return bootstrap.bca(spread, level), f"BCa bootstrap{design.words()}"
    return bootstrap.expanded_bca(spread, level), f"BCa by expansion{design.words()}"


def _multinomial(matrix: Floats, kept: Ints, design: Design) -> Floats:
    shares = matrix.ravel()[kept] / matrix.sum()
    generator = np.random.default_rng(design.seed)
    counts = generator.multinomial(int(matrix.sum()), shares, size=design.resamples)
    drawn = np.zeros((design.resamples, matrix.size))
    drawn[:, kept] = counts
    return drawn.reshape(-1, *matrix.shape)


def _counted(design: Design, truth: Ints, predicted: Ints, classes: int) -> Sequence[Floats]:
    """The matrices (some of b, k, k) of the design's resamples."""
    cells = truth * classes + predicted
    size = classes * classes
    if design.draws and size <= _MOST_COLUMNS and size * design.n <= _MOST_CELLS * 10:
        marked = np.zeros((design.n, size))
        marked[np.arange(design.n), cells] = 1.0
        return [drawn_sums(design, design.weighted(marked)).reshape(-1, classes, classes)]
    if not design.draws_rows:
        return []
    made: list[Floats] = []
    for counts in row_counts(design):
        weighted = counts if design.weights is None else counts * design.weights
        places = (cells + np.arange(len(counts))[:, None] * size).ravel()
        summed = np.bincount(places, weights=weighted.ravel(), minlength=len(counts) * size)
        made.append(summed.reshape(-1, classes, classes).astype(np.float64))
    return made


def _without(statistic: Statistic, matrix: Floats, kept: Ints) -> tuple[Floats, Floats]:
    """The statistic without one row of each cell that has rows, and how many rows each of them has."""
    times = matrix.ravel()[kept]
    step = max(1, _MOST_CELLS // matrix.size)
    parts = []
    for first in range(0, len(kept), step):
        part = kept[first : first + step]
        fewer = np.repeat(matrix.reshape(1, -1), len(part), axis=0)
        fewer[np.arange(len(part)), part] -= np.minimum(1.0, times[first : first + step])
        parts.append(statistic(fewer.reshape(-1, *matrix.shape)))
    return np.concatenate(parts), times


def _in_parts(statistic: Statistic, matrices: Floats) -> Floats:
    if not len(matrices):
        return np.empty(0)
    step = max(1, _MOST_CELLS // (matrices.shape[-1] ** 2))
    return np.concatenate(
        [statistic(matrices[first : first + step]) for first in range(0, len(matrices), step)]
    )


def _hits(matrix: Floats) -> Floats:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Their ratio; 0 where there is no whole."""
    part, whole = np.asarray(part), np.asarray(whole)
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)


def _mean_where(values: Floats, kept: NDArray[np.bool_]) -> Floats:
    return _ratio((values * kept).sum(-1), kept.sum(-1))
