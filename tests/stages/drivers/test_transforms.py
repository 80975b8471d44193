"""The transforms of a feature group: each goes the whole way and says the same in ONNX, whatever is chosen.

By default a fixed sample of the choices is tried; MLC_ESTIMATORS=long (`make estimators`) tries all.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from mlc.drivers import _convert, _onnx, _pipeline, _skops, _transforms
from mlc.drivers._columns import Columns, model_input
from mlc.kinds._estimators import offered
from stages.drivers import lending
from stages.drivers.test_estimators import _schema, choices, required, sampled

NUMBERS = ("car_value", "debt_to_income_ratio", "loan_length", "driver_tenure")
COLUMNS: Columns = {name: lending.COLUMNS[name] | {"nullable": True} for name in NUMBERS}

DOES_NOT_GO_ALONE: dict[tuple[str, str, Any], dict[str, Any]] = {
    ("PCA", "n_components", "mle"): {"svd_solver": "full"},
    ("PCA", "svd_solver", "arpack"): {"n_components": 2},
    ("PCA", "svd_solver", "covariance_eigh"): {"n_components": 2},
    ("SelectKBest", "k", "all"): {},
}
POSITIVE_ONLY = {("PowerTransformer", "method", "box-cox")}
SMALL = {"k": 2, "percentile": 50, "n_components": 2, "alpha": 0.5}


def transforms(*named: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A group of numbers that are transformed, as the driver takes it."""
    listed = [{"name": f"t__{name}", "estimator": name, "params": params} for name, params in named]
    return {"numbers": lending.group(*NUMBERS) | {"transforms": listed}}


def table(rows: int, start: int = 0, missing: float = 0.0) -> pl.DataFrame:
    """The numbers of the loans as a model sees them, some of them missing."""
    found = model_input(pl.read_parquet(lending.LOANS).slice(start, rows), COLUMNS)
    random = np.random.default_rng(start)
    holes = {name: pl.Series(random.random(rows) < missing) for name in NUMBERS}
    return found.with_columns(
        pl.when(holes[name]).then(float("nan")).otherwise(pl.col(name)).cast(pl.Float32).alias(name)
        for name in NUMBERS
    )


def differs(groups: dict[str, Any], folder: Path, missing: float = 0.0, rows: int = 400) -> float:
    """The largest difference of a probability in ONNX, of a model that is saved and loaded before."""
    train, test = table(rows, missing=missing), table(rows, rows, missing)
    labels = pl.read_parquet(lending.LOANS).head(rows)["repaid"].to_numpy()
    model = _pipeline.pipeline(groups, COLUMNS, train, LogisticRegression(max_iter=50), 0)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        model.fit(train, labels)
    loaded = _skops.load_model(_skops.save_model(model, folder / "model.skops"))
    path = folder / "model.onnx"
    path.write_bytes(_convert.to_onnx(loaded, COLUMNS, 21))
    _, probabilities = lending.said(_onnx.score(_onnx.open_session(path), test, COLUMNS))
    expected = model.predict_proba(test)
    return float(np.nan_to_num(np.abs(probabilities - expected), nan=1.0).max())


@pytest.mark.parametrize("name", offered("transforms"))
def test_a_transform_goes_the_whole_way(step: Any, tmp_path: Path, name: str) -> None:
    paths = lending.parts(tmp_path, 1000, 500)
    short = name.rpartition(".")[2]
    small = {key: value for key, value in SMALL.items() if key in _schema(name)["properties"]}
    group = lending.group(*NUMBERS, scale="none" if short == "SimpleImputer" else "standard")
    listed = [{"name": "one", "estimator": name, "params": small | required(name)}]
    groups = {**lending.groups(), "numbers": group | {"transforms": listed}}
    spec = lending.train("sklearn.linear_model.LogisticRegression") | {"groups": groups}
    model = step("sklearn_train", spec, train=paths["train"])
    product = step("onnx_export", lending.export(), model=model.outputs["model"], test=paths["test"])
    assert product.summary["label_agreement"] == 1.0
    assert product.summary["max_probability_difference"] < 1e-5
    again = step("sklearn_train", spec, train=paths["train"])
    assert again.outputs["model"].read_bytes() == model.outputs["model"].read_bytes()


