"""`train` builds one scikit-learn Pipeline, fits it, and saves it as the same bytes every time."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import skops.io
from sklearn.pipeline import Pipeline
from skops.io.exceptions import UntrustedTypesFoundException

from mlc.drivers import _skops, sklearn_train
from mlc.drivers._columns import model_input
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from stages.drivers import lending

LINEAR = "sklearn.linear_model.LogisticRegression"
BOOSTED = "sklearn.ensemble.HistGradientBoostingClassifier"


def failure(step: Any, spec: dict[str, Any], train: Path) -> Diagnostic:
    with pytest.raises(StepFailed) as failed:
        step("sklearn_train", spec, train=train)
    (diagnostic,) = failed.value.diagnostics
    assert diagnostic.rule == "training-failed"
    return diagnostic


def table(**columns: list[Any]) -> pl.DataFrame:
    frame = pl.DataFrame(columns)
    return frame.with_columns(label=pl.Series([0, 1] * (frame.height // 2)))


def small(kind: str, **changes: Any) -> dict[str, Any]:
    """A spec with one column `x` in one group."""
    column = {"type": kind, "values": changes.pop("values", []), "nullable": changes.pop("nullable", False)}
    return {
        "task": "binary_classification",
        "label": "label",
        "positive": 1,
        "columns": {"x": column},
        "groups": {"only": lending.group("x", **changes)},
        "estimator": LINEAR,
        "params": {},
        "seed": 0,
    }


def written(frame: pl.DataFrame, folder: Path) -> Path:
    path = folder / "train.parquet"
    frame.write_parquet(path)
    return path


def transformed(step: Any, spec: dict[str, Any], path: Path) -> Any:
    model = sklearn_train.load_model(step("sklearn_train", spec, train=path).outputs["model"])
    return model[:-1].transform(model_input(pl.read_parquet(path), spec["columns"]))


def test_the_summary_says_what_was_learned_from_what(step: Any, tmp_path: Path) -> None:
    product = step("sklearn_train", lending.train(LINEAR), train=lending.parts(tmp_path)["train"])
    assert product.summary["rows"] == 2000
    assert product.summary["columns_out"] == [
        "numbers__car_value",
        "numbers__debt_to_income_ratio",
        "numbers__loan_length",
        "numbers__driver_tenure",
        "flags__repaid_loan_on_prev_car",
        "categories__salary_range_0 - 20K €",
        "categories__salary_range_20K - 40K €",
        "categories__salary_range_40K - 60K €",
        "categories__salary_range_60K+ €",
        "steps__size_of_downpayment",
    ]
    assert sum(product.summary["class_balance"].values()) == pytest.approx(1)
    assert product.summary["warnings"] == []


def test_a_saved_model_predicts_when_it_is_loaded(step: Any, tmp_path: Path) -> None:
    paths = lending.parts(tmp_path)
    product = step("sklearn_train", lending.train(BOOSTED, "none"), train=paths["train"])
    model = sklearn_train.load_model(product.outputs["model"])
    assert isinstance(model, Pipeline)
    test = pl.read_parquet(paths["test"])
    probabilities = model.predict_proba(model_input(test, lending.COLUMNS))[:, 1]
    assert np.mean((probabilities > 0.5) == test["repaid"].to_numpy()) > 0.85


@pytest.mark.parametrize(
    "estimator",
    [
        LINEAR,
        BOOSTED,
        "sklearn.ensemble.RandomForestClassifier",
        "xgboost.XGBClassifier",
        "lightgbm.LGBMClassifier",
    ],
)
def test_another_process_gives_the_same_model(step: Any, tmp_path: Path, estimator: str) -> None:
    train = lending.parts(tmp_path, 600)["train"]
    params = {} if estimator in (LINEAR, BOOSTED) else {"n_estimators": 5}
    driver = f"{estimator.partition('.')[0]}_train"
    spec = lending.train(estimator, "none", params=params)
    here = step(driver, spec, train=train).outputs["model"]
    (tmp_path / "there").mkdir()
    program = f"""
