"""Regression: every estimate with its interval, and what a report draws of the errors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics import sums
from mlc.drivers.statistics.bootstrap import Spread
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.estimating import CONFIDENCE, FEW_ROWS, UNVARIED, IntervalAt, estimate, undefined
from mlc.drivers.statistics.ranks import median_interval, weighted_median
from mlc.ir.evaluation import Estimate, PredictedBin, Residuals

Floats = NDArray[np.float64]

_BINS = 30
_POINTS = 400
"""Rows that a drawing of predicted against true values shows."""


def estimates(
    truth: Floats, values: Floats, design: Design, *, confidences: Sequence[float] = (), level: float = 0.5
) -> dict[str, Estimate]:
    """Every metric of regression. `truth` and `values` are (n,) and finite; `level` is the quantile that the
    model predicts, for the pinball loss (one half: the median).

    Raises ValueError where n is 0, the lengths differ or a number is not finite.
    """
    _require(truth, values)
    errors = values - truth
    found = [
        *_means(truth, values, design, confidences, level),
        _median(np.abs(errors), design, confidences),
        *_of_sums(truth, errors, design, confidences),
    ]
    return {one.metric: one for one in found}


def warnings(truth: Floats, design: Design) -> tuple[str, ...]:
    """What a reader must know about the test set before trusting any interval."""
    found = []
    if np.ptp(truth) == 0:
        found.append(
            f"Every row of the test set has the label {truth[0]:g}: nothing can be explained, and R² is undefined."
        )
    found += few(design)
    return tuple(found)


def few(design: Design) -> list[str]:
    """A warning where there are too few rows, groups or blocks."""
    if design.units >= FEW_ROWS:
        return []
    what = {"rows": "rows", "groups": "groups of rows", "blocks": "blocks of rows that do not overlap"}[
        design.by
    ]
    return [
        f"The test set holds {design.units} {what}. With fewer than {FEW_ROWS} the intervals are themselves "
        "uncertain."
    ]


def residuals(truth: Floats, values: Floats, seed: int) -> Residuals:
    """What a report draws: a histogram of the errors, their quantiles by predicted value, and some rows."""
    errors = values - truth
    low, high = np.quantile(errors, [0.005, 0.995])
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(np.clip(errors, low, high), bins=_BINS, range=(low, high))
    order = np.argsort(values, kind="stable")
    bins = []
    for part in np.array_split(order, min(20, len(order))):
        quarter, middle, three = np.quantile(errors[part], [0.25, 0.5, 0.75])
        bins.append(
            PredictedBin(
                low=float(values[part].min()),
                high=float(values[part].max()),
                rows=len(part),
                mean_predicted=float(values[part].mean()),
                mean_true=float(truth[part].mean()),
                lower=float(quarter),
                median=float(middle),
                upper=float(three),
            )
        )
    chosen = np.arange(len(truth))
    if len(chosen) > _POINTS:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, _POINTS, replace=False))
    return Residuals(
        edges=tuple(float(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
        bins=tuple(bins),
        truth=tuple(float(one) for one in truth[chosen]),
        predicted=tuple(float(one) for one in values[chosen]),
    )


def _means(
    truth: Floats, values: Floats, design: Design, levels: Sequence[float], quantile: float
) -> list[Estimate]:
    """Means of losses that are never negative."""
    errors = values - truth
    sizes = np.abs(errors)
    losses: dict[str, tuple[Floats, float]] = {
        "rmse": (errors**2, 0.5),
        "mae": (sizes, 1.0),
        "pinball_loss": (np.where(errors < 0, -quantile * errors, (1 - quantile) * errors), 1.0),
    }
    found, notes = [], {}
    if (truth == 0).any():
        reason = f"{int((truth == 0).sum()):,} rows have the label 0, to which no error is relative."
        found.append(undefined("mape", reason))
    else:
        losses["mape"] = (sizes / np.abs(truth), 1.0)
    if (truth <= -1).any():
        found.append(undefined("rmsle", "Labels of −1 and less have no logarithm of 1 + label."))
    else:
        losses["rmsle"] = ((np.log1p(np.maximum(values, 0)) - np.log1p(truth)) ** 2, 0.5)
        if (values < 0).any():
            notes["rmsle"] = [f"{int((values < 0).sum()):,} predictions are below 0, and count as 0."]
    for name, mean in sums.means(design, losses).items():
        found.append(sums.of_mean(name, mean, design, levels, notes.get(name, ())))
    return found


def _median(sizes: Floats, design: Design, levels: Sequence[float]) -> Estimate:
    value = float(np.median(sizes)) if design.is_plain else weighted_median(sizes, design.weights)
    return _told(
        "median_absolute_error", value, design, lambda level: median_interval(sizes, design, level), levels
    )


def _of_sums(truth: Floats, errors: Floats, design: Design, levels: Sequence[float]) -> list[Estimate]:
    """R² and the mean error, which may be negative: BCa."""
    centred = truth - truth.mean()  # sums of squares of large numbers would lose the difference
    columns = np.stack([np.ones(design.n), centred, centred**2, errors, errors**2], axis=1)

    def r_squared(total: Floats) -> Floats:
        weight, first, second, _, squares = np.moveaxis(total, -1, 0)
        explained: Floats = 1 - squares / (second - first**2 / weight)
        return explained

    statistics: dict[str, tuple[sums.Statistic, float, float]] = {
        "r2": (r_squared, -math.inf, 1.0),
        "mean_error": (lambda total: total[..., 3] / total[..., 0], -math.inf, math.inf),
    }
    if np.ptp(truth) == 0:
        del statistics["r2"]
    spreads = sums.spreads(design, columns, statistics)
    found = [
        _told(name, spread.value, design, _at(design, spread), levels) for name, spread in spreads.items()
    ]
    if "r2" not in spreads:
        found.append(undefined("r2", "Every row has the same label."))
    return found


def _at(design: Design, spread: Spread) -> IntervalAt:
    return lambda level: sums.interval(design, spread, level)


def _told(
    metric: str,
    value: float,
    design: Design,
    at: IntervalAt,
    levels: Sequence[float],
    notes: Sequence[str] = (),
) -> Estimate:
    ends, method = at(CONFIDENCE)
    resampled = "bootstrap" in method and "expansion" not in method
    return estimate(
        metric,
        value,
        design.n,
        at,
        levels,
        notes if ends is not None else [*notes, UNVARIED],
        resamples=design.resamples if resampled else None,
        seed=design.seed if resampled else None,
    )


def _require(truth: Floats, values: Floats) -> None:
    if len(truth) != len(values):
        raise ValueError(f"{len(truth)} labels and {len(values)} predictions.")
    if not len(truth):
        raise ValueError("There are no rows to evaluate on.")
    for name, numbers in (("labels", truth), ("predictions", values)):
        if not np.isfinite(numbers).all():
            raise ValueError(f"{int((~np.isfinite(numbers)).sum())} of {len(numbers)} {name} are not finite.")
