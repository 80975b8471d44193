"""Whether probabilities come true: reliability by bins, and histograms of scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics.proportions import proportion
from mlc.ir.evaluation import CalibrationBin, HistogramBin

BINS = 10
"""Equal bins of the probability, as Naeini, Cooper and Hauskrecht 2015 (AAAI) have them."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def bin_of(scores: Floats, bins: int = BINS) -> NDArray[np.int64]:
    """The bin of each score in 0…1, (n,): [0, 0.1), …, [0.9, 1.0]."""
    return np.minimum((scores * bins).astype(np.int64), bins - 1)


def calibration_bins(truth: Bools, scores: Floats, confidence: float) -> tuple[CalibrationBin, ...]:
    """What was said and what came true in each bin, with the interval of the share that came true."""
    places = bin_of(scores)
    rows = np.bincount(places, minlength=BINS)
    positives = np.bincount(places, weights=truth, minlength=BINS).astype(np.int64)
    sums = np.bincount(places, weights=scores, minlength=BINS)
    return tuple(
        _bin(index, int(rows[index]), int(positives[index]), float(sums[index]), confidence)
        for index in range(BINS)
    )


def expected_calibration_error(truth: Bools, scores: Floats) -> float:
    """The mean over rows of the distance between what their bin said and what came true in it.

    Guo, Pleiss, Sun and Weinberger 2017 (ICML), equation 3, for the positive class. Raises ValueError
    where there are no rows.
    """
    if not len(truth):
        raise ValueError("A calibration error needs rows.")
    sums = np.bincount(bin_of(scores), weights=scores - truth, minlength=BINS)
    return float(np.abs(sums).sum() / len(truth))


def histogram(truth: Bools, scores: Floats, bins: int = 20) -> tuple[HistogramBin, ...]:
    """Rows of either class in equal bins of the score."""
    places = bin_of(scores, bins)
    negatives = np.bincount(places[~truth], minlength=bins)
    positives = np.bincount(places[truth], minlength=bins)
    return tuple(
        HistogramBin(index / bins, (index + 1) / bins, int(negatives[index]), int(positives[index]))
        for index in range(bins)
    )


def _bin(index: int, rows: int, positives: int, total: float, confidence: float) -> CalibrationBin:
    low, high = index / BINS, (index + 1) / BINS
    if not rows:
        return CalibrationBin(low, high, 0, 0, None, None, None, None)
    ends, _ = proportion(positives, rows, confidence)
    return CalibrationBin(low, high, rows, positives, total / rows, positives / rows, *ends)
