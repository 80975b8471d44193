"""Two sets of answers on the same rows: how much better the first is, with an interval and a p-value.

Rows are compared with themselves, so that what makes a row hard for both does not count as uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import bdtr, ndtr

from mlc.drivers.statistics import areas, counts, multiclass, sampled, sums
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.bootstrap import Spread, bca, expanded_bca, log_losses, varies
from mlc.drivers.statistics.design import (
    Design,
    drawn_sums,
    expanded_confidence,
    of_units,
    quantiles,
    variance_of_sum,
)
from mlc.drivers.statistics.estimating import estimate
from mlc.drivers.statistics.proportions import Ends, quantile
from mlc.ir.evaluation import Estimate
from mlc.ir.metrics import METRICS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_CELLS = 400


class Difference(Struct, frozen=True):
    """How much better the first is, in the metric's unit: above 0 where it is. None: the same on every row."""

    estimate: Estimate
    first: float
    second: float
    p_value: float | None


def difference(
    metric: str, first: Answers, second: Answers, design: Design, levels: Sequence[float] = ()
) -> Difference:
    """First against second by a metric that `METRICS` calls paired.

    Areas by the covariance of DeLong, DeLong and Clarke-Pearson 1988; accuracy of independent rows by McNemar's
    exact test and Tango's interval (1998, Statistics in Medicine 17); what counts cells by the multinomial bootstrap
    of the cells of both; average precision by its influences; all else by the paired bootstrap (BCa).
    Raises ValueError where the metric is not defined of these rows.
    """
    sign = 1.0 if METRICS[metric].better == "higher" else -1.0
    if metric in ("roc_auc", "roc_auc_macro", "average_precision"):
        return _of_influence(metric, first, second, design, levels)
    if metric == "accuracy" and design.is_plain:
        return _mcnemar(first, second, design, levels)
    if metric in _COUNTED:
        return _of_cells(metric, first, second, design, levels)
    return _of_sums(metric, sign, first, second, design, levels)


