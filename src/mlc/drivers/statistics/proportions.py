"""Intervals for a proportion and for what is made of proportions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import betaincinv, ndtri

FEW = 5
"""With fewer than this many successes or failures, Wilson's interval covers too little."""

Ends = tuple[float, float]


def proportion(successes: int, n: int, confidence: float) -> tuple[Ends, str]:
    """The interval (low, high) of successes / n, and the name of its method.

    Clopper–Pearson near 0 and 1 (fewer than `FEW` successes or failures), Wilson elsewhere: Wilson's
    coverage dips below its level at the borders (Brown, Cai and DasGupta 2001, "Interval Estimation for a
    Binomial Proportion", Statistical Science 16).

    Raises ValueError where n < 1 or successes is not within 0…n.
    """
    if min(successes, n - successes) < FEW:
        return clopper_pearson(successes, n, confidence), "Clopper–Pearson"
    return wilson(successes, n, confidence), "Wilson"


def wilson(successes: int, n: int, confidence: float) -> Ends:
    """Wilson's score interval (Wilson 1927, JASA 22): the proportions a score test does not reject."""
    _require(successes, n, confidence)
    z = quantile(confidence)
    rate = successes / n
    scale = 1 + z * z / n
    middle = (rate + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def clopper_pearson(successes: int, n: int, confidence: float) -> Ends:
    """The exact binomial interval (Clopper and Pearson 1934, Biometrika 26), by quantiles of Beta."""
    _require(successes, n, confidence)
    tail = (1 - confidence) / 2
    failures = n - successes
    low = 0.0 if successes == 0 else float(betaincinv(successes, failures + 1, tail))
    high = 1.0 if failures == 0 else float(betaincinv(successes + 1, failures, 1 - tail))
    return low, high


def f1(true_positives: int, errors: int, confidence: float) -> tuple[Ends, str]:
    """The interval of F1 from true positives and errors (false positives and false negatives).

    F1 = 2J / (1 + J) rises with Jaccard's J = TP / (TP + FP + FN), which is a proportion among the rows
    that are positive or called so: its interval is carried over (Hand, Christen and Kirielle 2021, "F*: an
    interpretable transformation of the F-measure"; Lam, Gopal and Qian 2023, "Confidence intervals for the
    F1 score", the indirect Wilson method).
    """
    (low, high), method = proportion(true_positives, true_positives + errors, confidence)
    return (2 * low / (1 + low), 2 * high / (1 + high)), f"{method} on Jaccard"


def mean_of(shares: Sequence[tuple[int, int]], confidence: float) -> tuple[Ends, str]:
    """The interval of the mean of independent proportions, each (successes, n).

    The distances of each proportion to its own end are squared and added (Newcombe 1998, Statistics in
    Medicine 17, method 10; Zou and Donner 2008, Statistics in Medicine 27).
    """
    rates = [successes / n for successes, n in shares]
    ends = [proportion(successes, n, confidence)[0] for successes, n in shares]
    middle = sum(rates) / len(rates)
    down = math.hypot(*(rate - low for rate, (low, _) in zip(rates, ends, strict=True))) / len(rates)
    up = math.hypot(*(high - rate for rate, (_, high) in zip(rates, ends, strict=True))) / len(rates)
    return (max(0.0, middle - down), min(1.0, middle + up)), "Newcombe's square-and-add"


def quantile(confidence: float) -> float:
    """The standard normal quantile of a two-sided interval: 1.96 for 0.95."""
    return float(ndtri((1 + confidence) / 2))


def _require(successes: int, n: int, confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"A confidence lies between 0 and 1, not at {confidence}.")
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no proportion.")
