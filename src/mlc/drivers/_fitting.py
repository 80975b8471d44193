"""Fits a learner on some rows: its features, its estimator and its calibration, all of them on these rows alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from mlc.drivers import _pipeline
from mlc.drivers._columns import model_input
from mlc.drivers._folds import Fold, folds
from mlc.drivers._labels import params_by_place

Build = Callable[[str, Mapping[str, Any], int], BaseEstimator]
"""An estimator by its full name, with its parameters and the seed; KeyError for a name that is in no table."""

Labels = NDArray[Any]


def build(name: str, params: Mapping[str, Any], seed: int) -> BaseEstimator:
    """An estimator of any library. Raises KeyError for a name that is in no table, TypeError or ValueError for
    parameters that the library refuses."""
    library = name.partition(".")[0]
    if library == "xgboost":
        from mlc.drivers import _xgboost

        return _xgboost.estimator(name, params, seed)
    if library == "lightgbm":
        from mlc.drivers import _lightgbm

        return _lightgbm.estimator(name, params, seed)
    from mlc.drivers import _estimators

    return _estimators.estimator(name, params, seed)


def fit(frame: pl.DataFrame, labels: Labels | None, spec: Mapping[str, Any], make: Build = build) -> Pipeline:
    """A fitted Pipeline from the rows of `frame` and their labels (n,).

    `spec` has `groups` and `columns`, the `estimator` with its `params` and `seed`, and maybe `calibrate`. Raises
    what the libraries raise, UnfitError of `_pipeline`, UnfoldableError of `_folds`.
    """
    fitted = _ensemble if "ensemble" in spec else plain
    model = fitted(frame, labels, spec, make)
    if "calibrate" not in spec or labels is None:
        return model
    from mlc.drivers import _calibration

    def predict(fold: Fold) -> NDArray[np.float64]:
        learned = fitted(frame[fold.train], labels[fold.train], spec, make)
        found = learned.predict_proba(model_input(frame[fold.test], spec["columns"]))
        return np.asarray(found[:, 1], dtype=np.float64)

    how = spec["calibrate"]
    return _calibration.calibrated(model, labels, how["method"], folds(frame, how["folds"]), predict)


def plain(
    frame: pl.DataFrame, labels: Labels | None, spec: Mapping[str, Any], make: Build = build
) -> Pipeline:
    """The same without calibration."""
    table = model_input(frame, spec["columns"])
    estimator = make(spec["estimator"], params_by_place(spec), spec["seed"])
    unfitted = _pipeline.pipeline(
        spec["groups"], spec["columns"], table, estimator, spec["seed"], spec.get("joined")
    )
    return unfitted.fit(table, labels)


def _ensemble(frame: pl.DataFrame, labels: Labels | None, spec: Mapping[str, Any], make: Build) -> Pipeline:
    from mlc.drivers import _ensemble

    del make  # members are built by what each of them says
    assert labels is not None
    return _ensemble.fit(frame, labels, spec)


def predict(model: Pipeline, frame: pl.DataFrame, columns: Mapping[str, Any]) -> tuple[Any, Any]:
    """Labels and probabilities of the positive class, both (n,), of the rows of `frame`."""
    table = model_input(frame, columns)
    return model.predict(table), np.asarray(model.predict_proba(table)[:, 1], dtype=np.float64)
