"""What a fold's predictions are worth, by every metric of the task. Points, not intervals: folds give the spread."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

Array = NDArray[Any]
Metric = Callable[[Array, Array, Array], float]
"""A score from what is true, the labels said and the probabilities of the positive class, all (n,)."""


def _expected_calibration_error(truth: Array, labels: Array, probabilities: Array) -> float:
    del labels
    bins = np.minimum((probabilities * 10).astype(int), 9)
    gaps = [abs((truth - probabilities)[bins == one].sum()) for one in range(10)]
    return float(sum(gaps) / len(truth))


BINARY: Mapping[str, Metric] = {
    "roc_auc": lambda t, _, p: metrics.roc_auc_score(t, p),
    "average_precision": lambda t, _, p: metrics.average_precision_score(t, p),
    "accuracy": lambda t, l, _: metrics.accuracy_score(t, l),  # noqa: E741
    "balanced_accuracy": lambda t, l, _: metrics.balanced_accuracy_score(t, l),  # noqa: E741
    "precision": lambda t, l, _: metrics.precision_score(t, l, zero_division=np.nan),  # noqa: E741
    "recall": lambda t, l, _: metrics.recall_score(t, l, zero_division=np.nan),  # noqa: E741
    "specificity": lambda t, l, _: metrics.recall_score(t, l, pos_label=0, zero_division=np.nan),  # noqa: E741
    "f1": lambda t, l, _: metrics.f1_score(t, l, zero_division=np.nan),  # noqa: E741
    "brier": lambda t, _, p: metrics.brier_score_loss(t, p),
    "log_loss": lambda t, _, p: metrics.log_loss(t, p, labels=[0, 1]),
    "expected_calibration_error": _expected_calibration_error,
}

BY_TASK: Mapping[str, Mapping[str, Metric]] = {"binary_classification": BINARY}


def score(task: str, name: str, truth: Array, predicted: tuple[Array, Array]) -> float | None:
    """One metric; None where it is not defined on these rows (one class only, nothing called positive).

    `predicted` are labels and probabilities of the positive class, both (n,).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a metric is not defined is told by None
        try:
            found = float(BY_TASK[task][name](truth, *predicted))
        except ValueError:
            return None
    return found if np.isfinite(found) else None


def scores(task: str, truth: Array, predicted: tuple[Array, Array]) -> dict[str, float | None]:
    """Every metric of the task."""
    return {name: score(task, name, truth, predicted) for name in BY_TASK[task]}