def tango(only_first: int, only_second: int, n: int, confidence: float) -> Ends:
    """The score interval of the difference of two paired proportions, (only_first − only_second) / n.

    Tango 1998 (Statistics in Medicine 17, equations 3 and 6): the differences that a score test does not reject,
    with the cell estimated under each; found by bisection. It holds with few or no discordant rows.
    """
    z = quantile(confidence)

    def score(delta: float) -> float:
        a = 2.0 * n
        b = -only_first - only_second + (2 * n - only_first + only_second) * delta
        c = -only_second * delta * (1 - delta)
        q = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
        variance = n * (2 * q + delta * (1 - delta))
        distance = only_first - only_second - n * delta
        return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)

    def root(target: float, low: float, high: float) -> float:
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if score(middle) > target else (low, middle)
        return (low + high) / 2

    value = (only_first - only_second) / n
    return root(z, -1 + 1e-12, value), root(-z, value, 1 - 1e-12)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value: of rows that only one side has right, either is as likely (McNemar 1947)."""
    discordant = only_first + only_second
    if discordant == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), discordant, 0.5)))


def _mcnemar(first: Answers, second: Answers, design: Design, levels: Sequence[float]) -> Difference:
    assert first.predicted is not None
    assert second.predicted is not None
    assert first.truth is not None
    right, also = (np.equal(one, first.truth) for one in (first.predicted, second.predicted))
    ahead, behind = int((right & ~also).sum()), int((also & ~right).sum())

    def at(level: float) -> tuple[Ends, str]:
        return tango(ahead, behind, design.n, level), "Tango's score interval, paired"

    value = (ahead - behind) / design.n
    return Difference(
        estimate("accuracy", value, design.n, at, levels),
        float(np.mean(right)),
        float(np.mean(also)),
        mcnemar(ahead, behind),
    )


def _of_influence(
    metric: str, first: Answers, second: Answers, design: Design, levels: Sequence[float]
) -> Difference:
    (value, moved), (other, also) = (_influence(metric, one, design) for one in (first, second))
    apart = moved - also
    error = math.sqrt(float(variance_of_sum(design, apart[:, None])[0, 0]))
    method = "influences, paired" if metric == "average_precision" else "DeLong, paired"

    def at(level: float) -> tuple[Ends, str]:
        half = quantiles(design, level) * error
        return (value - other - half, value - other + half), method + design.words()

    p = None if error <= 1e-12 else float(2 * ndtr(-abs(value - other) / error))
    return Difference(estimate(metric, value - other, design.n, at, levels), value, other, p)


def _influence(metric: str, side: Answers, design: Design) -> tuple[float, Floats]:
    assert side.truth is not None
    assert side.scores is not None
    if metric == "roc_auc_macro":
        area, moved, _ = areas.one_vs_rest(
            side.truth.astype(np.int64), side.scores.astype(float), design.weights
        )
        return area, moved
    truth, scores = side.truth.astype(bool), side.scores.astype(float)
    if metric == "roc_auc":
        return areas.influence(truth, scores, design.weights)
    if not truth.any():
        raise ValueError("The test set holds no positive rows.")
    return sampled.precision_influence(truth, scores, design.weights)


_COUNTED: Mapping[str, counts.Statistic] = {
    **{name: statistic for name, (statistic, _) in counts.AVERAGES.items()},
    "f1_micro": counts.accuracy,
    "precision": counts.class_share("precision", 1, -2),
    "recall": counts.class_share("recall", 1, -1),
    "specificity": counts.class_share("recall", 0, -1),
    "f1": counts.class_share("f1", 1, -1),
}


def _of_cells(
    metric: str, first: Answers, second: Answers, design: Design, levels: Sequence[float]
) -> Difference:
    assert first.truth is not None
    assert first.predicted is not None
    assert second.predicted is not None
    truth, a, b = (part.astype(np.int64) for part in (first.truth, first.predicted, second.predicted))
    k = int(max(truth.max(), a.max(), b.max(), 1)) + 1
    codes, places = np.unique((truth * k + a) * k + b, return_inverse=True)
    weights = np.ones(design.n) if design.weights is None else design.weights
    held = np.bincount(places, weights=weights, minlength=len(codes)).astype(np.float64)
    of_first, of_second = codes // k, codes // (k * k) * k + codes % k

    def matrices(cells: Floats) -> tuple[Floats, Floats]:
        made = []
        for target in (of_first, of_second):
            flat = np.zeros((*cells.shape[:-1], k * k))
            for place, cell in enumerate(target):
                flat[..., cell] += cells[..., place]
            made.append(flat.reshape(*cells.shape[:-1], k, k))
        return made[0], made[1]

    statistic = _COUNTED[metric]

    def apart(cells: Floats) -> Floats:
        one, other = matrices(cells)
        return statistic(one) - statistic(other)

    value = float(apart(held))
    slopes = np.array(
        [value - float(apart(held - unit)) for unit in np.eye(len(codes)) * np.minimum(held, 1)]
    )
    influence = slopes[places] * weights
    without = value - of_units(design, influence[:, None])[:, 0]
    if design.is_plain:
        generator = np.random.default_rng(design.seed)
        drawn_cells = generator.multinomial(design.n, held / held.sum(), size=design.resamples).astype(float)
    elif design.draws and len(codes) <= _MOST_CELLS:
        marked = np.zeros((design.n, len(codes)))
        marked[np.arange(design.n), places] = weights
        drawn_cells = drawn_sums(design, marked)
    else:
        drawn_cells = np.empty((0, len(codes)))
    drawn = apart(drawn_cells) if len(drawn_cells) else np.empty(0)
    one, other = (float(statistic(made)) for made in matrices(held))
    return _told(metric, Spread(value, without, drawn, 2.0, -2.0), one, other, design, levels)


def _of_sums(
    metric: str, sign: float, first: Answers, second: Answers, design: Design, levels: Sequence[float]
) -> Difference:
    columns, statistic = _columns(metric, first, second)

    def apart(total: Floats) -> Floats:
        one, other = statistic(total)
        return sign * (one - other)

    spread = sums.spreads(design, columns, {metric: (apart, -math.inf, math.inf)})[metric]
    one, other = (float(part) for part in statistic(design.weighted(columns).sum(axis=0)))
    return _told(metric, spread, one, other, design, levels)


def _columns(
    metric: str, first: Answers, second: Answers
) -> tuple[Floats, Callable[[Floats], tuple[Floats, Floats]]]:
    """Columns (n, m) and what their sums give of both sides."""
    a, b = (_losses(metric, side) for side in (first, second))
    ones = np.ones(len(a))
    if metric == "r2":
        assert first.truth is not None
        truth = first.truth.astype(float)
        centred = truth - truth.mean()

        def explained(total: Floats) -> tuple[Floats, Floats]:
            weight, one, other, y, yy = np.moveaxis(total, -1, 0)
            whole = yy - y**2 / weight
            return 1 - one / whole, 1 - other / whole

        return np.stack([ones, a, b, centred, centred**2], axis=1), explained
    power = 0.5 if metric in ("rmse", "rmsle") else 1.0

    def means(total: Floats) -> tuple[Floats, Floats]:
        weight, one, other = np.moveaxis(total, -1, 0)
        if metric == "mean_error":
            return np.abs(one / weight), np.abs(other / weight)
        return np.maximum(one / weight, 0) ** power, np.maximum(other / weight, 0) ** power

    return np.stack([ones, a, b], axis=1), means


def _losses(metric: str, side: Answers) -> Floats:
    if metric == "alert_rate":
        assert side.predicted is not None
        return side.predicted.astype(float)
    assert side.truth is not None
    assert side.scores is not None
    scores = side.scores.astype(float)
    if side.task == "multiclass_classification":
        codes = side.truth.astype(np.int64)
        made = multiclass.log_losses if metric == "log_loss" else multiclass.brier_scores
        return made(codes, scores)
    if metric == "brier":
        squares: Floats = (scores - side.truth.astype(float)) ** 2
        return squares
    if metric == "log_loss":
        return log_losses(side.truth.astype(bool), scores)
    truth = side.truth.astype(float)
    errors = scores - truth
    if metric == "mape" and (truth == 0).any():
        raise ValueError("Rows have the label 0, to which no error is relative.")
    if metric == "rmsle" and (truth <= -1).any():
        raise ValueError("Labels of −1 and less have no logarithm of 1 + label.")
    made_of: dict[str, Callable[[], Floats]] = {
        "rmse": lambda: errors**2,
        "r2": lambda: errors**2,
        "mae": lambda: np.abs(errors),
        "mean_error": lambda: errors,
        "mape": lambda: np.abs(errors / truth),
        "rmsle": lambda: (np.log1p(np.maximum(scores, 0)) - np.log1p(truth)) ** 2,
        "pinball_loss": lambda: np.where(errors < 0, -side.level * errors, (1 - side.level) * errors),
    }
    return made_of[metric]()


def _told(
    metric: str, spread: Spread, one: float, other: float, design: Design, levels: Sequence[float]
) -> Difference:
    if not varies(spread):

        def same(_: float) -> tuple[Ends, str]:
            return (spread.value, spread.value), "the same on every resample"

        return Difference(estimate(metric, spread.value, design.n, same, levels), one, other, None)
    finite = spread.drawn[np.isfinite(spread.drawn)]

    def at(level: float) -> tuple[Ends, str]:
        expanded = expanded_confidence(design.units, level)
        if len(finite):
            return bca(spread, expanded), f"paired BCa bootstrap{design.words()}"
        return expanded_bca(spread, expanded), f"paired BCa by expansion{design.words()}"

    if len(finite):
        below = (np.sum(finite < 0) + np.sum(finite == 0) / 2 + 0.5) / (len(finite) + 1)
        p = float(min(1.0, 2 * min(below, 1 - below)))
    else:
        error = float(np.sqrt(((spread.without - spread.without.mean()) ** 2).sum()))
        p = float(2 * ndtr(-abs(spread.value) / error))
    return Difference(
        estimate(
            metric,
            spread.value,
            design.n,
            at,
            levels,
            resamples=len(spread.drawn) or None,
            seed=design.seed if len(spread.drawn) else None,
        ),
        one,
        other,
        p,
    )
