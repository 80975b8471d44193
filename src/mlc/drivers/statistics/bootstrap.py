"""Bootstrap intervals for what has no simple formula: Brier score, log loss, average precision, ECE."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from mlc.drivers.statistics.calibration import BINS, bin_of, expected_calibration_error
from mlc.drivers.statistics.proportions import Ends, quantile
from mlc.drivers.statistics.ranking import average_precision, thresholds

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RESAMPLES = 2000
MOST_ROWS = 20_000
"""Above this many rows nothing is drawn: an expansion gives what resampling would, and is far cheaper."""

CLIP = float(np.finfo(np.float32).eps)
"""Probabilities are kept this far from 0 and 1 in the log loss: the served ones are float32."""

_CELLS = 400_000  # of one block of resamples: rows times resamples that stay in the processor's cache


class Spread(Struct, frozen=True):
    """A statistic of n rows: its value, what it is without each row (n,), and on each resample (b,).

    It cannot fall below `least` nor rise above `most`. Rows may stand for several that are alike: `times` (n,)
    says for how many.
    """

    value: float
    without: Floats
    drawn: Floats
    most: float = 1.0
    least: float = 0.0
    times: Floats | None = None


class CalibrationSpread(Struct, frozen=True):
    """The calibration error of n rows: its value, what it is on each resample (b,), and how far the gaps
    of the bins moved there in sum (b,)."""

    value: float
    drawn: Floats
    moved: Floats


def spreads(truth: Bools, scores: Floats, seed: int, resamples: int = RESAMPLES) -> dict[str, Spread]:
    """Brier score, log loss and average precision of n rows, resampled together.

    Rows are drawn with replacement by a generator seeded with `seed`; above `MOST_ROWS` rows none are
    (`drawn` is empty). `average_precision` is left out where there are no positives.
    Raises ValueError where there are no rows.
    """
    if not len(truth):
        raise ValueError("There are no rows to resample.")
    order = np.argsort(-scores, kind="stable")
    truth, scores = truth[order], scores[order]
    squares, surprises = (scores - truth) ** 2, log_losses(truth, scores)
    draws = _draw(truth, scores, squares, surprises, seed, resamples if len(truth) <= MOST_ROWS else 0)
    found = {
        "brier": Spread(float(squares.mean()), _mean_without(squares), draws["brier"]),
        "log_loss": Spread(float(surprises.mean()), _mean_without(surprises), draws["log_loss"], math.inf),
    }
    if truth.any():
        found["average_precision"] = Spread(
            average_precision(truth, scores),
            average_precision_without(truth, scores),
            draws["average_precision"],
        )
    return found


def interval(spread: Spread, confidence: float) -> tuple[Ends, str]:
    """The interval of a statistic and its method: BCa, or its expansion where nothing was drawn."""
    if len(spread.drawn):
        return bca(spread, confidence), "BCa bootstrap"
    return expanded_bca(spread, confidence), "BCa by expansion"


def varies(spread: Spread) -> bool:
    """Whether rows and resamples say anything about the uncertainty of the value."""
    values = spread.drawn[np.isfinite(spread.drawn)] if len(spread.drawn) else spread.without
    return len(values) > 1 and float(np.ptp(values)) > 1e-12


def bca(spread: Spread, confidence: float) -> Ends:
    """The bias-corrected and accelerated interval (Efron 1987, JASA 82).

    The acceleration is the jackknife's (Efron and Tibshirani 1993, equation 14.15); resamples equal to the
    value count half below it. Where the value lies outside all resamples, the correction is that of half
    a resample, not infinite.
    """
    drawn = np.sort(spread.drawn[np.isfinite(spread.drawn)])
    b = len(drawn)
    below = (drawn < spread.value).sum() + (drawn == spread.value).sum() / 2
    bias = ndtri(np.clip(below / b, 0.5 / b, 1 - 0.5 / b))
    skew = acceleration(spread.without, spread.times)
    low, high = np.quantile(drawn, ndtr(_adjusted(bias, skew, confidence)))
    return float(low), float(high)


def expanded_bca(spread: Spread, confidence: float) -> Ends:
    """What BCa tends to with many rows, without drawing any.

    The resamples' quantiles come from the first terms of a Cornish–Fisher expansion with the jackknife's
    standard error and skewness (Hall 1992, "The Bootstrap and Edgeworth Expansion", 3.5 and 3.10); for a mean
    the bias correction is then the acceleration (Efron 1987, section 7).
    """
    skew = acceleration(spread.without, spread.times)
    ends = _adjusted(skew, skew, confidence)
    low, high = spread.value + jackknife_error(spread.without, spread.times) * (ends + skew * (ends**2 - 1))
    return max(spread.least, float(low)), min(spread.most, float(high))


def acceleration(without: Floats, times: Floats | None = None) -> float:
    """A sixth of the skewness of a statistic, from its values without each row (n,), each `times` (n,) over."""
    influence = np.average(without, weights=times) - without
    each = 1.0 if times is None else times
    spreading = float((each * influence**2).sum()) ** 1.5
    return float((each * influence**3).sum()) / (6 * spreading) if spreading > 0 else 0.0


def calibration_spread(
    truth: Bools, scores: Floats, seed: int, resamples: int = RESAMPLES
) -> CalibrationSpread:
    """The calibration error, resampled by its bins.

    The error is the sum of the absolute gaps of ten bins, each a mean over all rows; a resample moves each
    gap by a normal amount with the variance that its rows have. Raises ValueError where there are no rows.
    """
    n, gaps, places = len(truth), scores - truth, bin_of(scores)
    value = expected_calibration_error(truth, scores)
    means = np.bincount(places, weights=gaps, minlength=BINS) / n
    squares = np.bincount(places, weights=gaps**2, minlength=BINS) / n
    errors = np.sqrt((squares - means**2) / n)
    moves = np.random.default_rng(seed).standard_normal((resamples, BINS)) * errors
    return CalibrationSpread(value, np.abs(means + moves).sum(axis=1), np.abs(moves).sum(axis=1))


def calibration_interval(spread: CalibrationSpread, confidence: float) -> tuple[Ends, str]:
    """An interval of the calibration error, which cannot fall below 0 and which noise only raises.

    BCa fails here: near 0 all resamples lie above the value, and it then never covers (seen in
    simulation). The error is a norm of the gaps, so it is at most as far from its true value as the gaps
    moved: that gives the lower end. The upper end is the resamples' own quantile, which is raised by the
    noise twice. Both err on the side of a wider interval.
    """
    tail = (1 - confidence) / 2
    moved, high = float(np.quantile(spread.moved, 1 - tail)), float(np.quantile(spread.drawn, 1 - tail))
    return (max(0.0, spread.value - moved), min(1.0, high)), "bootstrap of the bins, conservative"


def jackknife_error(without: Floats, times: Floats | None = None) -> float:
    """The standard error from the values without each row (Efron and Tibshirani 1993, equation 11.5)."""
    n = len(without) if times is None else float(times.sum())
    each = 1.0 if times is None else times
    distances = without - np.average(without, weights=times)
    return float(np.sqrt((n - 1) / n * (each * distances**2).sum()))


def log_losses(truth: Bools, scores: Floats) -> Floats:
    """Minus the logarithm of the probability given to what came true, in nats, clipped by `CLIP`; (n,)."""
    given = np.where(truth, scores, 1 - scores)
    losses: Floats = -np.log(np.clip(given, CLIP, 1 - CLIP))
    return losses


def average_precision_without(truth: Bools, scores: Floats) -> Floats:
    """Average precision without each row (n,), for rows sorted from high to low score, in O(n).

    Without a row of the tie group k, the groups above k keep their precision, and every precision from k
    on loses one row (and one positive, where the row is one): sums from either end give all of them.
    """
    _, positives, rows = thresholds(truth, scores)
    steps, sizes = np.diff(positives, prepend=0.0), np.diff(rows, prepend=0.0).astype(np.int64)
    groups = np.repeat(np.arange(len(rows)), sizes)
    total = positives[-1]
    fewer = np.maximum(rows - 1, 1)
    above = np.cumsum(steps * positives / rows) - steps * positives / rows
    after_negative = steps * positives / fewer
    after_positive = steps * np.maximum(positives - 1, 0) / fewer
    tail_negative = np.cumsum(after_negative[::-1])[::-1]
    tail_positive = np.cumsum(after_positive[::-1])[::-1]
    # in its own group, a positive row also takes one from the step
    own = np.maximum(positives - 1, 0) / fewer
    without_negative = (above + tail_negative) / total
    without_positive = (above + tail_positive - own) / max(total - 1, 1)
    values: Floats = np.where(truth, without_positive[groups], without_negative[groups])
    return values


def _adjusted(bias: float, skew: float, confidence: float) -> Floats:
    """The normal quantiles that BCa puts in the place of both ends' own; (2,)."""
    ends = bias + np.array([-1.0, 1.0]) * quantile(confidence)
    adjusted: Floats = bias + ends / (1 - skew * ends)
    return adjusted


