"""Ensembles on shared features: scikit-learn's own, so that they have its form in ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.pipeline import Pipeline

from mlc.drivers import _fitting
from mlc.drivers._columns import model_input
from mlc.drivers._folds import folds
from mlc.drivers._labels import params_by_place
from mlc.ir.metrics import MULTICLASS, REGRESSION

Labels = NDArray[Any]


def estimator(spec: Mapping[str, Any]) -> BaseEstimator:
    """The ensemble of `spec["ensemble"]`, unfitted. Raises as `_fitting.build` does."""
    ensemble, numbers = spec["ensemble"], spec["task"] == REGRESSION
    members = [(one["name"], _built({**spec, **one})) for one in ensemble["members"]]
    if ensemble["method"] == "voting":
        weights = np.asarray(ensemble["weights"])
        if numbers:
            return VotingRegressor(members, weights=weights)
        # flattened, its ONNX form is refused; `transform` is nothing that a model is asked for
        return VotingClassifier(members, voting="soft", weights=weights, flatten_transform=False)
    final = ensemble["final"]
    learning = _fitting.build(final["estimator"], final["params"], final["seed"])
    if numbers:
        return StackingRegressor(members, learning, cv="prefit")
    return StackingClassifier(members, learning, stack_method="predict_proba", cv="prefit")


def fit(frame: pl.DataFrame, labels: Labels, spec: Mapping[str, Any]) -> Pipeline:
    """A fitted Pipeline of features and ensemble.

    Of stacking, the members learn from all rows, features and all; the final estimator learns from what members
    said of rows that neither they nor their features had learned from, which scikit-learn's own folds, behind the
    features, would not give. Raises what the libraries raise, UnfoldableError of `_folds`.
    """
    ensemble = spec["ensemble"]
    made = estimator(spec)
    if ensemble["method"] == "voting":
        return _with_features(frame, labels, spec, made)
    members = ensemble["members"]
    said = np.full((len(labels), len(members), _width(spec)), np.nan)
    for fold in folds(frame, ensemble["folds"]):
        _fitting.refuse_missing(labels[fold.train], spec)
        for place, member in enumerate(members):
            learned = _fitting.plain(frame[fold.train], labels[fold.train], {**spec, **member})
            said[fold.test, place] = _said(learned, model_input(frame[fold.test], spec["columns"]), spec)
    seen = said.reshape(len(labels), -1)
    known = ~np.isnan(seen).any(axis=1)  # folds in time leave the first rows without a prediction
    final = made.final_estimator.fit(seen[known], labels[known])
    whole = [_fitting.plain(frame, labels, {**spec, **member}) for member in members]
    features = whole[0]["features"]
    made.estimators = [(member["name"], one["estimator"]) for member, one in zip(members, whole, strict=True)]
    made.fit(features.transform(model_input(frame, spec["columns"])), labels)
    made.final_estimator_ = final
    return Pipeline([("features", features), ("estimator", made)])


def _width(spec: Mapping[str, Any]) -> int:
    """How many numbers a member says of a row: one, or the probability of each of several classes."""
    return len(spec["classes"]) if spec["task"] == MULTICLASS else 1


def _said(learned: Pipeline, table: pl.DataFrame, spec: Mapping[str, Any]) -> NDArray[np.float64]:
    """Shape (n, `_width`), as scikit-learn's stacking hands it to the final estimator."""
    if spec["task"] == REGRESSION:
        return np.asarray(learned.predict(table), dtype=np.float64).reshape(-1, 1)
    given = np.asarray(learned.predict_proba(table), dtype=np.float64)
    return given if spec["task"] == MULTICLASS else given[:, 1:]


def _built(member: Mapping[str, Any]) -> BaseEstimator:
    return _fitting.build(member["estimator"], params_by_place(member), member["seed"])


def _with_features(
    frame: pl.DataFrame, labels: Labels, spec: Mapping[str, Any], made: BaseEstimator
) -> Pipeline:
    return _fitting.plain(frame, labels, {**spec, "estimator": "", "params": {}, "seed": 0}, lambda *_: made)
