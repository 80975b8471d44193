"""Order statistics: quantiles of values, with intervals that suppose no distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from mlc.drivers.statistics.design import Design, quantiles, variance_of_sum
from mlc.drivers.statistics.proportions import Ends

Floats = NDArray[np.float64]


def median_interval(values: Floats, design: Design, confidence: float) -> tuple[Ends | None, str]:
    """The interval of the median between two order statistics of values (n,); None with too few values.

    The number of values below the true median is binomial (n, ½) (David and Nagaraja, Order Statistics, 3rd ed.,
    7.1): the widest pair of ranks whose tails hold at most half of 1 − confidence each. For rows that are
    weighted, grouped or in the order of time the share below the median has the error of their sampling, and the
    ends are the quantiles at its ends (Woodruff 1952, JASA 47).
    """
    n = len(values)
    if not design.is_plain:
        return _woodruff(values, design, confidence)
    below = bdtr(np.arange(n + 1), n, 0.5)  # P(B ≤ k)
    inside = np.flatnonzero(below <= (1 - confidence) / 2)
    if not len(inside):
        return None, "none"
    ranked, low = np.sort(values), int(inside[-1]) + 1  # P(X(low) > median) = P(B < low), with ranks from 1
    return (float(ranked[low - 1]), float(ranked[n - low])), "order statistics"


def _woodruff(values: Floats, design: Design, confidence: float) -> tuple[Ends | None, str]:
    weights = np.ones(design.n) if design.weights is None else design.weights
    shares = weights / weights.sum()
    middle = weighted_median(values, design.weights)
    influence = shares * ((values < middle) + (values == middle) / 2 - 0.5)
    error = float(np.sqrt(variance_of_sum(design, influence[:, None])[0, 0]))
    half = quantiles(design, confidence) * error
    if not 0 < half < 0.5:
        return None, "none"
    order = np.argsort(values, kind="stable")
    running = np.cumsum(shares[order])
    places = np.searchsorted(running, [0.5 - half, 0.5 + half]).clip(0, design.n - 1)
    low, high = values[order][places]
    return (float(low), float(high)), f"Woodruff{design.words()}"


def weighted_median(values: Floats, weights: Floats | None) -> float:
    """The smallest value at which half of the weight lies at or below it."""
    order = np.argsort(values, kind="stable")
    running = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    return float(values[order][np.searchsorted(running, running[-1] / 2)])
