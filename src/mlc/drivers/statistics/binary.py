"""Binary classification: every estimate with its interval, and the curves behind them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics import bootstrap, proportions, ranking, sampled
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.estimating import (
    CONFIDENCE,
    FEW_ROWS,
    UNVARIED,
    IntervalAt,
    estimate,
    no_interval,
    undefined,
)
from mlc.ir.evaluation import (
    METRICS,
    Confusion,
    Estimate,
    PrecisionRecallPoint,
    RocPoint,
)

_AGREED = ("matthews_correlation", "cohen_kappa")
_RESAMPLED = ("brier", "log_loss", "average_precision", "expected_calibration_error")

MOST_POINTS = 200
"""Points that a curve keeps for reading."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def estimates(
    truth: Bools,
    predicted: Bools,
    scores: Floats,
    *,
    seed: int,
    confidences: Sequence[float] = (),
    design: Design | None = None,
    only: Collection[str] | None = None,
) -> dict[str, Estimate]:
    """Every metric of the catalogue that the test set decides, with its interval.

    `truth`, `predicted` and `scores` (probabilities of the positive class, 0…1) are (n,). Each estimate has
    its interval at `CONFIDENCE` and at each further level of `confidences`. What is not defined is None,
    with a warning that says why. `design` says how the rows were drawn; independently, where there is none.
    What `only` leaves out need not be estimated. Raises ValueError where n is 0, the lengths differ or a score is
    not a probability.
    """
    _require(truth, predicted, scores)
    levels = sorted({*confidences} - {CONFIDENCE})
    design = design or Design(len(truth), seed)

    def wants(names: tuple[str, ...]) -> bool:
        return only is None or not {*only}.isdisjoint(names)

    if design.is_plain:
        found = [
            *_of_counts(confusion(truth, predicted), levels),
            *(sampled.plain_counts(truth, predicted, design, levels) if wants(_AGREED) else ()),
            *_of_ranks(truth, scores, levels),
            *(_of_resamples(truth, scores, seed, levels) if wants(_RESAMPLED) else ()),
        ]
    else:
        found = sampled.estimates(truth, predicted, scores, design, levels)
    by_name = {one.metric: one for one in found}
    return {name: by_name[name] for name in METRICS if name in by_name}


def confusion(truth: Bools, predicted: Bools) -> Confusion:
    """Rows by true and predicted class."""
    return Confusion(
        true_positives=int((truth & predicted).sum()),
        false_positives=int((~truth & predicted).sum()),
        false_negatives=int((truth & ~predicted).sum()),
        true_negatives=int((~truth & ~predicted).sum()),
    )


def warnings(truth: Bools) -> tuple[str, ...]:
    """What a reader must know about the test set before trusting any interval."""
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if positives == 0 or negatives == 0:
        missing = "positive" if positives == 0 else "negative"
        return (f"The test set holds no {missing} rows: what compares the classes is not defined.",)
    if min(positives, negatives) < FEW_ROWS:
        rarer = "positive" if positives <= negatives else "negative"
        return (
            f"The test set holds {min(positives, negatives)} {rarer} rows. With fewer than {FEW_ROWS} rows "
            "of the rarer class the intervals are themselves uncertain.",
        )
    return ()


def roc_curve(truth: Bools, scores: Floats) -> tuple[RocPoint, ...]:
    """Both rates at each distinct score, thinned to `MOST_POINTS`; none where a class has no rows."""
    if truth.all() or not truth.any():
        return ()
    cuts, positives, rows = ranking.thresholds(truth, scores)
    true_rate, false_rate = positives / positives[-1], (rows - positives) / (rows - positives)[-1]
    kept = _thinned(true_rate + false_rate)
    return (
        RocPoint(None, 0.0, 0.0),
        *(RocPoint(float(cuts[i]), float(false_rate[i]), float(true_rate[i])) for i in kept),
    )


def precision_recall_curve(truth: Bools, scores: Floats) -> tuple[PrecisionRecallPoint, ...]:
    """Precision and recall at each distinct score, thinned to `MOST_POINTS`; none without positives."""
    if not truth.any():
        return ()
    cuts, positives, rows = ranking.thresholds(truth, scores)
    precision, recall = positives / rows, positives / positives[-1]
    kept = _thinned(recall + rows / rows[-1])
    return tuple(PrecisionRecallPoint(float(cuts[i]), float(precision[i]), float(recall[i])) for i in kept)