from pathlib import Path
padding = [object() for _ in range(100_003)]  # other addresses in memory
from mlc.drivers import {driver}
from mlc.ir.operation import Operation, Work
operation = Operation(id="model.x/train", driver={driver!r}, spec={spec!r})
train = {{"train": Path({str(train)!r})}}
{driver}.run(Work(operation, "test", Path("."), Path("there"), train, {{}}, {{}}, print, print))
"""
    source = str(Path(sklearn_train.__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": source, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, cwd=tmp_path, env=environment)
    assert here.read_bytes() == (tmp_path / "there" / "model.skops").read_bytes()


def test_another_seed_is_another_model(step: Any, tmp_path: Path) -> None:
    train = lending.parts(tmp_path, 600)["train"]
    models = [
        step(
            "sklearn_train",
            lending.train(
                "sklearn.ensemble.RandomForestClassifier", "none", params={"n_estimators": 3}, seed=seed
            ),
            train=train,
        )
        .outputs["model"]
        .read_bytes()
        for seed in (0, 1)
    ]
    assert models[0] != models[1]


def test_categories_follow_the_declared_order(step: Any, tmp_path: Path) -> None:
    path = written(table(x=["low", "high", "low", "mid"]), tmp_path)
    spec = small("string", values=["low", "mid", "high"], encode="ordinal")
    assert transformed(step, spec, path).ravel().tolist() == [0, 2, 0, 1]


def test_categories_that_are_not_declared_are_learned_and_missing_text_is_none_of_them(
    step: Any, tmp_path: Path
) -> None:
    path = written(table(x=["b", "a", None, "b"]), tmp_path)
    spec = small("string", nullable=True, encode="one_hot")
    assert transformed(step, spec, path).tolist() == [[0, 1], [1, 0], [0, 0], [0, 1]]


def test_booleans_encode_as_no_and_yes(step: Any, tmp_path: Path) -> None:
    path = written(table(x=[True, True, False, True]), tmp_path)
    assert transformed(step, small("boolean", encode="one_hot"), path).tolist() == [
        [0, 1],
        [0, 1],
        [1, 0],
        [0, 1],
    ]


def test_imputing_comes_before_scaling(step: Any, tmp_path: Path) -> None:
    path = written(table(x=[1.0, 3.0, None, 2.0]), tmp_path)
    spec = small("number", nullable=True, impute="median", scale="min_max")
    assert transformed(step, spec, path).ravel().tolist() == [0, 1, 0.5, 0.5]


def test_text_is_imputed_by_its_most_frequent_value(step: Any, tmp_path: Path) -> None:
    path = written(table(x=["b", "b", None, "a"]), tmp_path)
    spec = small("string", nullable=True, impute="most_frequent", encode="one_hot")
    assert transformed(step, spec, path).tolist() == [[0, 1], [0, 1], [0, 1], [1, 0]]


def test_a_group_may_hold_text_and_integers(step: Any, tmp_path: Path) -> None:
    path = written(table(x=["a", "b"] * 2, y=[1, 2, 3, 1]), tmp_path)
    spec = small("string")
    spec["columns"]["y"] = {"type": "integer", "values": [], "nullable": False}
    spec["groups"] = {"both": lending.group("x", "y", encode="ordinal")}
    assert transformed(step, spec, path).tolist() == [[0, 0], [1, 1], [0, 2], [1, 0]]


@pytest.mark.parametrize(
    ("column", "treatment", "words", "blamed"),
    [
        ("string", {}, "hands text to the estimator (x)", "features.groups.only.encode"),
        (
            "string",
            {"impute": "mean", "encode": "one_hot"},
            "imputes the mean of text",
            "features.groups.only.impute",
        ),
        ("number", {"encode": "one_hot"}, "may have fractions", "features.groups.only.encode"),
        (
            "integer",
            {"encode": "ordinal", "nullable": True},
            "a missing number is no category",
            "features.groups.only.impute",
        ),
        ("integer", {"encode": "ordinal", "values": [3, 1]}, "do not ascend", "dataset.columns.x.values"),
    ],
)
def test_features_that_cannot_be_built_are_told(
    step: Any, tmp_path: Path, column: str, treatment: dict[str, Any], words: str, blamed: str
) -> None:
    values: list[Any] = ["a", "b"] * 2 if column == "string" else [1, 3] * 2
    diagnostic = failure(step, small(column, **treatment), written(table(x=values), tmp_path))
    assert words in diagnostic.detail
    assert diagnostic.path == blamed


def test_what_scikit_learn_says_of_a_parameter_is_passed_on(step: Any, tmp_path: Path) -> None:
    spec = small("integer") | {"params": {"max_iter": -1}}
    diagnostic = failure(step, spec, written(table(x=[1, 2] * 2), tmp_path))
    assert (
        "The 'max_iter' parameter of LogisticRegression must be an int in the range [0, inf)"
        in diagnostic.detail
    )
    assert diagnostic.path == "train.params"


def test_a_parameter_that_does_not_exist_is_told(step: Any, tmp_path: Path) -> None:
    spec = small("integer") | {"params": {"max_itr": 1}}
    assert "max_itr" in failure(step, spec, written(table(x=[1, 2] * 2), tmp_path)).detail


def test_a_missing_number_that_the_estimator_cannot_take_is_told(step: Any, tmp_path: Path) -> None:
    diagnostic = failure(step, small("number", nullable=True), written(table(x=[1.0, None] * 2), tmp_path))
    assert "contains NaN" in diagnostic.detail


def test_an_estimator_outside_the_table_is_not_imported(step: Any, tmp_path: Path) -> None:
    spec = small("integer") | {"estimator": "os.system"}
    diagnostic = failure(step, spec, written(table(x=[1, 2] * 2), tmp_path))
    assert "none of the estimators" in diagnostic.detail
    assert "mlc schema estimators" in diagnostic.help


@pytest.mark.parametrize(("positive", "words"), [(7, "In no row"), ("yes", "cannot be a value of the label")])
def test_a_wrong_positive_value_is_told(step: Any, tmp_path: Path, positive: Any, words: str) -> None:
    spec = small("integer") | {"positive": positive}
    diagnostic = failure(step, spec, written(table(x=[1, 2] * 2), tmp_path))
    assert words in diagnostic.detail
    assert diagnostic.path == "positive"


def test_a_label_with_missing_values_is_told(step: Any, tmp_path: Path) -> None:
    frame = table(x=[1, 2] * 2).with_columns(label=pl.Series([1, 0, None, 1]))
    assert "1 rows have no value" in failure(step, small("integer"), written(frame, tmp_path)).detail


def test_text_can_be_the_label(step: Any, tmp_path: Path) -> None:
    frame = table(x=[1, 2] * 2).with_columns(label=pl.Series(["paid", "owed"] * 2))
    product = step("sklearn_train", small("integer") | {"positive": "paid"}, train=written(frame, tmp_path))
    assert product.summary["classes"] == {"0": "not paid", "1": "paid"}


def test_warnings_are_collected_and_not_raised(step: Any, tmp_path: Path) -> None:
    spec = lending.train(LINEAR, "none", params={"max_iter": 1})
    (warning,) = step("sklearn_train", spec, train=lending.parts(tmp_path)["train"]).summary["warnings"]
    assert warning.startswith("ConvergenceWarning: lbfgs failed to converge")


def test_class_weights_are_keyed_by_the_class(step: Any, tmp_path: Path) -> None:
    train = lending.parts(tmp_path)["train"]
    spec = lending.train(LINEAR, params={"class_weight": {"0": 1.0, "1": 9.0}})
    weighted = sklearn_train.load_model(step("sklearn_train", spec, train=train).outputs["model"])
    plain = sklearn_train.load_model(
        step("sklearn_train", lending.train(LINEAR), train=train).outputs["model"]
    )
    assert weighted["estimator"].intercept_[0] > plain["estimator"].intercept_[0] + 1


def test_a_type_that_is_not_listed_is_not_loaded(tmp_path: Path) -> None:
    from sklearn.preprocessing import FunctionTransformer

    path = tmp_path / "model.skops"
    skops.io.dump(Pipeline([("call", FunctionTransformer(os.system))]), path)
    with pytest.raises(UntrustedTypesFoundException):
        sklearn_train.load_model(path)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_skops, "LARGEST_MODEL", 1000)
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * 2000)
    with pytest.raises(ValueError, match="2,000 bytes"):
        sklearn_train.load_model(path)


def test_the_driver_can_be_asked_for_its_version_without_scikit_learn() -> None:
    program = "import sys; from mlc.drivers import sklearn_train, onnx_export, latency\n" + (
        "sys.exit(bool({'polars', 'numpy', 'sklearn', 'onnx', 'onnxruntime', 'skops'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(sklearn_train.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
