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
from mlc.drivers._folds import Fold, UnfoldableError, folds, parts
from mlc.drivers._labels import params_by_place
from mlc.drivers.features.means import crossed
from mlc.drivers.statistics.answers import Answers
from mlc.ir.metrics import ANOMALY, BINARY, REGRESSION
from mlc.ir.task import TASKS

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

    `spec` has `groups` and `columns`, the `estimator` with its `params` and `seed`, and maybe `calibrate` and a model
    to go on from (`base`). Raises what the libraries raise, UnfitError of `_pipeline`, UnfoldableError of `_folds`.
    """
    fitted = _ensemble if "ensemble" in spec else _reusing if "base" in spec else plain
    model = fitted(frame, labels, spec, make)
    if "calibrate" not in spec or labels is None:
        return model
    from mlc.drivers import _calibration

    def predict(fold: Fold) -> NDArray[np.float64]:
        refuse_missing(labels[fold.train], spec)
        learned = fitted(frame[fold.train], labels[fold.train], spec, make)
        found = learned.predict_proba(model_input(frame[fold.test], spec["columns"]))
        return np.asarray(found, dtype=np.float64)

    how = spec["calibrate"]
    return _calibration.calibrated(model, labels, how["method"], folds(frame, how["folds"]), predict)


def plain(
    frame: pl.DataFrame, labels: Labels | None, spec: Mapping[str, Any], make: Build = build
) -> Pipeline:
    """The same without calibration."""
    table = model_input(frame, spec["columns"])
    estimator = make(spec["estimator"], params_by_place(spec), spec["seed"])
    unfitted = _pipeline.pipeline(
        spec["groups"],
        spec["columns"],
        table,
        estimator,
        spec["seed"],
        spec.get("joined"),
        spec.get("classes", ()),
    )
    if "crossing" not in spec:
        return unfitted.fit(table, labels)
    with crossed(parts(frame, spec["crossing"], spec["label"])):
        return unfitted.fit(table, labels)


def _ensemble(frame: pl.DataFrame, labels: Labels | None, spec: Mapping[str, Any], make: Build) -> Pipeline:
    from mlc.drivers import _ensemble

    del make  # members are built by what each of them says
    assert labels is not None
    return _ensemble.fit(frame, labels, spec)


def _reusing(frame: pl.DataFrame, labels: Labels | None, spec: Mapping[str, Any], make: Build) -> Pipeline:
    from mlc.drivers import _reused

    return _reused.fit(frame, labels, spec, make)


def predict(model: Pipeline, frame: pl.DataFrame, spec: Mapping[str, Any], truth: Labels | None) -> Answers:
    """What the model says of the n rows of `frame`, of which `truth` (n,) is known."""
    table, task = model_input(frame, spec["columns"]), spec["task"]
    if TASKS[task].classifies:
        given = np.asarray(model.predict_proba(table), dtype=np.float64)
        return Answers(task, truth, model.predict(table), given[:, 1] if task == BINARY else given)
    if task == REGRESSION:
        values = np.asarray(model.predict(table), dtype=np.float64).reshape(-1)
        return Answers(task, truth, None, values, level=spec.get("quantile", 0.5))
    if task == ANOMALY:
        unlike = -np.asarray(model.decision_function(table), dtype=np.float64).reshape(-1)
        return Answers(task, truth, (model.predict(table) < 0).astype(np.int64), unlike)
    return Answers(task, truth, model.predict(table), space_of(model, table))


def space_of(model: Pipeline, table: pl.DataFrame) -> NDArray[np.float64]:
    """The numbers (n, d) that the estimator sees of each row."""
    made = model[:-1].transform(table)
    return np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)


def refuse_missing(labels: Labels | None, spec: Mapping[str, Any]) -> None:
    """Raise UnfoldableError where rows to learn from hold none of a class: what has not been seen is never said."""
    if labels is None or not TASKS[spec["task"]].classifies:
        return
    classes = spec.get("classes", (f"other than {spec.get('positive')}", spec.get("positive")))
    counted = np.bincount(labels, minlength=len(classes))
    absent = [str(one) for one, count in zip(classes, counted, strict=True) if not count]
    if absent:
        raise UnfoldableError(
            f"The rows to learn from hold none whose label is {' or '.join(absent)}, and a classifier cannot learn "
            "what it has not seen."
        )
