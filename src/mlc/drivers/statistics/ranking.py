"""How well scores rank rows: the ROC curve, its area, the precision–recall curve."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics.proportions import Ends, clopper_pearson, quantile

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def roc_auc(truth: Bools, scores: Floats) -> tuple[float, float | None]:
    """The area under the ROC curve and the standard error of DeLong; both arrays are (n,).

    DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44), by midranks in O(n log n) as Sun and Xu 2014
    (IEEE Signal Processing Letters 21). The standard error is None with one row of a class: a variance
    needs two. Raises ValueError where a class has no rows.
    """
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if positives == 0 or negatives == 0:
        raise ValueError("The area under the ROC curve needs rows of both classes.")
    ranks = midranks(scores)
    # each positive's share of negatives below it, and each negative's share of positives above it
    above = (ranks[truth] - midranks(scores[truth])) / negatives
    below = 1 - (ranks[~truth] - midranks(scores[~truth])) / positives
    area = float(above.mean())
    if min(positives, negatives) < 2:
        return area, None
    variance = float(above.var(ddof=1)) / positives + float(below.var(ddof=1)) / negatives
    return area, math.sqrt(variance)


def roc_auc_interval(
    area: float, error: float | None, rarer: int, confidence: float
) -> tuple[Ends | None, str]:
    """The interval of an area from its standard error, and the name of its method.

    On the logit scale, where the ends stay within 0…1 and coverage holds with few positives (Pepe 2003,
    "The Statistical Evaluation of Medical Tests", 5.2.5). Where the classes are separated perfectly there is
    no variance to estimate; `rarer` pairs of one row of each class are then independent and all ranked
    right, so the exact binomial interval of `rarer` out of `rarer` holds, and is cautious.
    """
    if area in (0.0, 1.0):
        return clopper_pearson(rarer if area else 0, rarer, confidence), "Clopper–Pearson on disjoint pairs"
    method = "DeLong on the logit scale"
    if error is None:
        return None, method
    middle = math.log(area / (1 - area))
    half = quantile(confidence) * error / (area * (1 - area))
    return (_logistic(middle - half), _logistic(middle + half)), method


def midranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the mean of theirs; (n,) to (n,)."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    means: Floats = last - (counts - 1) / 2
    return means[places]


def thresholds(truth: Bools, scores: Floats) -> tuple[Floats, Floats, Floats]:
    """Distinct scores from high to low, and how many positives and rows score at least each; all (k,)."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], truth[order]
    ends = np.r_[np.flatnonzero(np.diff(ranked)), len(ranked) - 1]
    return ranked[ends], np.cumsum(hits, dtype=np.float64)[ends], (ends + 1).astype(np.float64)


def average_precision(truth: Bools, scores: Floats) -> float:
    """Precision at each distinct score, weighted by the step of recall: no interpolation.

    Raises ValueError where there are no positives.
    """
    _, positives, rows = thresholds(truth, scores)
    if not len(positives) or positives[-1] == 0:
        raise ValueError("Average precision needs positive rows.")
    steps = np.diff(positives, prepend=0.0)
    return float((steps * positives / rows).sum() / positives[-1])


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
