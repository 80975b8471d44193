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
from stages.drivers import lending
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
