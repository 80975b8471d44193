"""A model and those that it feeds on: one Pipeline, one file, one ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from mlc import drivers
from mlc.drivers._columns import model_input
from mlc.drivers._skops import load_model, save_model
from stages.feeding.rows import (
    CLASSES,
    COLUMNS,
    FOLDS,
    LINEAR,
    RIDGE,
    TREE,
    combined,
    fed,
    feed,
    frame,
    learned,
    recipe,
    work,
)

BAYES = {"estimator": "sklearn.naive_bayes.GaussianNB", "params": {}, "seed": 0}
TREE_OF_FOUR = TREE | {"params": {"max_depth": 4}}
FOREST = {"estimator": "sklearn.ensemble.IsolationForest", "params": {"n_estimators": 20}, "seed": 0}
SEVERAL = {"task": "multiclass_classification"}

FEEDS = {
    "two classes": lambda: feed("risk", recipe(TREE_OF_FOUR)),
    "several classes": lambda: feed("risk", recipe(BAYES, **SEVERAL)),
    "a number": lambda: feed("risk", recipe(RIDGE, "regression")),
    "an anomaly": lambda: feed("risk", recipe(FOREST, "anomaly_detection")),
    "calibrated": lambda: feed(
        "risk", recipe(BAYES, calibrate={"method": "isotonic", "folds": FOLDS | {"purpose": "calibrate"}})
    ),
}


def exported(folder: Path, made_by: dict[str, Any], driver: str = "joint_export") -> tuple[Any, Any]:
    """The graph, and what the export measured on rows that were not learned from."""
    model = save_model(learned(folder, made_by, frame()), folder / "model.skops")
    test = folder / "test.parquet"
    frame(400, seed=2).write_parquet(test)
    bounds = {
        "max_probability_difference": 1e-4,
        "min_label_agreement": 1.0,
        "max_value_difference": 1e-4,
        "min_value_agreement": 1.0,
    }
    told: dict[str, Any] = {
        name: made_by[name] for name in ("task", "label", "positive", "classes") if name in made_by
    }
    spec: dict[str, Any] = {**told, "columns": COLUMNS, "opset": 21, "format": "onnx", **bounds}
    if made_by["task"] == "regression":
        spec = {key: value for key, value in spec.items() if key not in list(bounds)[:2]}
    else:
        spec = {key: value for key, value in spec.items() if key not in list(bounds)[2:]}
    product = drivers.load(driver).run(work(folder, driver, spec, model=model, test=test))
    return onnx.load(product.outputs["onnx"]).graph, product.summary


@pytest.mark.parametrize("what", FEEDS)
def test_one_graph_says_what_the_models_say(tmp_path: Path, what: str) -> None:
    graph, proof = exported(tmp_path, fed(recipe(LINEAR), FEEDS[what]()))
    assert proof["label_agreement"] == 1.0
    assert [entry.name for entry in graph.input] == list(COLUMNS)
    assert [entry.name for entry in graph.output] == ["label", "probabilities"]
    assert any(node.name.startswith("risk/") for node in graph.node)


@pytest.mark.parametrize("head", [recipe(BAYES, **SEVERAL), recipe(RIDGE, "regression")])
def test_heads_of_other_tasks(tmp_path: Path, head: dict[str, Any]) -> None:
    _, proof = exported(tmp_path, fed(head, feed("risk", recipe(TREE_OF_FOUR)), own=False))
    assert proof.get("label_agreement", proof.get("value_agreement")) == 1.0


@pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification", "regression"])
def test_voting_is_the_weighted_mean(tmp_path: Path, task: str) -> None:
    trains = [RIDGE, RIDGE | {"params": {"alpha": 50.0}}] if task == "regression" else [LINEAR, BAYES]
    members = [feed(f"m{place}", recipe(train, task)) for place, train in enumerate(trains)]
    voting = combined(task, {"method": "voting", "weights": [3.0, 1.0]}, *members)
    _, proof = exported(tmp_path, voting)
    assert proof.get("label_agreement", proof.get("value_agreement")) == 1.0
    table = model_input(frame(50, seed=3), COLUMNS)
    ask = "predict" if task == "regression" else "predict_proba"
    first, second = (getattr(learned(tmp_path, recipe(train, task), frame()), ask)(table) for train in trains)
    said = getattr(learned(tmp_path, voting, frame()), ask)(table)
    assert np.allclose(said, 0.75 * first + 0.25 * second, atol=1e-6)


def test_models_within_models(tmp_path: Path) -> None:
    inner = fed(recipe(BAYES), feed("base", recipe(TREE_OF_FOUR)))
    inner["folds"] = FOLDS | {"purpose": "feed 1"}  # folds within a fold would else follow those around them
    outer = fed(recipe(LINEAR), feed("inner", inner), feed("base", recipe(TREE_OF_FOUR)), own=False)
    graph, proof = exported(tmp_path, outer)
    assert proof["label_agreement"] == 1.0
    assert any(node.name.startswith("inner/base/") for node in graph.node)


def test_a_chain_is_its_last_model(tmp_path: Path) -> None:
    last = fed(recipe(LINEAR), feed("base", recipe(TREE_OF_FOUR)))
    chain = combined(
        "binary_classification",
        {"method": "chain"},
        feed("base", recipe(TREE_OF_FOUR)),
        feed("last", last),
    )
    table = model_input(frame(50, seed=3), COLUMNS)
    one, other = (learned(tmp_path, each, frame()).predict_proba(table) for each in (chain, last))
    assert np.array_equal(one, other)


@pytest.mark.parametrize("library", ["xgboost.XGBClassifier", "lightgbm.LGBMClassifier"])
def test_members_may_be_of_other_libraries(tmp_path: Path, library: str) -> None:
    boosted = {"estimator": library, "params": {"n_estimators": 8}, "seed": 0}
    plain = {**GROUPS_UNSCALED}
    member = {**recipe(boosted), "groups": plain}
    name = f"joint_export+{library.partition('.')[0]}_train"
    model = save_model(
        learned(tmp_path, fed(recipe(LINEAR), feed("risk", member)), frame()), tmp_path / "model.skops"
    )
    test = tmp_path / "test.parquet"
    frame(100, seed=2).write_parquet(test)
    spec = {
        **{key: value for key, value in recipe().items() if key in ("task", "label", "positive", "columns")},
        "opset": 21,
        "max_probability_difference": 1e-4,
        "min_label_agreement": 1.0,
    }
    asked = work(tmp_path, name, spec, model=model, test=test)
    assert drivers.load(name).run(asked).summary["label_agreement"] == 1.0


GROUPS_UNSCALED = {
    "numbers": {"columns": ["a", "b"], "impute": "none", "scale": "none", "encode": "none"},
    "kinds": {"columns": ["kind"], "impute": "none", "scale": "none", "encode": "one_hot"},
}


def test_the_file_needs_nothing_else_and_is_the_same_each_time(tmp_path: Path) -> None:
    made_by = fed(recipe(LINEAR), feed("risk", recipe(BAYES, **SEVERAL)))
    one, other = (
        save_model(learned(tmp_path, made_by, frame()), tmp_path / f"{name}.skops").read_bytes()
        for name in "ab"
    )
    assert one == other
    loaded = load_model(tmp_path / "a.skops")
    table = model_input(frame(20, seed=4), COLUMNS)
    said = learned(tmp_path, made_by, frame()).predict_proba(table)
    assert np.array_equal(loaded.predict_proba(table), said)
    names = [str(name) for name in loaded["features"].get_feature_names_out()]
    assert names[-3:] == [f"Predictions__risk_{place}" for place in range(len(CLASSES))]
