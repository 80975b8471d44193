"""A calibrated model says in ONNX what it says in scikit-learn, whatever it is calibrated from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from mlc.drivers import _calibration, sklearn_train
from mlc.drivers._columns import model_input
from mlc.ir.operation import StepFailed
from stages.drivers import lending, measured
from stages.selection import steps

ESTIMATORS = (
    "sklearn.linear_model.LogisticRegression",
    "sklearn.naive_bayes.GaussianNB",
    "sklearn.ensemble.RandomForestClassifier",
    "sklearn.ensemble.HistGradientBoostingClassifier",
    "sklearn.ensemble.AdaBoostClassifier",
    "sklearn.neural_network.MLPClassifier",
    "sklearn.neighbors.KNeighborsClassifier",
)


def trained(step: Any, paths: dict[str, Path], estimator: str, method: str | None) -> Any:
    scale = "none" if "ensemble" in estimator else "standard"
    spec = lending.train(estimator, scale)
    if estimator.endswith("RandomForestClassifier"):
        spec["params"] = {"n_estimators": 20, "max_depth": 6}
    if method is not None:
        spec["calibrate"] = {"method": method, "folds": steps.folds("calibrate", 5)}
    return step("sklearn_train", spec, train=paths["train"]).outputs["model"]


@pytest.mark.parametrize("method", ["isotonic", "sigmoid"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.filterwarnings("ignore")
def test_onnx_gives_the_same_probabilities_and_labels(
    step: Any, tmp_path: Path, estimator: str, method: str
) -> None:
    paths = lending.parts(tmp_path)
    model = trained(step, paths, estimator, method)
    product = step("onnx_export", lending.export(), model=model, test=paths["test"])
    assert product.summary["label_agreement"] == 1.0
    assert product.summary["max_probability_difference"] < 1e-4


def test_the_same_rows_give_the_same_bytes(step: Any, tmp_path: Path) -> None:
    paths = lending.parts(tmp_path)
    one, other = (trained(step, paths, ESTIMATORS[1], "isotonic") for _ in range(2))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("method", ["isotonic", "sigmoid"])
def test_it_makes_overconfident_probabilities_better(step: Any, tmp_path: Path, method: str) -> None:
    """Naive Bayes counts evidence twice that columns share."""
    paths = lending.parts(tmp_path, 8000, 4000)
    test = pl.read_parquet(paths["test"])
    truth, table = test["repaid"].to_numpy(), model_input(test, lending.COLUMNS)
    plain, better = (
        sklearn_train.load_model(trained(step, paths, ESTIMATORS[1], one)).predict_proba(table)[:, 1]
        for one in (None, method)
    )
    assert brier_score_loss(truth, better) < brier_score_loss(truth, plain)
    assert roc_auc_score(truth, better) == pytest.approx(roc_auc_score(truth, plain), abs=0.02)


def test_it_learns_from_rows_that_were_not_learned_from(step: Any, tmp_path: Path) -> None:
    """One tree is certain of every row that it has learned; calibrated with those, it would stay so."""
    paths = lending.parts(tmp_path)
    model = sklearn_train.load_model(trained(step, paths, steps.TREE, "isotonic"))
    rows = model_input(pl.read_parquet(paths["train"]), lending.COLUMNS)
    assert model.predict_proba(rows).max() < 0.99
    plain = sklearn_train.load_model(trained(step, paths, steps.TREE, None))
    assert plain.predict_proba(rows).max() == 1.0


def test_thresholds_lie_on_the_grid_so_that_a_last_digit_weighs_little() -> None:
    random = np.random.default_rng(0)
    raw = random.beta(0.3, 0.3, 20_000)
    fitted = _calibration._isotonic(raw, (random.random(20_000) < raw).astype(np.int64))
    assert np.array_equal(fitted["x_"] * _calibration.GRID, np.round(fitted["x_"] * _calibration.GRID))
    assert np.max(np.diff(fitted["y_"]) / np.diff(fitted["x_"])) * 6e-8 < 1e-4


def test_the_sigmoid_is_platts() -> None:
    random = np.random.default_rng(0)
    raw = random.beta(2, 2, 5000)
    truth = (random.random(5000) < 1 / (1 + np.exp(-2 * _calibration.log_odds(raw) - 0.5))).astype(np.int64)
    fitted = _calibration._platt(raw, truth)
    assert fitted["slope_"] == pytest.approx(2, abs=0.15)
    assert fitted["intercept_"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.filterwarnings("ignore")
def test_the_trap_is_still_there() -> None:
    """What skl2onnx makes of scikit-learn's own isotonic calibration takes the nearest point and not the line."""
    import onnxruntime
    from skl2onnx import to_onnx

    random = np.random.default_rng(0)
    x = random.normal(size=(600, 3)).astype(np.float32)
    y = (x[:, 0] + random.normal(size=600) > 0).astype(np.int64)
    model = CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=3).fit(x, y)
    assert isinstance(model.calibrated_classifiers_[0].calibrators[0], IsotonicRegression)
    graph = to_onnx(model, x[:1], options={id(model): {"zipmap": False}}, target_opset=15)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    _, probabilities = session.run(None, {"X": x})
    assert np.abs(probabilities - model.predict_proba(x)).max() > 0.01


