"""The estimators that are trained: each trains, saves, exports and says the same in ONNX, whatever is chosen.

By default a fixed sample of the choices is tried; MLC_ESTIMATORS=long (`make estimators`) tries all.
"""

from __future__ import annotations

import os
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from threadpoolctl import threadpool_limits

from mlc.drivers import _convert, _estimators, _lightgbm, _onnx, _pipeline, _xgboost
from mlc.drivers._columns import model_input
from mlc.kinds._estimators import offered, parameter_schema
from stages.drivers import lending

SMALL = {"n_estimators": 4, "max_iter": 20, "Cs": 2, "cv": 2}
TASK = "binary_classification"
LONG = os.environ.get("MLC_ESTIMATORS") == "long"
ONE_IN = 1 if LONG else 4

DOES_NOT_GO_ALONE: dict[tuple[str, str, Any], dict[str, Any]] = {
    ("BaggingClassifier", "bootstrap", False): {"oob_score": False},
    ("ExtraTreesClassifier", "oob_score", True): {"bootstrap": True},
    ("ExtraTreesClassifier", "max_samples", 0.7): {"bootstrap": True},
    ("ExtraTreesClassifier", "max_samples", 4): {"bootstrap": True},
    ("LogisticRegression", "dual", True): {"solver": "liblinear"},
    ("LogisticRegression", "l1_ratio", 0.5): {"solver": "saga"},
    ("LogisticRegressionCV", "dual", True): {"solver": "liblinear"},
    ("LogisticRegressionCV", "l1_ratios", (0.3, 0.7)): {"solver": "saga"},
    ("XGBRFClassifier", "tree_method", "exact"): {"colsample_bynode": 1},
}
"""What else has to be set for a choice, by estimator, parameter and value."""

COUNTS = ("ComplementNB", "MultinomialNB")  # take no negative number

Build = {"sklearn": _estimators.estimator, "xgboost": _xgboost.estimator, "lightgbm": _lightgbm.estimator}


@pytest.fixture(scope="module", autouse=True)
def converters() -> None:
    _xgboost.register_converters()
    _lightgbm.register_converters()


def required(name: str) -> dict[str, Any]:
    """What has to be set, at the first of what is offered."""
    schema = _schema(name)
    return {
        parameter: next(choices(schema["properties"][parameter]), 10)
        for parameter in schema.get("required", ())
    }


def choices(schema: dict[str, Any]) -> Iterator[Any]:
    """Every value that is one of few: enumerated, boolean, null, and one of each compound."""
    for alternative in schema.get("anyOf", [schema]):
        yield from alternative.get("enum", [])
        kinds = alternative.get("type", [])
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            if kind == "null":
                yield None
            elif kind == "boolean":
                yield from (True, False)
            elif kind == "object":
                yield {"0": 1.0, "1": 3.0}
            elif kind == "array":
                several = alternative.get("minItems", 1) > 2
                yield (
                    [8, 4]
                    if alternative["items"]["type"] == "integer"
                    else [0.2, 0.3, 0.5]
                    if several
                    else [0.3, 0.7]
                )


def numbers(schema: dict[str, Any]) -> Iterator[Any]:
    """A number within each range."""
    for alternative in schema.get("anyOf", [schema]):
        kinds = alternative.get("type", [])
        low = alternative.get("minimum", alternative.get("exclusiveMinimum", 0))
        high = alternative.get("maximum", alternative.get("exclusiveMaximum"))
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            if kind == "integer":
                yield low + 3 if high is None or low + 3 <= high else low
            elif kind == "number":
                yield low + 0.7 if high is None else (low + high) / 2


def sampled(name: str, task: str = TASK) -> Iterator[tuple[str, Any]]:
    """The parameters of an estimator with the choices to try: always the same ones, whatever else is added."""
    for parameter, schema in (parameter_schema(name, task) or {})["properties"].items():
        for value in (*choices(schema), *numbers(schema)):
            if zlib.crc32(f"{name} {parameter} {value}".encode()) % ONE_IN == 0:
                yield parameter, value


def scaled(name: str) -> str:
    short = name.rpartition(".")[2]
    return "none" if short in _estimators.TREES else "min_max" if short in COUNTS else "standard"


