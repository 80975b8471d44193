"""Calibrated probabilities: a correction learned from predictions of rows that were not learned from.

Not scikit-learn's CalibratedClassifierCV, whose ONNX form is wrong: skl2onnx 1.20 takes the nearest threshold of an
isotonic regression where scikit-learn goes along the line between two (docs/decisions/0033).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from mlc.drivers._folds import Fold, UnfoldableError

Floats = NDArray[np.float64]

GRID = 512
"""Isotonic thresholds lie at multiples of 1/GRID. A step between two that lie nearer would make much of the last digit
of a float32, in which ONNX computes: here a probability is off by at most GRID times that digit, 6·10⁻⁵."""

LEAST, MOST = 1e-6, 1 - 1e-4
"""Between these a probability has its log-odds taken. Near 1 the last digit of a float32 is a large part of what is
missing to 1 (at 1 − 10⁻⁶ one sixteenth: a probability was off by 1.4·10⁻⁴); near 0 it is a small part."""

FLOOR = 1e-3
"""Of several classes no isotonic value is smaller, before they are made to add up to 1: where all were 0, or nearly,
the last digit of a float32 would decide between them."""


class Calibrated(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted classifier and what its probabilities are mapped to.

    `isotonic`: along the lines between the points (`x_`, `y_`), and flat beyond them. `sigmoid`:
    1 / (1 + exp(−(`slope_` · log-odds + `intercept_`))). Of two classes the probability of the positive one is mapped.
    Of k classes each is, against the rest, and what comes out is divided by its sum (Zadrozny and Elkan 2002, KDD):
    `x_` and `y_` are then lists of k arrays, `slope_` and `intercept_` arrays (k,).
    """

    def __init__(self, estimator: Any = None, method: str = "sigmoid") -> None:
        self.estimator = estimator
        self.method = method

    def fit(self, table: Any, labels: Any) -> Calibrated:
        """Always raises: what it maps by is learned from predictions, by `calibrated`."""
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def predict_proba(self, table: Any) -> Floats:
        """Shape (n, k)."""
        raw = np.asarray(self.estimator.predict_proba(table), dtype=np.float64)
        if len(self.classes_) > 2:
            mapped = self._sigmoid(raw) if self.method == "sigmoid" else self._along_lines(raw)
            return np.asarray(mapped / mapped.sum(axis=1, keepdims=True))
        raw = raw[:, 1]
        positive = np.interp(raw, self.x_, self.y_) if self.method == "isotonic" else self._sigmoid(raw)
        return np.column_stack([1 - positive, positive])

    def predict(self, table: Any) -> NDArray[np.int64]:
        """Shape (n,): of two classes 1 where the calibrated probability is above one half, of several the most
        probable one."""
        given = self.predict_proba(table)
        if len(self.classes_) > 2:
            return np.asarray(np.argmax(given, axis=1), dtype=np.int64)
        return (given[:, 1] > 0.5).astype(np.int64)

    def _along_lines(self, raw: Floats) -> Floats:
        columns = [np.interp(raw[:, one], self.x_[one], self.y_[one]) for one in range(raw.shape[1])]
        return np.asarray(np.maximum(np.column_stack(columns), FLOOR))

    def _sigmoid(self, raw: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-(self.slope_ * log_odds(raw) + self.intercept_))))


def log_odds(probabilities: Floats) -> Floats:
    clipped = np.clip(probabilities, LEAST, MOST)
    return np.asarray(np.log(clipped / (1 - clipped)))


def calibrated(
    model: Pipeline,
    labels: NDArray[np.int64],
    method: str,
    folds: list[Fold],
    predict: Callable[[Fold], Floats],
) -> Pipeline:
    """`model` (fitted on all rows) with its estimator calibrated.

    `predict` gives the probabilities of a fold's test rows by what was learned, features and all, from its training
    rows only, (m, k); `labels` are (n,), from 0 to k − 1. Raises UnfoldableError where the predicted rows hold
    none of a class.
    """
    raw = np.concatenate([predict(fold) for fold in folds])
    truth = np.concatenate([labels[fold.test] for fold in folds])
    k, learn = raw.shape[1], _isotonic if method == "isotonic" else _platt
    if len(np.unique(truth)) < k:
        raise UnfoldableError(f"The rows to calibrate with are of {len(np.unique(truth))} of {k} classes.")
    made = Calibrated(model["estimator"], method)
    made.classes_ = np.arange(k)
    if k == 2:
        fitted = learn(raw[:, 1], truth)
    else:
        each = [learn(raw[:, one], (truth == one).astype(np.int64)) for one in range(k)]
        listed = {name: [one[name] for one in each] for name in each[0]}
        fitted = {name: np.array(found) if method == "sigmoid" else found for name, found in listed.items()}
    for name, value in fitted.items():
        setattr(made, name, value)
    return Pipeline([("features", model["features"]), ("estimator", made)])


def _isotonic(raw: Floats, truth: NDArray[np.int64]) -> Mapping[str, Any]:
    """The points of an isotonic regression, at least two; values are float32's, so that ONNX has the same."""
    regression = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    regression.fit(np.round(raw * GRID) / GRID, truth)
    x, y = regression.X_thresholds_, np.asarray(regression.y_thresholds_, dtype=np.float32)
    if len(x) == 1:
        x, y = np.array([0.0, 1.0]), np.repeat(y, 2)
    return {"x_": np.asarray(x, dtype=np.float64), "y_": y.astype(np.float64)}


def _platt(raw: Floats, truth: NDArray[np.int64]) -> Mapping[str, Any]:
    """Platt's sigmoid over the log-odds, with his targets (Platt 1999, 2.2): (n₊+1)/(n₊+2) and 1/(n₋+2)."""
    positives = int(truth.sum())
    target = np.where(truth == 1, (positives + 1) / (positives + 2), 1 / (len(truth) - positives + 2))
    column = log_odds(raw).reshape(-1, 1)
    # a row with the target t is one of weight t that is positive, and one of weight 1 − t that is not
    regression = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    regression.fit(
        np.concatenate([column, column]),
        np.repeat([1, 0], len(truth)),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    return {"slope_": float(regression.coef_[0, 0]), "intercept_": float(regression.intercept_[0])}
