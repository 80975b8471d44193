"""Ensembles of classifiers on shared features: scikit-learn's own, so that they have its form in ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.pipeline import Pipeline

from mlc.drivers import _fitting
from mlc.drivers._columns import model_input
from mlc.drivers._folds import folds

Labels = NDArray[np.int64]


def estimator(ensemble: Mapping[str, Any]) -> BaseEstimator:
    """The ensemble, unfitted. Raises as `_fitting.build` does."""
    members = [
        (one["name"], _fitting.build(one["estimator"], one["params"], one["seed"]))
        for one in ensemble["members"]
    ]
    if ensemble["method"] == "voting":
        # flattened, its ONNX form is refused; `transform` is nothing that a model is asked for
        return VotingClassifier(
            members, voting="soft", weights=np.asarray(ensemble["weights"]), flatten_transform=False
        )
    final = ensemble["final"]
    return StackingClassifier(
        members,
        _fitting.build(final["estimator"], final["params"], final["seed"]),
        stack_method="predict_proba",
        cv="prefit",
    )


def fit(frame: pl.DataFrame, labels: Labels, spec: Mapping[str, Any]) -> Pipeline:
    """A fitted Pipeline of features and ensemble.

    Of stacking, the members learn from all rows, features and all; the final estimator learns from what members
    said of rows that neither they nor their features had learned from, which StackingClassifier's own folds, behind the
    features, would not give. Raises what the libraries raise, UnfoldableError of `_folds`.
    """
    ensemble = spec["ensemble"]
    made = estimator(ensemble)
    if ensemble["method"] == "voting":
        return _with_features(frame, labels, spec, made)
    members = ensemble["members"]
    seen = np.full((len(labels), len(members)), np.nan)
    for fold in folds(frame, ensemble["folds"]):
        for place, member in enumerate(members):
            learned = _fitting.plain(frame[fold.train], labels[fold.train], {**spec, **member})
            table = model_input(frame[fold.test], spec["columns"])
            seen[fold.test, place] = learned.predict_proba(table)[:, 1]
    known = ~np.isnan(seen).any(axis=1)  # folds in time leave the first rows without a prediction
    final = made.final_estimator.fit(seen[known], labels[known])
    whole = [_fitting.plain(frame, labels, {**spec, **member}) for member in members]
    features = whole[0]["features"]
    made.estimators = [(member["name"], one["estimator"]) for member, one in zip(members, whole, strict=True)]
    made.fit(features.transform(model_input(frame, spec["columns"])), labels)
    made.final_estimator_ = final
    return Pipeline([("features", features), ("estimator", made)])


def _with_features(
    frame: pl.DataFrame, labels: Labels, spec: Mapping[str, Any], made: BaseEstimator
) -> Pipeline:
    return _fitting.plain(frame, labels, {**spec, "estimator": "", "params": {}, "seed": 0}, lambda *_: made)