@pytest.mark.parametrize("name", offered("train", TASK))
def test_an_estimator_goes_the_whole_way(step: Any, tmp_path: Path, name: str) -> None:
    paths = lending.parts(tmp_path, 1500, 500)
    library = name.partition(".")[0]
    # an odd number of trees: where an even number votes, labels are tossed
    params: dict[str, Any] = {"n_estimators": 25} if "n_estimators" in _schema(name)["properties"] else {}
    spec = lending.train(name, scaled(name), params=params | required(name))
    model = step(f"{library}_train", spec, train=paths["train"])
    exporter = "onnx_export" if library == "sklearn" else f"{library}_export"
    product = step(exporter, lending.export(), model=model.outputs["model"], test=paths["test"])
    assert product.summary["label_agreement"] == 1.0
    assert product.summary["max_probability_difference"] < 1e-4
    again = step(f"{library}_train", spec, train=paths["train"])
    assert again.outputs["model"].read_bytes() == model.outputs["model"].read_bytes()


@pytest.mark.parametrize("name", offered("train", TASK))
def test_every_parameter_that_is_offered_exports_right(tmp_path: Path, name: str) -> None:
    loans = pl.read_parquet(lending.LOANS)
    train = model_input(loans.head(300), lending.COLUMNS)
    test = loans.slice(300, 300)
    properties = _schema(name)["properties"]
    small = {key: value for key, value in SMALL.items() if key in properties} | required(name)
    for parameter, value in sampled(name):
        key = (name.rpartition(".")[2], parameter, tuple(value) if isinstance(value, list) else value)
        besides = {} if isinstance(value, dict) else DOES_NOT_GO_ALONE.get(key, {})
        given = small | besides | {parameter: value}
        estimator = Build[name.partition(".")[0]](name, given, 0)
        model = _pipeline.pipeline(lending.groups(scaled(name)), lending.COLUMNS, train, estimator, 0)
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")
            model.fit(train, loans.head(300)["repaid"].to_numpy())
        path = tmp_path / "model.onnx"
        path.write_bytes(_convert.to_onnx(model, lending.COLUMNS, 21))
        labels, probabilities = lending.said(_onnx.score(_onnx.open_session(path), test, lending.COLUMNS))
        expected = model.predict_proba(model_input(test, lending.COLUMNS))
        said = f"{name} {given}"
        np.testing.assert_allclose(probabilities, expected, atol=1e-4, err_msg=said)
        if np.ptp(expected[:, 1]) < 1e-9:
            continue  # nothing was learned: of leaves alone onnxruntime says label 0, which the parity check refuses
        decided = np.abs(expected[:, 1] - 0.5) > 1e-6
        assert (labels == expected.argmax(axis=1))[decided].all(), said


def test_numbers_reach_the_library_in_the_type_it_wants() -> None:
    forest = _estimators.estimator("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 7.0}, 3)
    assert forest.get_params()["n_estimators"] == 7
    assert isinstance(forest.get_params()["n_estimators"], int)
    assert forest.get_params()["random_state"] == 3
    boosted = _estimators.estimator("sklearn.ensemble.HistGradientBoostingClassifier", {"max_features": 1}, 0)
    assert isinstance(boosted.get_params()["max_features"], float)
    # of a whole number from 2 or a share up to 1, 1 can only be the share
    tree = _estimators.estimator("sklearn.tree.DecisionTreeClassifier", {"min_samples_split": 1}, 0)
    assert isinstance(tree.get_params()["min_samples_split"], float)


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (_estimators.estimator, "os.system"),
        (_estimators.estimator, "sklearn.svm.SVC"),
        (_estimators.estimator, "xgboost.XGBClassifier"),
        (_xgboost.estimator, "xgboost.XGBRanker"),
        (_lightgbm.estimator, "sklearn.linear_model.LogisticRegression"),
    ],
)
def test_builds_what_is_in_its_table_only(build: Any, name: str) -> None:
    with pytest.raises(KeyError):
        build(name, {}, 0)


def test_a_threshold_is_rounded_down_to_what_float32_can_hold() -> None:
    """Then `x <= threshold` says the same of every float32 x."""
    random = np.random.default_rng(0)
    thresholds = [*random.normal(size=500) * 10.0 ** random.integers(-30, 30, size=500), 0.0, 1.0, 16777217.0]
    for threshold in map(float, thresholds):
        rounded = np.float32(_lightgbm.round_down(threshold))
        above = np.nextafter(rounded, np.float32(np.inf))
        assert float(rounded) <= threshold < float(above)


def _schema(name: str) -> dict[str, Any]:
    schema = parameter_schema(name, TASK)
    assert schema is not None
    return schema
