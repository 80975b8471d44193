"""A version from the registry in a new model: its answers, its transforms as they were fitted, or where it stopped."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from msgspec import Struct
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from mlc.drivers import _pipeline
from mlc.drivers._columns import model_input
from mlc.drivers._labels import params_by_place
from mlc.ir.operation import StepFailed
from mlc.rules import reuse_unfit

ROUNDS = {
    "GradientBoostingClassifier": "n_estimators",
    "GradientBoostingRegressor": "n_estimators",
    "HistGradientBoostingClassifier": "max_iter",
    "HistGradientBoostingRegressor": "max_iter",
}
"""What goes on learning by adding trees: the parameter that says how many there are in all."""

_LEARNED = ("categories", "vocabulary")
"""Parameters of a transformer that follow the data where their author said nothing."""


class About(Struct, frozen=True):
    """What the registry says of a version that is used: `inputs` are the columns that it sees, in its order."""

    name: str
    number: int
    digest: str
    task: str
    inputs: list[str]


def told(feed: Mapping[str, Any], inputs: Mapping[str, Path]) -> Mapping[str, Any]:
    """The feed; of a version from the registry (`about` names the input that tells of it) with its task, and its
    columns in its order."""
    if "about" not in feed:
        return feed
    version = msgspec.json.decode(inputs[feed["about"]].read_bytes(), type=About)
    columns = {name: feed["columns"][name] for name in version.inputs}  # the plan saw that they are there
    return {**feed, "task": version.task, "columns": columns}


class Misfit(Exception):
    """A version that cannot be used so: a sentence to show, and the field to blame."""

    def __init__(self, detail: str, path: str) -> None:
        super().__init__(detail)
        self.path = path


def fit(frame: pl.DataFrame, labels: Any, spec: Mapping[str, Any], make: Any) -> Pipeline:
    """A Pipeline with the transforms of `spec["base"]` (a fitted Pipeline) and a fitted estimator.

    With `spec["warm"]` the estimator goes on from where that of `base` stopped. Raises Misfit where the transforms are
    not those that the feature groups ask for, or nothing would be learned; else what the libraries raise.
    """
    table = model_input(frame, spec["columns"])
    base: Pipeline = spec["base"]
    wanted = make(spec["estimator"], params_by_place(spec), spec["seed"])
    asked = _pipeline.pipeline(
        spec["groups"], spec["columns"], table, wanted, spec["seed"], spec.get("joined")
    )["features"]
    features = base["features"]
    if _described(features) != _described(asked):
        raise Misfit(
            "Its transforms are not those that the feature groups describe: they were fitted for other groups.",
            "features",
        )
    made = features.transform(table)
    estimator = _warmed(base["estimator"], wanted) if spec["warm"] else wanted
    before = _rounds(estimator) if spec["warm"] else 0
    estimator.fit(made, labels)
    if spec["warm"]:
        _refuse_nothing_learned(estimator, before)
        estimator.set_params(warm_start=False)
    return Pipeline([("features", features), ("estimator", estimator)])


def unwrapped(estimator: Any) -> Any:
    """The estimator without its calibration."""
    return getattr(estimator, "estimator", estimator)


def _warmed(base: Any, wanted: BaseEstimator) -> Any:
    """A copy of a fitted estimator with the parameters that are asked for, which fitting goes on from."""
    fitted = unwrapped(base)
    if type(fitted) is not type(wanted):
        raise Misfit(
            f"It is a {type(fitted).__name__}, and a {type(wanted).__name__} cannot go on from where that stopped.",
            "train.estimator",
        )
    going_on = copy.deepcopy(fitted)  # that of the version stays as it is
    going_on.set_params(**{**wanted.get_params(deep=False), "warm_start": True})
    return going_on


def _rounds(estimator: Any) -> int:
    """How many rounds of trees a fitted estimator has; 0 of what has none."""
    if type(estimator).__name__ not in ROUNDS:
        return 0
    return int(getattr(estimator, "n_iter_", None) or len(estimator.estimators_))


def _refuse_nothing_learned(estimator: Any, before: int) -> None:
    name = type(estimator).__name__
    if name in ROUNDS and _rounds(estimator) <= before:
        field = ROUNDS[name]
        raise Misfit(
            f"It has {before} rounds of trees already, and `{field}` is {estimator.get_params()[field]}, which counts "
            f"them too: nothing would be learned. Ask for more than {before}.",
            f"train.params.{field}",
        )


def _described(transformer: Any) -> Any:
    """What a transformer does, apart from what it learned from data."""
    if hasattr(transformer, "transformers"):
        return [
            (name, _described(one), columns if isinstance(columns, str) else list(columns))
            for name, one, columns in transformer.transformers
        ]
    if isinstance(transformer, Pipeline):
        return [(name, _described(one)) for name, one in transformer.steps]
    if not isinstance(transformer, BaseEstimator):
        return transformer
    params = {
        name: repr(value)
        for name, value in transformer.get_params(deep=False).items()
        if name not in _LEARNED
    }
    return type(transformer).__name__, params


def refused(error: Misfit, version: str, address: str) -> StepFailed:
    """The same as a step's failure."""
    return StepFailed(reuse_unfit.found(version, str(error), address, error.path))
