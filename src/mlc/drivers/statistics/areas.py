"""Areas under ROC curves of any sampling: the influence of each row, and what follows from it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics.design import Design, quantiles, variance_of_sum
from mlc.drivers.statistics.proportions import Ends

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def influence(truth: Bools, scores: Floats, weights: Floats | None = None) -> tuple[float, Floats]:
    """The area under the ROC curve, and how much each row moves it, (n,), which adds up to nothing.

    These are the structural components of DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44), less the area
    and over the rows of their class: the sum of their squares is DeLong's variance (but for n/(n − 1)), and the
    sum of squares of their sums in clusters that of Obuchowski 1997 (Biometrics 53). With `weights` each pair of a
    positive and a negative counts the product of theirs. Raises ValueError where a class has no rows.
    """
    if truth.all() or not truth.any():
        raise ValueError("The area under the ROC curve needs rows of both classes.")
    weight = np.ones(len(truth)) if weights is None else weights
    _, places = np.unique(scores, return_inverse=True)
    up = np.bincount(places, weights=weight * truth)
    down = np.bincount(places, weights=weight * ~truth)
    all_up, all_down = up.sum(), down.sum()
    below = (np.cumsum(down) - down / 2) / all_down  # the share of negatives below each score, ties half
    above = 1 - (np.cumsum(up) - up / 2) / all_up
    area = float((up * below).sum() / all_up)
    moved = np.where(truth, (below[places] - area) / all_up, (above[places] - area) / all_down)
    if weights is None:  # a class of few rows spreads by (m − 1)/m too little
        ups, downs = max(all_up - 1, 1), max(all_down - 1, 1)
        moved *= np.sqrt(np.where(truth, all_up / ups, all_down / downs))
    return area, weight * moved


def one_vs_rest(
    truth: Ints, probabilities: Floats, weights: Floats | None = None
) -> tuple[float, Floats, dict[int, float]]:
    """The mean area of the classes that have rows, each against the rest; its influences; each class's area.

    `truth` holds codes 0…k−1 (n,), `probabilities` are (n, k). Raises ValueError where fewer than two classes
    have rows. Hand and Till 2001 (Machine Learning 45) discuss the average; this is the one-vs-rest form of
    Provost and Domingos 2000, unweighted.
    """
    present = [int(code) for code in np.unique(truth)]
    if len(present) < 2:
        raise ValueError("The area under the ROC curve needs rows of two classes.")
    areas, moved = {}, np.zeros(len(truth))
    for code in present:
        areas[code], one = influence(truth == code, probabilities[:, code], weights)
        moved += one / len(present)
    return sum(areas.values()) / len(areas), moved, areas


def interval(design: Design, area: float, moved: Floats, confidence: float) -> tuple[Ends | None, str]:
    """The interval of an area from its influences, on the logit scale as `ranking.roc_auc_interval`."""
    if area <= 0 or area >= 1:
        return None, "none"
    error = math.sqrt(float(variance_of_sum(design, moved[:, None])[0, 0]))
    if error <= 0:
        return None, "none"
    middle = math.log(area / (1 - area))
    half = quantiles(design, confidence) * error / (area * (1 - area))
    ends = 1 / (1 + math.exp(half - middle)), 1 / (1 + math.exp(-half - middle))
    return ends, f"DeLong on the logit scale{design.words()}"
