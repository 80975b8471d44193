"""Classification into several classes: every estimate with its interval, of all classes and of each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics import areas, counts, proportions, ranking, sums
from mlc.drivers.statistics.bootstrap import CLIP
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.estimating import (
    FEW_ROWS,
    IntervalAt,
    estimate,
    undefined,
)
from mlc.drivers.statistics.expected_calibration import estimate_of
from mlc.drivers.statistics.sums import of_mean
from mlc.ir.evaluation import METRICS, ClassFigures, Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def estimates(
    truth: Ints, predicted: Ints, probabilities: Floats, design: Design, *, confidences: Sequence[float] = ()
) -> dict[str, Estimate]:
    """Every metric of the task. `truth` and `predicted` are codes 0…k−1 (n,), `probabilities` (n, k).

    Raises ValueError where n is 0, the lengths differ or a row holds no probabilities.
    """
    _require(truth, predicted, probabilities)
    found = [
        *_of_counts(truth, predicted, probabilities.shape[1], design, confidences),
        _of_ranks(truth, probabilities, design, confidences),
        *_of_sums(truth, probabilities, design, confidences),
        estimate_of(predicted == truth, probabilities.max(axis=1), design, confidences),
    ]
    by_name = {one.metric: one for one in found}
    by_name["f1_micro"] = msgspec.structs.replace(by_name["accuracy"], metric="f1_micro")
    return {name: by_name[name] for name in METRICS if name in by_name}


def of_classes(
    truth: Ints, predicted: Ints, probabilities: Floats, classes: Sequence[str], design: Design
) -> tuple[ClassFigures, ...]:
    """Precision, recall, F1 and the area of each class against the rest, with intervals at `CONFIDENCE`."""
    k = len(classes)
    statistics: dict[str, tuple[counts.Statistic, float]] = {}
    if not design.is_plain:
        for place in range(k):
            statistics |= {
                f"recall {place}": (counts.class_share("recall", place, -1), 0.0),
                f"precision {place}": (counts.class_share("precision", place, -2), 0.0),
                f"f1 {place}": (counts.class_share("f1", place, -1), 0.0),
            }
    spreads = counts.spreads(design, truth, predicted, k, statistics) if statistics else {}
    matrix = counts.matrix_of(truth, predicted, k)
    made = []
    for place, name in enumerate(classes):
        support, called, hits = (
            int(matrix[place].sum()),
            int(matrix[:, place].sum()),
            int(matrix[place, place]),
        )

        def of(metric: str, successes: int, n: int, place: int = place) -> Estimate:
            if n == 0:
                return undefined(metric, "No row of the test set decides it.")
            if design.is_plain:
                share = proportions.f1 if metric == "f1" else None
                value = 2 * successes / (n + successes) if share else successes / n
                at: IntervalAt = (
                    (lambda level: proportions.f1(successes, n - successes, level))
                    if share
                    else (lambda level: proportions.proportion(successes, n, level))
                )
                return estimate(metric, value, n, at, ())
            return counts.estimate_of(metric, spreads[f"{metric} {place}"], design, (), n)

        made.append(
            ClassFigures(
                name=name,
                rows=support,
                called=called,
                estimates={
                    "precision": of("precision", hits, called),
                    "recall": of("recall", hits, support),
                    "f1": of("f1", hits, support + called - hits),
                    "roc_auc": _area(truth == place, probabilities[:, place], design),
                },
            )
        )
    return tuple(made)


def warnings(truth: Ints, classes: Sequence[str]) -> tuple[str, ...]:
    """What a reader must know about the test set before trusting any interval."""
    rows = np.bincount(truth, minlength=len(classes))
    absent = [name for name, count in zip(classes, rows, strict=True) if count == 0]
    few = [f"{name} ({count})" for name, count in zip(classes, rows, strict=True) if 0 < count < FEW_ROWS]
    found = []
    if absent:
        found.append(
            f"The test set holds no rows of {_listed(absent)}: averages over classes leave them out, and nothing "
            "is known of how they are predicted."
        )
    if few:
        found.append(
            f"The test set holds few rows of {_listed(few)}. With fewer than {FEW_ROWS} rows of a class the "
            "intervals of what averages over classes are themselves uncertain."
        )
    return tuple(found)


def log_losses(truth: Ints, probabilities: Floats) -> Floats:
    """Minus the logarithm of the probability given to the true class, in nats, clipped by `CLIP`; (n,)."""
    given = probabilities[np.arange(len(truth)), truth]
    losses: Floats = -np.log(np.clip(given, CLIP, 1 - CLIP))
    return losses


def brier_scores(truth: Ints, probabilities: Floats) -> Floats:
    """Half the squared distance of the probabilities from the truth (Brier 1950, halved to lie in 0…1); (n,)."""
    apart = probabilities.copy()
    apart[np.arange(len(truth)), truth] -= 1
    scores: Floats = (apart**2).sum(axis=1) / 2
    return scores


def _of_counts(
    truth: Ints, predicted: Ints, classes: int, design: Design, levels: Sequence[float]
) -> list[Estimate]:
    spreads = counts.spreads(design, truth, predicted, classes, counts.AVERAGES)
    exact = _of_proportions(truth, predicted, classes) if design.is_plain else {}
    return [
        estimate(name, spread.value, design.n, exact[name], levels)
        if name in exact
        else counts.estimate_of(name, spread, design, levels, design.n)
        for name, spread in spreads.items()
    ]


def _of_proportions(truth: Ints, predicted: Ints, classes: int) -> dict[str, IntervalAt]:
    """The intervals of what is a proportion, or the mean of independent ones: near 0 and 1 a bootstrap has nothing
    to draw from. Precisions are independent given how often each class is called."""
    matrix = counts.matrix_of(truth, predicted, classes).astype(np.int64)
    hits, support, called = np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    right, n = int(hits.sum()), len(truth)
    recalls = [(int(hit), int(rows)) for hit, rows in zip(hits, support, strict=True) if rows]
    found: dict[str, IntervalAt] = {
        "accuracy": lambda level: proportions.proportion(right, n, level),
        "balanced_accuracy": lambda level: proportions.mean_of(recalls, level),
    }
    if called[support > 0].all():
        precisions = [(int(hit), int(rows)) for hit, rows in zip(hits, called, strict=True) if rows]
        found["precision_macro"] = lambda level: proportions.mean_of(precisions, level)
    return found


def _of_ranks(truth: Ints, probabilities: Floats, design: Design, levels: Sequence[float]) -> Estimate:
    metric = "roc_auc_macro"
    try:
        area, moved, _ = areas.one_vs_rest(truth, probabilities, design.weights)
    except ValueError:
        return undefined(metric, "The test set does not hold rows of two classes.")
    notes = (
        ["The probabilities separate the classes perfectly on the test set: look for leakage. No interval."]
        if area in (0.0, 1.0)
        else []
    )
    return estimate(
        metric, area, design.n, lambda level: areas.interval(design, area, moved, level), levels, notes
    )


def _area(truth: NDArray[np.bool_], scores: Floats, design: Design) -> Estimate:
    if truth.all() or not truth.any():
        return undefined("roc_auc", "The test set does not hold rows of the class and of others.")
    if design.is_plain:
        area, error = ranking.roc_auc(truth, scores)
        rarer = int(min(truth.sum(), (~truth).sum()))
        return estimate(
            "roc_auc", area, design.n, lambda level: ranking.roc_auc_interval(area, error, rarer, level), ()
        )
    area, moved = areas.influence(truth, scores, design.weights)
    return estimate("roc_auc", area, design.n, lambda level: areas.interval(design, area, moved, level), ())


def _of_sums(truth: Ints, probabilities: Floats, design: Design, levels: Sequence[float]) -> list[Estimate]:
    losses = {
        "log_loss": (log_losses(truth, probabilities), 1.0),
        "brier": (brier_scores(truth, probabilities), 1.0),
    }
    return [of_mean(name, mean, design, levels) for name, mean in sums.means(design, losses).items()]


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:5], f"{len(names) - 5} more"] if len(names) > 6 else [*names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _require(truth: Ints, predicted: Ints, probabilities: Floats) -> None:
    if not len(truth) == len(predicted) == len(probabilities):
        raise ValueError(
            f"{len(truth)} labels, {len(predicted)} predictions and {len(probabilities)} rows of probabilities."
        )
    if not len(truth):
        raise ValueError("There are no rows to evaluate on.")
    if not np.isfinite(probabilities).all() or probabilities.min() < 0 or probabilities.max() > 1 + 1e-6:
        raise ValueError("Scores must be probabilities between 0 and 1.")
    if not math.isclose(float(np.abs(probabilities.sum(axis=1) - 1).max()), 0, abs_tol=1e-3):
        raise ValueError("The probabilities of a row must add up to 1.")