@pytest.mark.parametrize("name", offered("transforms"))
def test_every_parameter_that_is_offered_exports_right(tmp_path: Path, name: str) -> None:
    short = name.rpartition(".")[2]
    properties = _schema(name)["properties"]
    small = {key: value for key, value in SMALL.items() if key in properties} | required(name)
    imputes = short in _transforms.IMPUTING
    first: tuple[tuple[str, dict[str, Any]], ...] = (("sklearn.preprocessing.StandardScaler", {}),)
    for parameter, value in sampled(name):
        key = (short, parameter, tuple(value) if isinstance(value, list) else value)
        given = small | DOES_NOT_GO_ALONE.get(key, {}) | {parameter: value}
        before = () if imputes or key in POSITIVE_ONLY else first
        difference = differs(transforms(*before, (name, given)), tmp_path, 0.1 if imputes else 0.0)
        assert difference < 1e-4, (name, given)


def test_transforms_are_applied_in_order_after_the_group_s_own(tmp_path: Path) -> None:
    scaler, binarizer = "sklearn.preprocessing.StandardScaler", "sklearn.preprocessing.Binarizer"
    groups = transforms((scaler, {}), (binarizer, {"threshold": 0.5}))
    groups["numbers"]["impute"] = "median"
    model = _pipeline.pipeline(groups, COLUMNS, table(50), LogisticRegression(), 0)
    ((_, steps, columns),) = model["features"].transformers
    assert [type(step).__name__ for _, step in steps.steps] == [
        "SimpleImputer",
        "StandardScaler",
        "Binarizer",
    ]
    assert columns == list(NUMBERS)
    assert differs(groups, tmp_path, 0.1) < 1e-5


def test_a_transform_that_draws_draws_from_the_seed_of_the_model() -> None:
    name, params = "sklearn.decomposition.PCA", {"svd_solver": "randomized", "n_components": 2}
    assert _transforms.transform(name, params, 7).get_params()["random_state"] == 7


def test_a_pair_is_a_tuple_to_the_library() -> None:
    scaler = _transforms.transform("sklearn.preprocessing.MinMaxScaler", {"feature_range": [-1, 1]}, 0)
    assert scaler.get_params()["feature_range"] == (-1, 1)


def test_only_what_is_in_the_table_is_made() -> None:
    for name in ("sklearn.decomposition.NMF", "sklearn.linear_model.LogisticRegression", "os.system"):
        with pytest.raises(KeyError):
            _transforms.transform(name, {}, 0)


def test_text_and_numbers_are_transformed_together(step: Any, tmp_path: Path) -> None:
    paths = lending.parts(tmp_path, 300, 200)
    listed = [{"name": "one", "estimator": "sklearn.decomposition.PCA", "params": {"n_components": 2}}]
    group = lending.group("loan_length", "salary_range", encode="ordinal") | {"transforms": listed}
    spec = lending.train("sklearn.linear_model.LogisticRegression") | {"groups": {"all": group}}
    model = step("sklearn_train", spec, train=paths["train"])
    assert model.summary["columns_out"] == ["all__pca0", "all__pca1"]
    product = step("onnx_export", lending.export(), model=model.outputs["model"], test=paths["test"])
    assert product.summary["label_agreement"] == 1.0


def test_the_choices_that_need_others_are_choices() -> None:
    for short, parameter, value in DOES_NOT_GO_ALONE:
        (name,) = (name for name in offered("transforms") if name.endswith(f".{short}"))
        assert value in choices(_schema(name)["properties"][parameter])
