"""The calibration error of any sampling, and its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics import bootstrap
from mlc.drivers.statistics.bootstrap import CalibrationSpread
from mlc.drivers.statistics.calibration import BINS, bin_of
from mlc.drivers.statistics.design import Design, variance_of_sum
from mlc.drivers.statistics.estimating import estimate
from mlc.drivers.statistics.proportions import Ends
from mlc.ir.evaluation import Estimate

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def estimate_of(truth: Bools, scores: Floats, design: Design, levels: Sequence[float]) -> Estimate:
    """The calibration error of probabilities `scores` that `truth` holds, both (n,).

    For several classes: whether the predicted class is right, and its probability (Guo, Pleiss, Sun and
    Weinberger 2017).
    """
    if design.is_plain:
        spread = bootstrap.calibration_spread(truth, scores, design.seed)
    else:
        spread = spread_of(truth, scores, design)

    def at(level: float) -> tuple[Ends, str]:
        ends, method = bootstrap.calibration_interval(spread, level)
        return ends, method + design.words()

    return estimate(
        "expected_calibration_error",
        spread.value,
        design.n,
        at,
        levels,
        resamples=len(spread.drawn),
        seed=design.seed,
    )


def spread_of(truth: Bools, scores: Floats, design: Design) -> CalibrationSpread:
    """As `bootstrap.calibration_spread`, with the covariance that the bins have in this sampling."""
    weights = np.ones(design.n) if design.weights is None else design.weights
    total, places = weights.sum(), bin_of(scores)
    gaps = np.zeros((design.n, BINS))
    gaps[np.arange(design.n), places] = weights * (scores - truth) / total
    means = gaps.sum(axis=0)
    covariance = variance_of_sum(design, gaps - means * (weights / total)[:, None])
    values, vectors = np.linalg.eigh(covariance)
    normal = np.random.default_rng(design.seed).standard_normal((design.resamples, BINS))
    moves = (normal * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return CalibrationSpread(
        float(np.abs(means).sum()), np.abs(means + moves).sum(axis=1), np.abs(moves).sum(axis=1)
    )
