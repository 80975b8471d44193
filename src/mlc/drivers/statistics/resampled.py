"""Comparing two learners on the same folds, whose training rows overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from scipy import stats


class Compared(Struct, frozen=True):
    """A corrected paired test: mean difference, t, its degrees of freedom and the two-sided p."""

    difference: float
    statistic: float
    degrees: int
    p: float


def corrected_test(differences: Sequence[float], test_to_train: float) -> Compared | None:
    """The corrected resampled t-test of Nadeau and Bengio (Machine Learning 52, 2003, eq. 9).

    `differences` (one per fold) are of two learners on the same folds, `test_to_train` the ratio of rows scored to
    rows learned from. t = d̄ / sqrt((1/J + ratio)·s²) with J − 1 degrees of freedom: the variance of the usual
    paired test is too small, because the folds learn from the same rows. None where there are fewer than two folds, or
    no fold differs from another in its difference, so that there is no variance to test with.
    """
    count = len(differences)
    if count < 2:
        return None
    mean, variance = float(np.mean(differences)), float(np.var(differences, ddof=1))
    if variance <= 0:
        return None
    statistic = mean / math.sqrt((1 / count + test_to_train) * variance)
    return Compared(mean, statistic, count - 1, float(2 * stats.t.sf(abs(statistic), count - 1)))


def holm(values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values, in the order given (Scandinavian Journal of Statistics 6, 1979).

    The k-th smallest of m is multiplied by m − k + 1, and none is smaller than the one before it.
    """
    adjusted = [0.0] * len(values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = largest
    return adjusted


def standard_error(scores: Sequence[float]) -> float:
    """Of the mean over folds, as the one-standard-error rule has it (Breiman et al. 1984, 3.4.3): s / √J."""
    return float(np.std(scores, ddof=1) / math.sqrt(len(scores))) if len(scores) > 1 else 0.0