def _mean_without(values: Floats) -> Floats:
    n = len(values)
    without: Floats = (values.sum() - values) / max(n - 1, 1)
    return without


def _draw(
    truth: Bools, scores: Floats, squares: Floats, surprises: Floats, seed: int, resamples: int
) -> Mapping[str, Floats]:
    """Each statistic on each resample (b,); the rows are sorted from high to low score."""
    generator = np.random.default_rng(seed)
    n = len(truth)
    block = max(1, _CELLS // n)
    parts: dict[str, list[Floats]] = {
        name: [np.empty(0)] for name in ("brier", "log_loss", "average_precision")
    }
    ends = np.r_[np.flatnonzero(np.diff(scores)), n - 1]
    tied = len(ends) < n
    hits = truth.astype(np.float64)
    for first in range(0, resamples, block):
        size = min(block, resamples - first)
        picked = generator.integers(0, n, size=(size, n), dtype=np.int64)
        picked += np.arange(size)[:, None] * n
        counts = np.bincount(picked.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
        parts["brier"].append(counts @ squares / n)
        parts["log_loss"].append(counts @ surprises / n)
        positives, rows = np.cumsum(counts * hits, axis=1), np.cumsum(counts, axis=1)
        if tied:
            positives, rows = positives[:, ends], rows[:, ends]
        parts["average_precision"].append(_average_precisions(positives, rows))
    return {name: np.concatenate(drawn) for name, drawn in parts.items()}


def _average_precisions(positives: Floats, rows: Floats) -> Floats:
    """Of cumulated counts (b, k) to (b,); a resample without positives has none (NaN)."""
    totals = positives[:, -1]
    precisions = positives / np.maximum(rows, 1)
    weighted = precisions[:, 0] * positives[:, 0]
    weighted += (precisions[:, 1:] * np.diff(positives, axis=1)).sum(axis=1)
    values: Floats = np.where(totals > 0, weighted / np.maximum(totals, 1), np.nan)
    return values
