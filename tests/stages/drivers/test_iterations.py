"""What estimators recorded of their iterations is told as they recorded it, and only what somebody is told of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from faults.small import make_project, write
from mlc import pipeline
from mlc.drivers._calibration import Calibrated
from mlc.drivers._skops import save_model
from mlc.ir.learning import Iterations
from mlc.kinds._tracking import _may_record
from mlc.report.outcome_text import outcome
from mlc.request import Request
from stages.drivers.conftest import Step

RANDOM = np.random.default_rng(0)
TABLE = RANDOM.normal(size=(200, 3))
LABELS = (TABLE.sum(axis=1) + RANDOM.normal(size=200) > 0).astype(int)


def recorded(step: Step, tmp_path: Path, estimator: Any) -> Iterations:
    path = save_model(make_pipeline(StandardScaler(), estimator), tmp_path / "model.skops")
    product = step("iterations", {}, model=path)
    return msgspec.json.decode(product.outputs["iterations"].read_bytes(), type=Iterations)


def test_boosting_tells_its_loss_and_what_it_left_out(step: Step, tmp_path: Path) -> None:
    model = GradientBoostingClassifier(n_estimators=7, subsample=0.5, random_state=1).fit(TABLE, LABELS)
    found = recorded(step, tmp_path, model).curves
    assert found["training_loss"].values == tuple(model.train_score_)
    told = outcome("model.risk/iterations", {name: len(one.values) for name, one in found.items()})
    assert told == ("out of bag loss at 7, training loss at 7 points", [])
    assert found["out_of_bag_loss"].values == tuple(model.oob_scores_)
    assert {one.first for one in found.values()} == {1}


@pytest.mark.parametrize("learner", [HistGradientBoostingClassifier, HistGradientBoostingRegressor])
def test_boosting_by_histogram_begins_before_the_first(step: Step, tmp_path: Path, learner: Any) -> None:
    model = learner(max_iter=5, early_stopping=True, random_state=1).fit(TABLE, LABELS)
    found = recorded(step, tmp_path, model).curves
    assert found["training_score"].values == tuple(model.train_score_)
    assert found["validation_score"].values == tuple(model.validation_score_)
    assert {one.first for one in found.values()} == {0}
    assert len(model.train_score_) == model.n_iter_ + 1


def test_a_network_tells_its_loss_also_below_a_calibration(step: Step, tmp_path: Path) -> None:
    model = MLPClassifier(hidden_layer_sizes=(4,), max_iter=200, early_stopping=True, random_state=1)
    model.fit(TABLE, LABELS)
    calibrated = Calibrated(model, "sigmoid")
    calibrated.classes_, calibrated.slope_, calibrated.intercept_ = model.classes_, 1.0, 0.0
    for one in (model, calibrated):
        found = recorded(step, tmp_path, one).curves
        assert found["training_loss"].values == tuple(model.loss_curve_)
        assert found["validation_score"].values == tuple(model.validation_scores_)


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        HistGradientBoostingClassifier(max_iter=3),
        MLPClassifier((2,), tol=0.01, random_state=1),
    ],
)
def test_what_was_not_recorded_is_not_there(step: Step, tmp_path: Path, estimator: Any) -> None:
    found = recorded(step, tmp_path, estimator.fit(TABLE, LABELS)).curves
    assert "validation_score" not in found
    assert bool(found) == isinstance(estimator, MLPClassifier)


@pytest.mark.parametrize(
    ("estimator", "track", "is_read"),
    [
        ("sklearn.ensemble.GradientBoostingClassifier", "{tensorboard: true}", True),
        ("sklearn.ensemble.GradientBoostingClassifier", "{mlflow: {uri: 'http://127.0.0.1:1'}}", True),
        ("sklearn.ensemble.GradientBoostingClassifier", "{}", False),
        ("sklearn.linear_model.LogisticRegression", "{tensorboard: true}", False),
    ],
)
def test_it_is_read_where_somebody_is_told(tmp_path: Path, estimator: str, track: str, is_read: bool) -> None:
    root = make_project(tmp_path / "small", f"{{estimator: {estimator}}}")
    write(root, "model/risk.yaml", (root / "model/risk.yaml").read_text() + f"track: {track}\n")
    _, (compiled,) = pipeline.compile_project(Request(root, ("dev",)))
    operations = {one.id: one for resource in compiled.graph.resources for one in resource.operations}
    assert ("model.risk/iterations" in operations) == is_read
    told = [one for one in ("model.risk/tensorboard", "model.risk/track") if one in operations]
    assert all(("iterations" in operations[one].inputs) == is_read for one in told)


@pytest.mark.parametrize(
    ("beside", "driver"),
    [
        ("xgboost.XGBClassifier", "iterations+xgboost_train"),
        ("sklearn.linear_model.LogisticRegression", "iterations"),
        ("code.near.Nearest", None),
    ],
)
def test_of_several_candidates_it_is_what_they_can_be_read_by(
    tmp_path: Path, beside: str, driver: str | None
) -> None:
    estimators = ["sklearn.ensemble.GradientBoostingClassifier", beside]
    assert _may_record(estimators) == (driver is not None)
    if driver is None:
        return
    root = make_project(tmp_path / "small")
    boosting, other = ({"estimator": one} for one in estimators)
    candidates = msgspec.json.encode({"boosting": boosting, "other": other}).decode()
    text = (root / "model/risk.yaml").read_text()
    kept = [line for line in text.splitlines() if not line.startswith("train:")]
    lines = [*kept, f"candidates: {candidates}", "track: {tensorboard: true}", ""]
    write(root, "model/risk.yaml", "\n".join(lines))
    _, (compiled,) = pipeline.compile_project(Request(root, ("dev",)))
    operations = {one.id: one for resource in compiled.graph.resources for one in resource.operations}
    assert operations["model.risk/iterations"].driver == driver
