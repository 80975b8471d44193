"""Candidates of every task are scored on folds by the metrics of the evaluation, compared, searched and trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from msgspec import structs

from mlc.drivers import (
    _fold_scores,
    candidate,
    chosen_train,
    onnx_export,
    selection,
    tuned_candidate,
    tuning,
)
from mlc.drivers._fitting import fit, predict
from mlc.drivers._learning import target, truth
from mlc.drivers._skops import load_model
from mlc.drivers.evaluating.answers import estimates
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design
from mlc.ir.choice import Scores, Selection
from mlc.ir.metrics import METRICS
from mlc.ir.operation import StepFailed
from mlc.kinds._candidates import METRICS_OF_FOLDS, WITHOUT_LABEL
from stages.drivers import lending, measured
from stages.selection import steps

CANDIDATES: dict[str, list[dict[str, Any]]] = {
    "multiclass_classification": [
        steps.candidate("linear", steps.LINEAR),
        steps.candidate("tree", steps.TREE, max_depth=3),
    ],
    "regression": [
        steps.candidate("linear", "sklearn.linear_model.Ridge"),
        steps.candidate("neighbours", "sklearn.neighbors.KNeighborsRegressor", weights="uniform"),
    ],
    "anomaly_detection": [
        steps.candidate("forest", "sklearn.ensemble.IsolationForest", n_estimators=20),
        steps.candidate("neighbours", "sklearn.neighbors.LocalOutlierFactor"),
    ],
    "clustering": [
        steps.candidate("three", "sklearn.cluster.KMeans", n_clusters=3),
        steps.candidate("eight", "sklearn.cluster.KMeans", n_clusters=8),
    ],
}
SPACES: dict[str, dict[str, Any]] = {
    "multiclass_classification": {"parameter": "C", "log": [0.001, 10]},
    "regression": {"parameter": "alpha", "log": [0.01, 100]},
    "anomaly_detection": {"parameter": "n_estimators", "int": [2, 40], "whole": True},
    "clustering": {"parameter": "n_clusters", "int": [2, 9], "whole": True},
}
METRIC = {
    "multiclass_classification": "log_loss",
    "regression": "rmse",
    "anomaly_detection": "average_precision",
    "clustering": "silhouette",
}
TASKS = tuple(CANDIDATES)


def learned(task: str) -> dict[str, Any]:
    """What the steps are told of a task. Of anomalies, the label says which rows are unlike: the highest."""
    known = measured.learned(task) | {"groups": measured.groups(task)}
    return known | ({"positive": 1} if task == "anomaly_detection" else {})


def train_part(task: str, folder: Path) -> Path:
    path = measured.parts(task, folder)["train"]
    if task == "anomaly_detection":
        frame = pl.read_parquet(path)
        bound = frame["label"].quantile(0.85)
        frame.with_columns((pl.col("label") > bound).cast(pl.Int64)).write_parquet(path)
    return path


def folds(task: str, purpose: str = "select", count: int = 3) -> dict[str, Any]:
    strata: dict[str, Any] = {}
    if task == "multiclass_classification":
        strata = {"strata": {"column": "label"}}
    if task == "anomaly_detection":
        strata = {"strata": {"column": "label", "positive": 1}}
    return {**steps.folds(purpose, count), "column": None, **strata}


def tuned(task: str, **changes: Any) -> dict[str, Any]:
    asked = {"metric": METRIC[task], "folds": folds(task, "tune"), "trials": 6}
    return steps.tune(SPACES[task], **{**asked, **changes})


def scored(task: str, folder: Path, part: Path, one: dict[str, Any]) -> Path:
    spec = {**learned(task), "candidate": one, "folds": folds(task)}
    return candidate.run(steps.work(folder, "candidate", spec, train=part)).outputs["scores"]


def selected(task: str, folder: Path, **changes: Any) -> Selection:
    part = train_part(task, folder)
    names = [one["name"] for one in CANDIDATES[task]]
    files: Any = {f"score-{one['name']}": scored(task, folder, part, one) for one in CANDIDATES[task]}
    spec = {
        "task": task,
        "name": "model",
        "metric": METRIC[task],
        "prefer": "best",
        "confidence": 0.95,
        "simplest_first": names,
        **changes,
    }
    made = selection.run(steps.work(folder, "selection", spec, **files))
    return msgspec.json.decode(made.outputs["selection"].read_bytes(), type=Selection)


def answers(task: str, folder: Path) -> Answers:
    """Of the first candidate, on rows that it has not learned from."""
    frame = pl.read_parquet(train_part(task, folder))
    spec, half = learned(task), frame.height // 2
    values = target(frame, spec)
    model = fit(
        frame[:half], None if values is None else values[:half], {**spec, **CANDIDATES[task][0], "seed": 0}
    )
    known = truth(frame, spec)
    assert known is not None
    return predict(model, frame[half:], spec, known[half:])


def evaluated(found: Answers) -> dict[str, float | None]:
    """The same answers as the evaluation measures them: rows as truth values where the task has two classes."""
    if found.task in ("binary_classification", "anomaly_detection"):
        assert found.truth is not None
        assert found.predicted is not None
        found = structs.replace(found, truth=found.truth == 1, predicted=found.predicted == 1)
    made = estimates(found, Design(found.n, 0), [])
    return {name: one.value for name, one in made.items()}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", TASKS)
def test_a_fold_is_scored_as_the_evaluation_scores(tmp_path: Path, task: str) -> None:
    found = answers(task, tmp_path)
    expected, given = evaluated(found), _fold_scores.scores(found)
    assert set(given) == set(METRICS_OF_FOLDS[task])
    for name, value in given.items():
        assert value == pytest.approx(expected[name], rel=1e-9), name


def test_two_classes_are_scored_as_the_evaluation_scores() -> None:
    random = np.random.default_rng(0)
    sure = random.random(500)
    known = (random.random(500) < sure).astype(np.int64)
    found = Answers("binary_classification", known, (sure > 0.5).astype(np.int64), sure)
    expected, given = evaluated(found), _fold_scores.scores(found)
    assert set(given) == set(METRICS_OF_FOLDS["binary_classification"])
    for name, value in given.items():
        assert value == pytest.approx(expected[name], rel=1e-9), name


def test_without_a_label_clusters_are_scored_in_their_space_only(tmp_path: Path) -> None:
    found = structs.replace(answers("clustering", tmp_path), truth=None)
    assert set(_fold_scores.scores(found)) == set(WITHOUT_LABEL)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", TASKS)
def test_candidates_of_every_task_are_compared(tmp_path: Path, task: str) -> None:
    found = selected(task, tmp_path)
    means = {one.name: one.mean for one in found.standings}
    better = max if found.better == "higher" else min
    assert found.chosen.name == found.best == better(means, key=means.__getitem__)
    assert len(found.standings) == 2
    assert found.standings[1].p is not None
    assert all(len(one.scores) == 3 for one in found.standings)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", TASKS)
def test_what_a_search_of_every_task_finds_is_trained(tmp_path: Path, task: str) -> None:
    part = train_part(task, tmp_path)
    first = CANDIDATES[task][0]
    chosen = tmp_path / "chosen-input.json"
    chosen.write_bytes(msgspec.json.encode(first))
    spec = {**learned(task), "name": "model", "tune": {first["name"]: tuned(task)}}
    one = tuning.run(steps.work(tmp_path, "tuning", spec, train=part, chosen=chosen))
    search = json.loads(one.outputs["trials"].read_bytes())["search"]
    values = [trial["value"] for trial in search["trials"] if "value" in trial]
    better = max if METRICS[METRIC[task]].better == "higher" else min
    assert search["trials"][search["best"]]["value"] == better(values)
    trained = chosen_train.run(
        steps.work(tmp_path, "chosen_train", learned(task), train=part, chosen=one.outputs["chosen"])
    )
    name = SPACES[task]["parameter"]
    wanted = search["trials"][search["best"]]["params"].get(name)
    made = load_model(trained.outputs["model"])["estimator"].get_params()
    assert wanted is None or made[name] == wanted


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", TASKS)
def test_nested_scores_are_of_rows_that_the_search_has_not_seen(tmp_path: Path, task: str) -> None:
    part = train_part(task, tmp_path)
    spec = {
        **learned(task),
        "candidate": CANDIDATES[task][0],
        "folds": folds(task),
        "tune": tuned(task, trials=4),
    }
    made = tuned_candidate.run(steps.work(tmp_path, "tuned_candidate", spec, train=part))
    found = msgspec.json.decode(made.outputs["scores"].read_bytes(), type=Scores)
    assert len(found.searches) == len(found.folds) == 3
    best = [search.trials[search.best] for search in found.searches]
    # the score of a fold is that of its own search's best, scored anew on other rows
    assert [one.value for one in best] != found.metrics[METRIC[task]]


@pytest.mark.filterwarnings("ignore")
def test_folds_in_time_never_learn_from_what_comes_later(tmp_path: Path) -> None:
    frame = measured.rows("regression").with_row_index("hour")
    part = tmp_path / "train.parquet"
    frame.write_parquet(part)
    how = {**steps.folds("select"), "method": "time", "column": "hour", "gap": 20}
    spec = {**learned("regression"), "candidate": CANDIDATES["regression"][0], "folds": how}
    made = candidate.run(steps.work(tmp_path, "candidate", spec, train=part))
    found = msgspec.json.decode(made.outputs["scores"].read_bytes(), type=Scores)
    sizes = [fold.train for fold in found.folds]
    assert sizes == sorted(sizes)
    assert all(
        fold.train + 20 == pytest.approx(place * fold.test, abs=3)
        for place, fold in enumerate(found.folds, 1)
    )


def test_a_class_that_no_row_to_learn_from_has_is_refused(tmp_path: Path) -> None:
    """Of one row the fold that scores it leaves none to learn from."""
    task, part = "multiclass_classification", tmp_path / "train.parquet"
    frame = pl.read_parquet(train_part(task, tmp_path))
    rare = frame.filter(pl.col("label") == "red").head(1)
    pl.concat([frame.filter(pl.col("label") != "red"), rare]).write_parquet(part)
    with pytest.raises(StepFailed) as failed:
        scored(task, tmp_path, part, CANDIDATES[task][0])
    (diagnostic,) = failed.value.diagnostics
    assert diagnostic.rule == "selection-impossible"
    assert "hold none whose label is red" in diagnostic.detail


def test_a_metric_that_is_nothing_on_a_fold_says_why(tmp_path: Path) -> None:
    task, part = "regression", tmp_path / "train.parquet"
    frame = pl.read_parquet(train_part(task, tmp_path))
    frame.with_columns(pl.col("label") - frame["label"].min()).write_parquet(part)
    files: Any = {"score-linear": scored(task, tmp_path, part, CANDIDATES[task][0])}
    spec = {
        "task": task,
        "metric": "mape",
        "prefer": "best",
        "confidence": 0.95,
        "simplest_first": ["linear"],
    }
    with pytest.raises(StepFailed) as failed:
        selection.run(steps.work(tmp_path, "selection", spec, **files))
    assert "a label is 0, to which no error is relative" in failed.value.diagnostics[0].detail


@pytest.mark.filterwarnings("ignore")
def test_rare_rows_are_spread_over_all_folds(tmp_path: Path) -> None:
    """9 rare rows in 909: each of the folds has its share, and average precision is defined on all of them."""
    loans = pl.read_parquet(lending.LOANS)
    rare, common = loans.filter(pl.col("repaid") == 1).head(9), loans.filter(pl.col("repaid") == 0).head(900)
    part = tmp_path / "train.parquet"
    pl.concat([rare, common]).write_parquet(part)
    how = {**steps.folds("select", 3), "strata": {"column": "repaid", "positive": 1}}
    spec = {**steps.learned(), "candidate": steps.candidate("tree", steps.TREE), "folds": how}
    made = candidate.run(steps.work(tmp_path, "candidate", spec, train=part))
    found = msgspec.json.decode(made.outputs["scores"].read_bytes(), type=Scores)
    assert None not in found.metrics["average_precision"]
    sizes = [fold.test for fold in found.folds]
    assert max(sizes) - min(sizes) <= 2


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("task", "said"), [("clustering", "round and lie apart"), ("anomaly_detection", "without")]
)
def test_the_report_says_what_a_comparison_means(tmp_path: Path, task: str, said: str) -> None:
    assert any(said in note for note in selected(task, tmp_path).notes)


WORDS = {
    "sport": ["ball", "goal", "team", "match", "player"],
    "food": ["bread", "soup", "cook", "spoon", "salt"],
    "sea": ["ship", "wave", "sail", "harbour", "storm"],
}


def headlines(folder: Path) -> dict[str, Path]:
    """Texts of three kinds, a fifth of whose words are of any kind."""
    random = np.random.default_rng(0)
    every = [word for words in WORDS.values() for word in words]
    kinds = random.choice(list(WORDS), 360)
    texts = [
        " ".join(random.choice(WORDS[kind] if random.random() < 0.8 else every) for _ in range(6))
        for kind in kinds
    ]
    frame = pl.DataFrame({"id": range(360), "text": texts, "kind": kinds})
    paths = {name: folder / f"{name}.parquet" for name in ("train", "test")}
    frame.head(240).write_parquet(paths["train"])
    frame.slice(240).write_parquet(paths["test"])
    return paths


@pytest.mark.filterwarnings("ignore")
def test_texts_of_several_kinds_are_selected_calibrated_and_served(tmp_path: Path) -> None:
    """From words to what is served: the vocabulary is learned within each fold."""
    paths = headlines(tmp_path)
    text = {"weigh": "tfidf", "lowercase": True, "ngrams": 1, "max_words": 50, "min_rows": 1}
    group = {"columns": ["text"], "impute": "none", "scale": "none", "encode": "none", "text": text}
    task = {
        "task": "multiclass_classification",
        "label": "kind",
        "classes": list(WORDS),
        "columns": {"text": {"type": "string", "values": [], "nullable": False}},
    }
    strata = {"strata": {"column": "kind"}}
    spec = {
        **task,
        "groups": {"words": group},
        "calibrate": {"method": "sigmoid", "folds": {**steps.folds("calibrate", 3), **strata}},
    }
    files: Any = {}
    for one in (
        steps.candidate("linear", steps.LINEAR),
        steps.candidate("bayes", "sklearn.naive_bayes.MultinomialNB"),
    ):
        asked = {**spec, "candidate": one, "folds": {**steps.folds("select"), **strata}}
        work = steps.work(tmp_path, "candidate", asked, train=paths["train"])
        files[f"score-{one['name']}"] = candidate.run(work).outputs["scores"]
    comparing = {
        "task": task["task"],
        "metric": "log_loss",
        "prefer": "best",
        "confidence": 0.95,
        "simplest_first": ["linear", "bayes"],
    }
    chosen = selection.run(steps.work(tmp_path, "selection", comparing, **files)).outputs["chosen"]
    trained = chosen_train.run(
        steps.work(tmp_path, "chosen_train", spec, train=paths["train"], chosen=chosen)
    ).outputs["model"]
    bounds = measured.BOUNDS["multiclass_classification"]
    summary = onnx_export.run(
        steps.work(
            tmp_path, "onnx_export", {**task, **bounds, "opset": 21}, model=trained, test=paths["test"]
        )
    ).summary
    assert summary["label_agreement"] == 1.0
    test = pl.read_parquet(paths["test"])
    right = load_model(trained).predict(test.select("text")) == np.array(
        [list(WORDS).index(kind) for kind in test["kind"]]
    )
    assert right.mean() > 0.9
