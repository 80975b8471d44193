"""What a fold's predictions are worth, by every metric of the task. Points, not intervals: folds give the spread.

The definitions are those of the evaluation: where it has a function of its own for a value, that one is asked here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from mlc.drivers.statistics import areas, clusters, counts, multiclass
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.calibration import expected_calibration_error

Array = NDArray[Any]
Metric = Callable[[Array, Array, Array], float]
"""A score from what is true, what was said and the scores, of n rows (`Answers` says which they are in each task)."""

_OF_RANKS: Mapping[str, Metric] = {
    "roc_auc": lambda t, _, s: metrics.roc_auc_score(t, s),
    "average_precision": lambda t, _, s: metrics.average_precision_score(t, s),
}
_OF_COUNTS: Mapping[str, Metric] = {
    "accuracy": lambda t, p, _: metrics.accuracy_score(t, p),
    "balanced_accuracy": lambda t, p, _: metrics.balanced_accuracy_score(t, p),
    "precision": lambda t, p, _: metrics.precision_score(t, p, zero_division=np.nan),
    "recall": lambda t, p, _: metrics.recall_score(t, p, zero_division=np.nan),
    "specificity": lambda t, p, _: metrics.recall_score(t, p, pos_label=0, zero_division=np.nan),
    "f1": lambda t, p, _: metrics.f1_score(t, p, zero_division=np.nan),
    "matthews_correlation": lambda t, p, _: metrics.matthews_corrcoef(t, p),
    "cohen_kappa": lambda t, p, _: metrics.cohen_kappa_score(t, p),
}
_BINARY: Mapping[str, Metric] = {
    **_OF_RANKS,
    **_OF_COUNTS,
    "brier": lambda t, _, s: metrics.brier_score_loss(t, s),
    "log_loss": lambda t, _, s: metrics.log_loss(t, s, labels=[0, 1]),
    "expected_calibration_error": lambda t, _, s: expected_calibration_error(t, s),
}


def _averaged(statistic: counts.Statistic) -> Metric:
    return lambda t, p, s: float(statistic(counts.matrix_of(t, p, s.shape[1])))


_MULTICLASS: Mapping[str, Metric] = {
    "roc_auc_macro": lambda t, _, s: areas.one_vs_rest(t, s)[0],
    **{name: _averaged(statistic) for name, (statistic, _) in counts.AVERAGES.items()},
    "f1_micro": lambda t, p, _: metrics.accuracy_score(t, p),
    "brier": lambda t, _, s: float(multiclass.brier_scores(t, s).mean()),
    "log_loss": lambda t, _, s: float(multiclass.log_losses(t, s).mean()),
    "expected_calibration_error": lambda t, p, s: expected_calibration_error(p == t, s.max(axis=1)),
}


def _relative(truth: Array, _: Array, values: Array) -> float:
    if (truth == 0).any():
        raise ValueError("no error is relative to a label of 0")
    return float(np.mean(np.abs(values - truth) / np.abs(truth)))


def _logarithmic(truth: Array, _: Array, values: Array) -> float:
    if (truth <= -1).any():
        raise ValueError("labels of −1 and less have no logarithm of 1 + label")
    return float(np.sqrt(np.mean((np.log1p(np.maximum(values, 0)) - np.log1p(truth)) ** 2)))


def _explained(truth: Array, _: Array, values: Array) -> float:
    if np.ptp(truth) == 0:
        raise ValueError("there is nothing to explain")
    return float(metrics.r2_score(truth, values))


_REGRESSION: Mapping[str, Metric] = {
    "rmse": lambda t, _, s: metrics.root_mean_squared_error(t, s),
    "mae": lambda t, _, s: metrics.mean_absolute_error(t, s),
    "median_absolute_error": lambda t, _, s: metrics.median_absolute_error(t, s),
    "mape": _relative,
    "rmsle": _logarithmic,
    "r2": _explained,
}


def _in_space(score: Callable[[Array, Array], float]) -> Metric:
    """Of rows in the space that the estimator saw; a sample of many, as the evaluation takes it."""

    def of(_: Array, predicted: Array, space: Array) -> float:
        kept = np.flatnonzero(predicted >= 0)
        if len(kept) > clusters.MOST_ROWS:
            kept = np.sort(np.random.default_rng(0).choice(kept, clusters.MOST_ROWS, replace=False))
        return float(score(space[kept], predicted[kept]))

    return of


_CLUSTERING: Mapping[str, Metric] = {
    "silhouette": _in_space(metrics.silhouette_score),
    "davies_bouldin": _in_space(metrics.davies_bouldin_score),
    "calinski_harabasz": _in_space(metrics.calinski_harabasz_score),
}
_OF_CLASSES: Mapping[str, Metric] = {
    "adjusted_rand_index": lambda t, p, _: metrics.adjusted_rand_score(t, p),
    "normalized_mutual_information": lambda t, p, _: metrics.normalized_mutual_info_score(t, p),
}


def of_task(answers: Answers) -> Mapping[str, Metric]:
    """The metrics that there are of these answers: without a label, those that need none."""
    match answers.task:
        case "binary_classification":
            return _BINARY
        case "multiclass_classification":
            return _MULTICLASS
        case "regression":
            level = answers.level
            return {
                **_REGRESSION,
                "pinball_loss": lambda t, _, s: metrics.mean_pinball_loss(t, s, alpha=level),
            }
        case "anomaly_detection":
            return {**_OF_RANKS, **_OF_COUNTS} if answers.truth is not None else {}
    return {**_CLUSTERING, **_OF_CLASSES} if answers.truth is not None else _CLUSTERING


def score(name: str, answers: Answers) -> float | None:
    """One metric; None where it is not defined on these rows (one class only, nothing called positive)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a metric is not defined is told by None
        given: Any = (answers.truth, answers.predicted, answers.scores)
        try:
            found = float(of_task(answers)[name](*given))
        except ValueError:
            return None
    return found if np.isfinite(found) else None


def scores(answers: Answers) -> dict[str, float | None]:
    """Every metric of the task."""
    return {name: score(name, answers) for name in of_task(answers)}
