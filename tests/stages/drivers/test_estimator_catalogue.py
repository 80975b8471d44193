"""The catalogue of estimators: it is what the libraries say now, holds all of them, and is read without them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sklearn.utils import all_estimators

from mlc import data
from mlc.drivers import _catalogue, _estimators, _transforms
from mlc.kinds import _estimators as reading
from mlc.kinds import _estimators_page
from mlc.kinds._estimators import catalogue, estimator_names, offered, parameter_schema
from mlc.rules.no_onnx_form import RULE as NO_ONNX_FORM


def test_generating_leaves_no_diff() -> None:
    folder = data.path("schemas", "estimators")
    written = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert written == _catalogue.files(), "run `make generate`"
    page = data.path(*_estimators_page.PATH).read_text(encoding="utf-8")
    assert page == _estimators_page.page(), "run `make generate`"


def test_holds_every_estimator_of_the_libraries() -> None:
    shorts = {name.rpartition(".")[2] for name in estimator_names()}
    assert shorts >= {name for name, _ in all_estimators()}
    boosted = {"XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor"}
    assert shorts >= boosted | {"LGBMClassifier", "LGBMRegressor", "LGBMRanker"}
    assert len(shorts) == len(estimator_names()), "two estimators of one name: `_onnx_limits` goes by it"


def test_a_full_name_is_where_people_import_it_from() -> None:
    for name, constructor in _catalogue.classes().items():
        assert _estimators.constructor_of(name) is constructor


def test_each_is_served_or_says_why_not() -> None:
    assert offered("train") == tuple(sorted(_estimators.ALL))
    for task, names in _estimators.TRAINED.items():
        assert offered("train", task) == tuple(sorted(names))
    assert offered("transforms") == tuple(sorted(_transforms.OFFERED))
    for name, told in catalogue().items():
        assert bool(told.serves) != bool(told.why), name
        assert bool(told.serves) != bool(told.reason), name
        assert not told.why or told.why.endswith("."), name


@pytest.mark.parametrize("name", estimator_names())
def test_the_defaults_keep_their_own_schema(name: str) -> None:
    schema = _schema(name)
    Draft202012Validator.check_schema(schema)
    defaults = {key: found["default"] for key, found in schema["properties"].items() if "default" in found}
    needed = {key: _first(schema["properties"][key]) for key in schema.get("required", ())}
    assert list(Draft202012Validator(schema).iter_errors(defaults | needed)) == []
    if schema["x-mlc-estimator"]["serves"]:
        changing = (
            {"l1_ratios", "scoring"} if name.endswith("LogisticRegressionCV") else set()
        )  # their default warns
        assert defaults.keys() | needed.keys() | changing == schema["properties"].keys()


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("sklearn.linear_model.LogisticRegression", {"C": 0}),
        ("sklearn.linear_model.LogisticRegression", {"max_itr": 10}),
        ("sklearn.linear_model.LogisticRegression", {"penalty": "l1"}),
        ("sklearn.linear_model.LogisticRegression", {"solver": "lbgfs"}),
        ("sklearn.linear_model.LogisticRegression", {"class_weight": {"1": 2.0}}),
        ("sklearn.linear_model.SGDClassifier", {}),
        ("sklearn.linear_model.SGDClassifier", {"loss": "hinge"}),
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_bins": 256}),
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"categorical_features": [0]}),
        ("sklearn.ensemble.HistGradientBoostingRegressor", {"loss": "poisson"}),
        ("sklearn.ensemble.RandomForestClassifier", {"n_jobs": 4}),
        ("sklearn.ensemble.RandomForestClassifier", {"random_state": 1}),
        ("sklearn.ensemble.RandomForestClassifier", {"max_features": "third"}),
        ("sklearn.neighbors.KNeighborsClassifier", {"weights": "distance"}),
        ("sklearn.neural_network.MLPClassifier", {"hidden_layer_sizes": []}),
        ("sklearn.linear_model.Ridge", {"alpha": -1}),
        ("sklearn.cluster.KMeans", {"n_clusters": 0}),
        ("sklearn.preprocessing.MaxAbsScaler", {"clip": True}),
        ("sklearn.preprocessing.Normalizer", {"norm": "max"}),
        ("sklearn.preprocessing.KBinsDiscretizer", {"encode": "onehot"}),
        ("sklearn.impute.SimpleImputer", {"add_indicator": True}),
        ("xgboost.XGBClassifier", {"subsample": 0}),
        ("xgboost.XGBClassifier", {"subsample": 1.5}),
        ("xgboost.XGBClassifier", {"max_depth": -1}),
        ("xgboost.XGBClassifier", {"max_depth": 3.5}),
        ("xgboost.XGBClassifier", {"booster": "dart"}),
        ("xgboost.XGBRegressor", {"tree_method": "gpu_hist"}),
        ("xgboost.XGBRanker", {"gama": 1}),
        ("lightgbm.LGBMClassifier", {"num_leaves": 1}),
        ("lightgbm.LGBMClassifier", {"boosting_type": "rf"}),
        ("lightgbm.LGBMRegressor", {"class_weight": "balanced"}),
        ("lightgbm.LGBMRanker", {"learning_rate": 0}),
    ],
)
def test_what_is_wrong_or_not_offered_breaks_the_schema(name: str, params: dict[str, Any]) -> None:
    task = "binary_classification" if "Classifier" in name or "Logistic" in name else ""
    assert list(Draft202012Validator(parameter_schema(name, task) or {}).iter_errors(params))


def test_what_may_not_be_set_says_why() -> None:
    refused = _schema("sklearn.ensemble.HistGradientBoostingClassifier")["x-mlc-not-settable"]
    assert "wrong labels" in refused["categorical_features"]
    assert "train.seed" in refused["random_state"]
    for name in estimator_names():
        assert all(why.endswith(".") for why in _schema(name)["x-mlc-not-settable"].values()), name


@pytest.mark.parametrize(
    "name",
    [
        *("os.system", "index", "sklearn.index", "", ".", "..", "sklearn", "sklearn.linear_model"),
        *(
            "../model",
            "sklearn/../../model",
            "sklearn.linear_model.Ridge.json",
            "sklearn..Ridge",
            "/etc/passwd",
        ),
        *("sklearn.linear_model.Ridge\x00", "sklearn.linear_model.Ridge\n", "sklearn.linear_model.ridge"),
        *("Sklearn.linear_model.Ridge", "sklearn.a.b.c.d.Ridge", f"sklearn.linear_model.R{'i' * 5000}"),
        *("sklearn.linear_model.Rídge", "sklearn.linear\\model.Ridge", "sklearn.linear_model.RIDGE"),
    ],
)
def test_a_name_that_is_none_reaches_no_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(reading, "_read", lambda name: asked.append(name))
    assert parameter_schema(name) is None
    assert all(part.isidentifier() for one in asked for part in one.split("."))
    monkeypatch.undo()
    assert parameter_schema(name) is None


def test_reading_the_catalogue_needs_none_of_the_libraries() -> None:
    program = (
        "import sys; from mlc.kinds._estimators import estimator_names, parameter_schema\n"
        "assert len(estimator_names()) > 200 and parameter_schema('xgboost.XGBClassifier')\n"
        "sys.exit(bool({'sklearn', 'numpy', 'polars', 'xgboost', 'lightgbm'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(reading.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


def test_the_deny_list_names_what_is_known_to_be_wrong() -> None:
    """`backends.md`, "known traps": what a rule has to tell at plan time."""
    assert NO_ONNX_FORM.severity == "error"
    whole = {name.rpartition(".")[2] for name, told in catalogue().items() if told.reason == "not-in-onnx"}
    assert whole >= {"TunedThresholdClassifierCV", "TfidfVectorizer", "CountVectorizer"}
    of_two = _schema("sklearn.discriminant_analysis.LinearDiscriminantAnalysis")["x-mlc-estimator"]["but"]
    assert of_two["binary_classification"]["reason"] == "not-in-onnx"
    assert whole >= {
        "SplineTransformer",
        "NMF",
        "IterativeImputer",
        "MissingIndicator",
        "FunctionTransformer",
    }
    assert whole >= {"TransformedTargetRegressor", "HashingVectorizer"}
    denied = {
        (name.rpartition(".")[2], parameter)
        for name in estimator_names()
        for parameter in _schema(name)["x-mlc-denied"]
    }
    assert ("HistGradientBoostingClassifier", "categorical_features") in denied
    assert ("HistGradientBoostingRegressor", "loss") in denied


def _first(schema: dict[str, Any]) -> Any:
    return schema["enum"][0]


def _schema(name: str) -> dict[str, Any]:
    schema = parameter_schema(name)
    assert schema is not None
    return schema