SEVERAL = (
    "sklearn.linear_model.LogisticRegression",
    "sklearn.naive_bayes.GaussianNB",
    "sklearn.ensemble.HistGradientBoostingClassifier",
    "sklearn.tree.DecisionTreeClassifier",
)


def of_several(step: Any, paths: dict[str, Path], estimator: str, method: str | None) -> Any:
    scale = "none" if "ensemble" in estimator or "tree" in estimator else "standard"
    spec = measured.train("multiclass_classification", estimator, scale, {})
    if method is not None:
        how = {**steps.folds("calibrate", 5), "column": None, "strata": {"column": "label"}}
        spec["calibrate"] = {"method": method, "folds": how}
    return step("sklearn_train", spec, train=paths["train"]).outputs["model"]


@pytest.mark.parametrize("method", ["isotonic", "sigmoid"])
@pytest.mark.parametrize("estimator", SEVERAL)
@pytest.mark.filterwarnings("ignore")
def test_onnx_gives_the_same_probabilities_of_several_classes(
    step: Any, tmp_path: Path, estimator: str, method: str
) -> None:
    task = "multiclass_classification"
    paths = measured.parts(task, tmp_path)
    model = of_several(step, paths, estimator, method)
    product = step("onnx_export", measured.export(task), model=model, test=paths["test"])
    assert product.summary["label_agreement"] == 1.0
    assert product.summary["max_probability_difference"] < 1e-4
    table = model_input(pl.read_parquet(paths["test"]), measured.columns(task))
    given = sklearn_train.load_model(model).predict_proba(table)
    assert given.shape == (table.height, 3)
    assert np.allclose(given.sum(axis=1), 1)


@pytest.mark.parametrize("method", ["isotonic", "sigmoid"])
def test_several_classes_are_calibrated_each_against_the_rest(step: Any, tmp_path: Path, method: str) -> None:
    """Naive Bayes of columns that say the same three times over is too sure."""
    task, random = "multiclass_classification", np.random.default_rng(0)
    codes = random.integers(0, 3, 6000)
    one = codes + random.normal(0, 1, 6000)
    columns = {f"c{place}": one + random.normal(0, 0.1, 6000) for place in range(13)}
    frame = pl.DataFrame({**columns, "label": np.array(measured.CLASSES, dtype=object)[codes]})
    paths = {"train": tmp_path / "train.parquet"}
    frame.head(4000).write_parquet(paths["train"])
    table = model_input(frame.slice(4000), measured.columns(task))
    plain, better = (
        sklearn_train.load_model(of_several(step, paths, SEVERAL[1], wanted)).predict_proba(table)
        for wanted in (None, method)
    )
    truth = np.eye(3)[codes[4000:]]
    assert ((better - truth) ** 2).sum(axis=1).mean() < 0.8 * ((plain - truth) ** 2).sum(axis=1).mean()


def test_where_every_class_is_calibrated_to_nothing_none_is_preferred() -> None:
    """The sum of three zeros divides nothing: each is as probable."""

    class Sure:
        def predict_proba(self, table: Any) -> Any:
            return np.asarray(table)

    made = _calibration.Calibrated(Sure(), "isotonic")
    made.classes_ = np.arange(3)
    made.x_ = [np.array([0.0, 1.0])] * 3
    made.y_ = [np.array([0.0, 0.0])] * 3
    assert np.allclose(made.predict_proba([[0.2, 0.3, 0.5]]), 1 / 3)
    assert made.predict([[0.2, 0.3, 0.5]]).tolist() == [0]


def test_a_class_without_rows_to_calibrate_with_is_refused(step: Any, tmp_path: Path) -> None:
    task = "multiclass_classification"
    paths = measured.parts(task, tmp_path)
    frame = pl.read_parquet(paths["train"])
    rare = frame.filter(pl.col("label") == "red").head(1)
    pl.concat([frame.filter(pl.col("label") != "red"), rare]).write_parquet(paths["train"])
    with pytest.raises(StepFailed) as failed:
        of_several(step, paths, SEVERAL[0], "sigmoid")
    (diagnostic,) = failed.value.diagnostics
    assert diagnostic.rule == "training-failed"
    assert "hold none whose label is red" in diagnostic.detail
