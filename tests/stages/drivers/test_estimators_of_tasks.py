"""What is trained for other tasks than two classes goes the same way, and says the same in ONNX, whatever is chosen.

By default a fixed sample of the choices is tried; MLC_ESTIMATORS=long (`make estimators`) tries all.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from mlc.drivers import _convert, _estimators, _labels, _lightgbm, _onnx, _parity, _pipeline, _skops, _xgboost
from mlc.drivers._columns import model_input
from mlc.ir.task import TASKS
from mlc.kinds._estimators import offered, parameter_schema
from stages.drivers import measured
from stages.drivers.test_estimators import COUNTS, LONG, SMALL, Build, choices, sampled

NAMED = [(task, name) for task in measured.BOUNDS for name in offered("train", task)]
DOES_NOT_GO_ALONE: dict[tuple[str, str, Any], dict[str, Any]] = {
    ("BayesianGaussianMixture", "covariance_prior", 0.7): {"covariance_type": "spherical"},
    ("ExtraTreesClassifier", "oob_score", True): {"bootstrap": True},
    ("ExtraTreesClassifier", "max_samples", 0.7): {"bootstrap": True},
    ("ExtraTreesClassifier", "max_samples", 4): {"bootstrap": True},
    ("ExtraTreesRegressor", "oob_score", True): {"bootstrap": True},
    ("ExtraTreesRegressor", "max_samples", 0.7): {"bootstrap": True},
    ("ExtraTreesRegressor", "max_samples", 4): {"bootstrap": True},
    ("HistGradientBoostingRegressor", "loss", "quantile"): {"quantile": 0.8},
    ("LinearDiscriminantAnalysis", "shrinkage", "auto"): {"solver": "lsqr"},
    ("LinearDiscriminantAnalysis", "shrinkage", 0.5): {"solver": "lsqr"},
    ("LinearSVR", "dual", False): {"loss": "squared_epsilon_insensitive"},
    ("LogisticRegression", "l1_ratio", 0.5): {"solver": "saga"},
    ("LogisticRegressionCV", "l1_ratios", (0.3, 0.7)): {"solver": "saga"},
    ("Ridge", "solver", "lbfgs"): {"positive": True},
    ("SGDRegressor", "learning_rate", "pa1"): {"loss": "epsilon_insensitive"},
    ("SGDRegressor", "learning_rate", "pa2"): {"loss": "epsilon_insensitive"},
    ("XGBRFRegressor", "tree_method", "exact"): {"colsample_bynode": 1},
}
NUMBERS = {
    ("BayesianGaussianMixture", "degrees_of_freedom_prior"): 20.0,
    ("LinearDiscriminantAnalysis", "n_components"): 2,
    ("OrthogonalMatchingPursuitCV", "max_iter"): 5,
    ("TheilSenRegressor", "n_subsamples"): 20,
}
"""What is a number within the range, where it depends on the data."""


@pytest.fixture(scope="module", autouse=True)
def converters() -> None:
    _xgboost.register_converters()
    _lightgbm.register_converters()


def schema_of(task: str, name: str) -> dict[str, Any]:
    schema = parameter_schema(name, task)
    assert schema is not None
    return schema


def small(task: str, name: str) -> dict[str, Any]:
    """Few trees and rounds, and what has to be set at the first of what is offered."""
    schema = schema_of(task, name)
    needed = {one: next(choices(schema["properties"][one]), 10) for one in schema.get("required", ())}
    short = name.rpartition(".")[2]
    few = {
        key: NUMBERS.get((short, key), value) for key, value in SMALL.items() if key in schema["properties"]
    }
    return few | needed


def scaled(name: str) -> str:
    short = name.rpartition(".")[2]
    return "none" if short in _estimators.TREES else "min_max" if short in COUNTS else "standard"


@pytest.mark.parametrize(("task", "name"), NAMED)
def test_an_estimator_goes_the_whole_way(step: Any, tmp_path: Path, task: str, name: str) -> None:
    paths = measured.parts(task, tmp_path)
    library = name.partition(".")[0]
    trees = {"n_estimators": 25} if "n_estimators" in schema_of(task, name)["properties"] else {}
    spec = measured.train(task, name, scaled(name), small(task, name) | trees)
    model = step(f"{library}_train", spec, train=paths["train"])
    exporter = "onnx_export" if library == "sklearn" else f"{library}_export"
    product = step(exporter, measured.export(task), model=model.outputs["model"], test=paths["test"])
    assert product.summary["disagreeing_rows"] == []
    again = step(f"{library}_train", spec, train=paths["train"])
    assert again.outputs["model"].read_bytes() == model.outputs["model"].read_bytes()


def tried(task: str, name: str) -> Iterator[dict[str, Any]]:
    """The parameters to try, each with what it does not go without."""
    short = name.rpartition(".")[2]
    for parameter, value in sampled(name, task):
        key = (short, parameter, tuple(value) if isinstance(value, list) else value)
        besides = {} if isinstance(value, dict) else DOES_NOT_GO_ALONE.get(key, {})
        chosen = (
            dict(zip(measured.CLASSES, (1.0, 2.0, 3.0), strict=True)) if isinstance(value, dict) else value
        )
        if type(value) in (int, float):
            chosen = NUMBERS.get((short, parameter), value)
        yield small(task, name) | besides | {parameter: chosen}


@pytest.mark.parametrize(("task", "name"), NAMED)
def test_every_parameter_that_is_offered_exports_right(tmp_path: Path, task: str, name: str) -> None:
    train, test = measured.split(task)
    columns = measured.columns(task)
    for params in tried(task, name):
        spec = measured.train(task, name, scaled(name), params) | measured.BOUNDS[task]
        estimator = Build[name.partition(".")[0]](name, _labels.params_by_place(spec), 0)
        table, asked = model_input(train, columns), model_input(test, columns)
        model = _pipeline.pipeline(spec["groups"], columns, table, estimator, 0)
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")
            model.fit(table, _labels.target(train, spec).values)
        if LONG:
            model = _skops.load_model(_skops.save_model(model, tmp_path / "model.skops"))
        path = tmp_path / "model.onnx"
        classes = spec.get("classes", ())
        path.write_bytes(_convert.to_onnx(model, columns, 21, TASKS[task], classes))
        scored = _onnx.score(_onnx.open_session(path), test, columns, classes)
        proof = _parity.measured(spec, scored, model, asked)
        said = f"{name} {params} {proof}"
        if not TASKS[task].classifies:
            assert proof["disagreeing_rows"] == [], said
            assert proof.get("value_agreement", 1.0) == 1.0, said
            continue
        assert proof["max_probability_difference"] < 1e-4, said
        if np.ptp(model.predict_proba(asked)[:, 0]) < 1e-9:
            continue  # nothing was learned
        differing = round((1 - proof["label_agreement"]) * proof["rows"])
        assert differing == proof["disagreeing_ties"], said