def _of_counts(counts: Confusion, levels: Sequence[float]) -> list[Estimate]:
    tp, fp = counts.true_positives, counts.false_positives
    fn, tn = counts.false_negatives, counts.true_negatives

    def share(metric: str, successes: int, n: int, reason: str) -> Estimate:
        if n == 0:
            return undefined(metric, reason)
        return estimate(
            metric, successes / n, n, lambda level: proportions.proportion(successes, n, level), levels
        )

    no_positives, no_negatives = (
        "The test set holds no positive rows.",
        "The test set holds no negative rows.",
    )
    found = [
        share("accuracy", tp + tn, tp + fp + fn + tn, ""),
        share("precision", tp, tp + fp, "The model calls no row positive."),
        share("recall", tp, tp + fn, no_positives),
        share("specificity", tn, tn + fp, no_negatives),
    ]
    if tp + fn and tn + fp:
        found.append(
            estimate(
                "balanced_accuracy",
                (tp / (tp + fn) + tn / (tn + fp)) / 2,
                tp + fp + fn + tn,
                lambda level: proportions.mean_of(((tp, tp + fn), (tn, tn + fp)), level),
                levels,
            )
        )
    else:
        found.append(undefined("balanced_accuracy", no_negatives if tp + fn else no_positives))
    if tp + fp + fn:
        value = 2 * tp / (2 * tp + fp + fn)
        f1 = estimate("f1", value, tp + fp + fn, lambda level: proportions.f1(tp, fp + fn, level), levels)
        found.append(f1)
    else:
        found.append(undefined("f1", "No row is positive and none is called so."))
    return found


def _of_ranks(truth: Bools, scores: Floats, levels: Sequence[float]) -> list[Estimate]:
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if positives == 0 or negatives == 0:
        return [undefined("roc_auc", "The test set does not hold rows of both classes.")]
    area, error = ranking.roc_auc(truth, scores)
    rarer = min(positives, negatives)
    notes = []
    if area in (0.0, 1.0):
        notes.append("The scores separate the classes perfectly on the test set: look for leakage.")
    elif error is None:
        notes.append("One class has a single row, which leaves the variance unknown: there is no interval.")
    elif scores.min() == scores.max():
        notes.append("Every row has the same score.")
    found = estimate(
        "roc_auc",
        area,
        len(truth),
        lambda level: ranking.roc_auc_interval(area, error, rarer, level),
        levels,
        notes,
    )
    return [found]


def _of_resamples(truth: Bools, scores: Floats, seed: int, levels: Sequence[float]) -> list[Estimate]:
    found: list[Estimate] = []
    spreads = bootstrap.spreads(truth, scores, seed)
    for metric, spread in spreads.items():
        n, drawn = len(truth), len(spread.drawn) or None
        if bootstrap.varies(spread):
            at: IntervalAt = _partial(spread)
            notes = []
        else:
            at = no_interval
            notes = [UNVARIED]
        found.append(
            estimate(
                metric, spread.value, n, at, levels, notes, resamples=drawn, seed=seed if drawn else None
            )
        )
    if "average_precision" not in spreads:
        found.append(undefined("average_precision", "The test set holds no positive rows."))
    bins = bootstrap.calibration_spread(truth, scores, seed)
    found.append(
        estimate(
            "expected_calibration_error",
            bins.value,
            len(truth),
            lambda level: bootstrap.calibration_interval(bins, level),
            levels,
            resamples=len(bins.drawn),
            seed=seed,
        )
    )
    return found


def _partial(spread: bootstrap.Spread) -> IntervalAt:
    return lambda level: bootstrap.interval(spread, level)


def _thinned(progress: Floats) -> Ints:
    """Indices of at most `MOST_POINTS` points spread along `progress` (rising), with both ends."""
    wanted = np.linspace(progress[0], progress[-1], MOST_POINTS)
    indices: Ints = np.unique(np.searchsorted(progress, wanted).clip(0, len(progress) - 1))
    return indices


def _require(truth: Bools, predicted: Bools, scores: Floats) -> None:
    if not len(truth) == len(predicted) == len(scores):
        raise ValueError(f"{len(truth)} labels, {len(predicted)} predictions and {len(scores)} scores.")
    if not len(truth):
        raise ValueError("There are no rows to evaluate on.")
    if not np.isfinite(scores).all():
        raise ValueError(f"{int((~np.isfinite(scores)).sum())} of {len(scores)} scores are not finite.")
    if scores.min() < 0 or scores.max() > 1:
        raise ValueError("Scores must be probabilities between 0 and 1.")
