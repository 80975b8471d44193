"""Statistics that are functions of sums over rows: their spread, and bootstrap-t for a mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mlc.drivers.statistics import bootstrap
from mlc.drivers.statistics.bootstrap import Spread
from mlc.drivers.statistics.design import (
    Design,
    circle,
    drawn_sums,
    expanded_confidence,
    of_units,
    quantiles,
    starts,
    variance_of_sum,
)
from mlc.drivers.statistics.estimating import CONFIDENCE, UNVARIED, estimate
from mlc.drivers.statistics.proportions import Ends
from mlc.ir.evaluation import Estimate

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""Of sums (…, m) to the statistic (…)."""


_WIDEST = 20.0  # on the logarithm's scale; what reaches further bounds nothing

_DOMINATES, _ENOUGH = 0.1, 50
"""A unit that makes more than this share of a sum is told of, where there are enough units for that to be much."""


class Mean(Struct, frozen=True):
    """A mean of losses that are never negative, to a power: its value, and on the scale of the logarithm its
    standard error (None: not known) and how far resamples lie from it, each over its own error (b,).

    `skew` is that of the units, for where nothing is drawn; `largest` the share of the sum that one unit makes.
    """

    value: float
    error: float | None
    distances: Floats
    skew: float = 0.0
    largest: float = 0.0


def spreads(
    design: Design, columns: Floats, statistics: Mapping[str, tuple[Statistic, float, float]]
) -> dict[str, Spread]:
    """The spread of each statistic of the columns' sums; each with the least and the most that it can be.

    `columns` (n, m) are summed with the design's weights over each resample (which gives `drawn`) and over all
    units but one (which gives `without`). All statistics see the same resamples.
    """
    weighted = design.weighted(columns)
    total = weighted.sum(axis=0)
    drawn = drawn_sums(design, weighted)
    without = total - of_units(design, weighted)
    found = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, (statistic, least, most) in statistics.items():
            found[name] = Spread(
                float(statistic(total)), statistic(without), statistic(drawn), most=most, least=least
            )
    return found


def interval(design: Design, spread: Spread, confidence: float) -> tuple[Ends | None, str]:
    """BCa, at the level that few units need; by expansion where nothing was drawn."""
    if not math.isfinite(spread.value) or not bootstrap.varies(spread):
        return None, "none"
    level = expanded_confidence(design.units, confidence)
    if len(spread.drawn):
        finite = np.isfinite(spread.drawn)
        if finite.mean() < 0.9:
            return None, "none"
        return bootstrap.bca(spread, level), f"BCa bootstrap{design.words()}"
    return bootstrap.expanded_bca(spread, level), f"BCa by expansion{design.words()}"


def means(design: Design, losses: Mapping[str, tuple[Floats, float]]) -> dict[str, Mean]:
    """The (weighted) mean of each losses (n,) ≥ 0 to its power, resampled together.

    Efron and Tibshirani 1993, section 12.5: each resample's distance from the value is divided by the resample's
    own standard error, that of the delta method on unit sums. On the logarithm's scale the ends stay positive
    and the skewness of squared errors is mostly gone.
    """
    weights = np.ones(design.n) if design.weights is None else design.weights
    names = list(losses)
    # of each loss its sum and the weights' in each unit, and what the variance of their ratio needs
    stacked = np.stack([losses[name][0] * weights for name in names], axis=1)
    if design.block:
        parts = circle(np.column_stack([stacked, weights]), design.block)
    else:
        parts = of_units(design, np.column_stack([stacked, weights]))
    s, w = parts[:, :-1], parts[:, -1:]
    columns = np.hstack([s, s * s, s * w, w, w * w])
    drawn, size = _drawn_units(design, columns)
    k = len(names)
    total, weight = stacked.sum(axis=0), float(weights.sum())
    found = {}
    for place, name in enumerate(names):
        power = losses[name][1]
        mean = float(total[place]) / weight
        if mean <= 0 or design.units < 2:
            found[name] = Mean(max(mean, 0.0) ** power, None, np.empty(0))
            continue
        influence = power * (stacked[:, place] - mean * weights) / total[place]
        error = math.sqrt(float(variance_of_sum(design, influence[:, None])[0, 0]))
        if error <= 1e-12:
            found[name] = Mean(mean**power, None, np.empty(0))
            continue
        units = of_units(design, influence[:, None])[:, 0]
        skew = float((units**3).sum()) / float((units**2).sum()) ** 1.5
        picked = [place, k + place, 2 * k + place, 3 * k, 3 * k + 1]
        distances = _studentised(drawn[:, picked], mean, size) if len(drawn) else np.empty(0)
        largest = float(of_units(design, stacked[:, place : place + 1]).max() / total[place])
        found[name] = Mean(mean**power, error, distances, skew, largest if design.units >= _ENOUGH else 0.0)
    return found


