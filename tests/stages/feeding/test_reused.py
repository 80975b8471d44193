"""What a registered version was fitted with, in a new model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from mlc.drivers import _fitting, _reused, reuse, reuse_train
from mlc.drivers._canonical import canonical
from mlc.drivers._skops import save_model
from mlc.ir.operation import StepFailed
from mlc.kinds._reuse import WARM
from stages.feeding.rows import COLUMNS, FOLDS, GROUPS, LINEAR, frame, learned, recipe, work


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the steps do it."""
    with threadpool_limits(1):
        yield


SMALL: dict[str, dict[str, Any]] = {
    "MLPClassifier": {"hidden_layer_sizes": [4], "max_iter": 300},
    "MLPRegressor": {"hidden_layer_sizes": [4], "max_iter": 300},
    "GradientBoostingClassifier": {"n_estimators": 8},
    "GradientBoostingRegressor": {"n_estimators": 8},
    "HistGradientBoostingClassifier": {"max_iter": 8},
    "HistGradientBoostingRegressor": {"max_iter": 8},
    "SGDClassifier": {"loss": "log_loss"},
}
MODULES = {"Boosting": "ensemble", "MLP": "neural_network", "SGD": "linear_model", "Logistic": "linear_model"}


def train(short: str, **params: Any) -> dict[str, Any]:
    module = next(module for part, module in MODULES.items() if part in short)
    return {
        "estimator": f"sklearn.{module}.{short}",
        "params": {**SMALL.get(short, {}), **params},
        "seed": 0,
    }


def task(short: str) -> str:
    return "regression" if short.endswith("Regressor") else "binary_classification"


def fit(base: Pipeline, rows: Any, asked: dict[str, Any], *, warm: bool = True) -> Pipeline:
    labels = rows["amount" if asked["task"] == "regression" else "two"].to_numpy()
    return _fitting.fit(rows, labels, {**asked, "base": base, "warm": warm})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("short", WARM)
def test_training_goes_on_from_where_it_stopped(tmp_path: Path, short: str) -> None:
    base = learned(tmp_path, recipe(train(short), task(short)), frame())
    before = save_model(base, tmp_path / "before.skops").read_bytes()
    more = {_reused.ROUNDS[short]: 12} if short in _reused.ROUNDS else {"max_iter": 1}
    asked = recipe(train(short, **more), task(short))
    going_on = fit(base, frame(seed=2), asked)
    after = save_model(base, tmp_path / "after.skops").read_bytes()
    assert after == before  # that of the version is as it was
    anew = learned(tmp_path, asked, frame(seed=2))["estimator"]
    if short in _reused.ROUNDS:
        assert _reused._rounds(going_on["estimator"]) == 12
    else:
        assert _away(going_on["estimator"], base["estimator"]) < _away(anew, base["estimator"])
    assert not going_on["estimator"].get_params()["warm_start"]


def test_transforms_stay_as_they_were_fitted(tmp_path: Path) -> None:
    base = learned(tmp_path, recipe(LINEAR), frame())
    made = fit(base, frame(seed=2), recipe(LINEAR), warm=False)
    assert made["features"] is base["features"]
    fresh = learned(tmp_path, recipe(LINEAR), frame(seed=2))
    assert not np.allclose(_means(made), _means(fresh))


def test_boosting_is_to_have_more_trees_than_there_are(tmp_path: Path) -> None:
    asked = recipe(train("HistGradientBoostingClassifier"))
    base = learned(tmp_path, asked, frame())
    with pytest.raises(_reused.Misfit, match="Ask for more than 8") as raised:
        fit(base, frame(seed=2), asked)
    assert raised.value.path == "train.params.max_iter"


@pytest.mark.parametrize(
    ("asked", "warm", "path", "said"),
    [
        (
            recipe(LINEAR, groups=GROUPS | {"numbers": GROUPS["numbers"] | {"scale": "min_max"}}),
            False,
            "features",
            "not those that the feature groups describe",
        ),
        (recipe(train("SGDClassifier")), True, "train.estimator", "cannot go on from where that stopped"),
    ],
)
def test_what_does_not_fit_is_said_of_the_version(
    tmp_path: Path, asked: dict[str, Any], warm: bool, path: str, said: str
) -> None:
    paths = {name: tmp_path / name for name in ("train", "base", "about")}
    frame().write_parquet(paths["train"])
    save_model(learned(tmp_path, recipe(LINEAR), frame()), paths["base"])
    about = _reused.About(
        name="risk", number=3, digest="0" * 64, task="binary_classification", inputs=list(COLUMNS)
    )
    paths["about"].write_bytes(canonical(about))
    with pytest.raises(StepFailed) as raised:
        reuse_train.run(work(tmp_path, "reuse_train", {**asked, "warm": warm}, **paths))
    (one,) = raised.value.diagnostics
    assert (one.rule, one.path) == ("reuse-unfit", path)
    assert one.detail.startswith("risk:3 cannot be used here.")
    assert said in one.detail


def test_a_calibration_is_not_what_training_starts_from(tmp_path: Path) -> None:
    how = {
        "method": "sigmoid",
        "folds": FOLDS | {"purpose": "calibrate"},
    }
    base = learned(tmp_path, recipe(LINEAR, calibrate=how), frame())
    made = fit(base, frame(seed=2), recipe(LINEAR))
    assert type(made["estimator"]).__name__ == "LogisticRegression"


def test_a_file_that_holds_other_types_is_refused(tmp_path: Path) -> None:
    from sklearn.preprocessing import FunctionTransformer

    file = tmp_path / "model.skops"
    file.write_bytes(skops.io.dumps(Pipeline([("features", FunctionTransformer(np.save))])))
    with pytest.raises(StepFailed) as raised:
        reuse._refuse_unsafe(file, "risk:3", "model.later")
    (one,) = raised.value.diagnostics
    assert one.rule == "reuse-unfit"
    assert "numpy.save" in one.detail
    assert "never a pickle" in one.help


def _means(model: Pipeline) -> Any:
    return model["features"].transformers_[0][1]["scale"].mean_


def _weights(estimator: Any) -> Any:
    return np.concatenate(
        [np.ravel(one) for one in getattr(estimator, "coefs_", [estimator.__dict__.get("coef_")])]
    )


def _away(one: Any, other: Any) -> float:
    return float(np.abs(_weights(one) - _weights(other)).sum())
