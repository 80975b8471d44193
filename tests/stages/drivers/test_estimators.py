"""The catalogue of estimators: each trains, saves, exports and says the same in ONNX, whatever is chosen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from jsonschema import Draft202012Validator
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from mlc import data
from mlc.drivers import _convert, _estimator_schemas, _estimators, _onnx, _pipeline
from mlc.drivers._columns import model_input
from mlc.kinds._estimators import estimator_names, parameter_schema
from stages.drivers import lending

SMALL = {"n_estimators": 4, "max_iter": 20}

DOES_NOT_GO_ALONE = {
    ("ExtraTreesClassifier", "oob_score"),  # needs bootstrap
    ("LogisticRegression", "dual"),  # needs the solver liblinear
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
                yield [8, 4] if alternative["items"]["type"] == "integer" else [0.3, 0.7]


def scaled(name: str) -> str:
    return "none" if issubclass(_estimators.ESTIMATORS[name], _estimators.TREES) else "standard"


@pytest.mark.parametrize("name", estimator_names())
def test_an_estimator_goes_the_whole_way(step: Any, tmp_path: Path, name: str) -> None:
    paths = lending.parts(tmp_path, 1500, 500)
    # an odd number of trees: where an even number votes, labels are tossed
    params = {"n_estimators": 25} if "n_estimators" in _schema(name)["properties"] else {}
    model = step("sklearn_train", lending.train(name, scaled(name), params=params), train=paths["train"])
    product = step("onnx_export", lending.export(), model=model.outputs["model"], test=paths["test"])
    assert product.summary["label_agreement"] == 1.0
    assert product.summary["max_probability_difference"] < 1e-4


@pytest.mark.parametrize("name", estimator_names())
def test_every_choice_that_is_offered_exports_right(tmp_path: Path, name: str) -> None:
    loans = pl.read_parquet(lending.LOANS)
    train = model_input(loans.head(300), lending.COLUMNS)
    test = loans.slice(300, 300)
    properties = _schema(name)["properties"]
    small = {key: value for key, value in SMALL.items() if key in properties}
    tried = 0
    for parameter, schema in properties.items():
        for value in choices(schema):
            if (name.rpartition(".")[2], parameter) in DOES_NOT_GO_ALONE and value:
                continue
            tried += 1
            estimator = _estimators.estimator(name, small | {parameter: value}, 0)
            model = _pipeline.pipeline(lending.groups(scaled(name)), lending.COLUMNS, train, estimator)
            with warnings.catch_warnings(), threadpool_limits(1):
                warnings.simplefilter("ignore")
                model.fit(train, loans.head(300)["repaid"].to_numpy())
            path = tmp_path / "model.onnx"
            path.write_bytes(_convert.to_onnx(model, lending.COLUMNS, 21))
            labels, probabilities = _onnx.score(_onnx.open_session(path), test, lending.COLUMNS)
            expected = model.predict_proba(model_input(test, lending.COLUMNS))
            said = f"{name} {parameter}={value}"
            np.testing.assert_allclose(probabilities, expected, atol=1e-4, err_msg=said)
            decided = np.abs(expected[:, 1] - 0.5) > 1e-6
            assert (labels == expected.argmax(axis=1))[decided].all(), said
    assert tried or name.endswith("AdaBoostClassifier")


def test_the_schemas_are_what_scikit_learn_says_now() -> None:
    written = data.path("schemas", "estimators.json").read_text(encoding="utf-8")
    assert written == _estimator_schemas.text(), "run `python -m mlc.drivers._estimator_schemas`"


def test_the_table_and_the_catalogue_name_the_same_estimators() -> None:
    assert set(estimator_names()) == set(_estimators.ESTIMATORS)
    for name, estimator in _estimators.ESTIMATORS.items():
        assert issubclass(estimator, BaseEstimator)
        assert name.rpartition(".")[2] == estimator.__name__
    assert parameter_schema("os.system") is None


@pytest.mark.parametrize("name", estimator_names())
def test_the_defaults_keep_their_own_schema(name: str) -> None:
    schema = _schema(name)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    defaults = {key: found["default"] for key, found in schema["properties"].items() if "default" in found}
    assert list(validator.iter_errors(defaults)) == []
    assert defaults.keys() == schema["properties"].keys()


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("sklearn.linear_model.LogisticRegression", {"C": 0}),
        ("sklearn.linear_model.LogisticRegression", {"max_itr": 10}),
        ("sklearn.linear_model.LogisticRegression", {"penalty": "l1"}),
        ("sklearn.linear_model.LogisticRegression", {"solver": "lbgfs"}),
        ("sklearn.linear_model.LogisticRegression", {"class_weight": {"1": 2.0}}),
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_bins": 256}),
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"categorical_features": [0]}),
        ("sklearn.ensemble.RandomForestClassifier", {"n_jobs": 4}),
        ("sklearn.ensemble.RandomForestClassifier", {"random_state": 1}),
        ("sklearn.ensemble.RandomForestClassifier", {"max_features": "third"}),
        ("sklearn.neighbors.KNeighborsClassifier", {"weights": "distance"}),
        ("sklearn.neural_network.MLPClassifier", {"hidden_layer_sizes": []}),
    ],
)
def test_what_is_wrong_or_not_offered_breaks_the_schema(name: str, params: dict[str, Any]) -> None:
    assert list(Draft202012Validator(_schema(name)).iter_errors(params))


def test_what_may_not_be_set_says_why() -> None:
    refused = _schema("sklearn.ensemble.HistGradientBoostingClassifier")["x-mlc-not-settable"]
    assert "wrong labels" in refused["categorical_features"]
    assert "train.seed" in refused["random_state"]


def test_numbers_reach_scikit_learn_in_the_type_it_wants() -> None:
    forest = _estimators.estimator("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 7.0}, 3)
    assert forest.get_params()["n_estimators"] == 7
    assert isinstance(forest.get_params()["n_estimators"], int)
    assert forest.get_params()["random_state"] == 3
    boosted = _estimators.estimator("sklearn.ensemble.HistGradientBoostingClassifier", {"max_features": 1}, 0)
    assert isinstance(boosted.get_params()["max_features"], float)


def test_reading_the_catalogue_needs_no_scikit_learn() -> None:
    program = (
        "import sys; from mlc.kinds._estimators import estimator_names; assert len(estimator_names()) >= 10; "
        "sys.exit(bool({'sklearn', 'numpy', 'polars'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(_onnx.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


def _schema(name: str) -> dict[str, Any]:
    schema = parameter_schema(name)
    assert schema is not None
    return json.loads(json.dumps(schema))  # type: ignore[no-any-return]