def mean_interval(design: Design, mean: Mean, confidence: float) -> tuple[Ends | None, str]:
    """Bootstrap-t; without resamples (many rows) Student's quantiles, corrected by the first term of their
    Edgeworth expansion (Hall 1992, "The Bootstrap and Edgeworth Expansion", 3.16: skew (2z² + 1) / 6)."""
    if mean.error is None:
        return None, "none"
    tail = (1 - confidence) / 2
    if len(mean.distances):
        low, high = np.quantile(mean.distances, [tail, 1 - tail])
        method = "bootstrap-t on the log scale"
    else:
        z = quantiles(design, confidence)
        shift = mean.skew * (2 * z * z + 1) / 6
        low, high = -z - shift, z - shift
        method = "bootstrap-t by expansion"
    if -low * mean.error > _WIDEST:
        return None, "none"  # resamples without the few rows that make the loss know nothing of its spread
    ends = mean.value * math.exp(-high * mean.error), mean.value * math.exp(-low * mean.error)
    return ends, method + design.words()


def of_mean(
    metric: str, mean: Mean, design: Design, levels: Sequence[float], notes: Sequence[str] = ()
) -> Estimate:
    """The estimate of a mean loss."""
    drawn = len(mean.distances) > 0
    if mean.largest > _DOMINATES and mean.error is not None:
        notes = [
            *notes,
            f"One of {design.units:,} {design.by} makes {mean.largest:.0%} of it: with such tails an interval is too "
            "short.",
        ]
    return estimate(
        metric,
        mean.value,
        design.n,
        lambda level: mean_interval(design, mean, level),
        levels,
        notes if mean_interval(design, mean, CONFIDENCE)[0] is not None else [*notes, _unknown(mean)],
        resamples=design.resamples if drawn else None,
        seed=design.seed if drawn else None,
    )


def _unknown(mean: Mean) -> str:
    return (
        UNVARIED
        if mean.error is None
        else "So few rows make this loss that its uncertainty is unknown: no interval."
    )


def _drawn_units(design: Design, columns: Floats) -> tuple[Floats, int]:
    """Sums over each resample of columns (u, m) of units (of blocks: of each that begins at a row), (b, m), and
    how many units a resample has."""
    if not design.block:
        plain = Design(len(columns), design.seed, resamples=design.resamples)
        return drawn_sums(plain, columns), len(columns)
    begins = starts(design)
    made = np.empty((design.resamples, columns.shape[1]))
    step = max(1, 4_000_000 // (begins.shape[1] * columns.shape[1]))
    for first in range(0, design.resamples, step):
        made[first : first + step] = columns[begins[first : first + step]].sum(axis=1)
    return made, begins.shape[1]


def _studentised(drawn: Floats, mean: float, units: int) -> Floats:
    """How far the logarithm of each resample's mean lies from the mean's, over its own standard error; (b,).

    A power scales both alike."""
    s, ss, sw, w, ww = drawn.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = s / w
        # a sum over units of (s − ratio w)², over s²: the delta method for the logarithm of a ratio
        variance = (ss - 2 * ratio * sw + ratio**2 * ww) / s**2 * units / max(units - 1, 1)
        distance = (np.log(ratio) - math.log(mean)) / np.sqrt(variance)
    kept: Floats = distance[np.isfinite(distance)]
    return kept
