"""Candidates combined: by the mean of their probabilities, or by a final estimator that learns from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import polars as pl
import pytest

from mlc import drivers, lower, pipeline
from mlc.drivers import ensemble_train, onnx_export, sklearn_train
from mlc.drivers._columns import model_input
from mlc.ir.operation import Operation
from mlc.request import Request
from rules.project import lay
from stages.drivers import lending, measured
from stages.selection import steps

BAYES = "sklearn.naive_bayes.GaussianNB"
FOREST = "sklearn.ensemble.RandomForestClassifier"
SMALL = {"n_estimators": 10, "max_depth": 5}


def voting(*members: dict[str, Any], weights: list[float] | None = None) -> dict[str, Any]:
    return {
        "method": "voting",
        "members": list(members),
        "weights": weights or [1.0] * len(members),
    }


def stacking(*members: dict[str, Any], final: str = steps.LINEAR) -> dict[str, Any]:
    return {
        "method": "stacking",
        "members": list(members),
        "final": {"estimator": final, "params": {}, "seed": 0},
        "folds": steps.folds("stack", 5),
    }


LINEAR = steps.candidate("linear", steps.LINEAR)
TREE = steps.candidate("tree", steps.TREE, max_depth=4)
NAIVE = steps.candidate("bayes", BAYES)


def trained(folder: Path, paths: dict[str, Path], ensemble: dict[str, Any], **more: Any) -> Path:
    spec = {**lending.LEARNED, "groups": lending.groups(), "ensemble": ensemble, **more}
    return ensemble_train.run(steps.work(folder, "ensemble_train", spec, train=paths["train"])).outputs[
        "model"
    ]


def exported(folder: Path, paths: dict[str, Path], model: Path) -> Any:
    return onnx_export.run(
        steps.work(folder, "onnx_export", lending.export(), model=model, test=paths["test"])
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ensemble", [voting(LINEAR, TREE, NAIVE), stacking(LINEAR, TREE, NAIVE)])
def test_one_onnx_graph_says_what_the_ensemble_says(tmp_path: Path, ensemble: dict[str, Any]) -> None:
    paths = lending.parts(tmp_path)
    product = exported(tmp_path, paths, trained(tmp_path, paths, ensemble))
    assert product.summary["label_agreement"] == 1.0
    graph = onnx.load(product.outputs["onnx"]).graph
    assert [entry.name for entry in graph.input] == list(lending.COLUMNS)
    assert [entry.name for entry in graph.output] == ["label", "probabilities"]


@pytest.mark.parametrize("ensemble", [voting(LINEAR, TREE), stacking(LINEAR, TREE)])
def test_the_same_rows_give_the_same_bytes(tmp_path: Path, ensemble: dict[str, Any]) -> None:
    paths = lending.parts(tmp_path)
    one, other = (trained(tmp_path, paths, ensemble).read_bytes() for _ in range(2))
    assert one == other


def test_voting_is_the_weighted_mean(tmp_path: Path) -> None:
    paths = lending.parts(tmp_path)
    table = model_input(pl.read_parquet(paths["test"]), lending.COLUMNS)
    both = sklearn_train.load_model(
        trained(tmp_path, paths, voting(LINEAR, TREE, weights=[3.0, 1.0]))
    ).predict_proba(table)
    first, second = both_alone(tmp_path, paths, table)
    assert np.allclose(both, 0.75 * first + 0.25 * second)


def both_alone(tmp_path: Path, paths: dict[str, Path], table: pl.DataFrame) -> list[Any]:
    found = []
    for member in (LINEAR, TREE):
        spec = lending.train(member["estimator"], params=member["params"])
        made = sklearn_train.run(steps.work(tmp_path, "sklearn_train", spec, train=paths["train"]))
        found.append(sklearn_train.load_model(made.outputs["model"]).predict_proba(table))
    return found


def test_the_final_estimator_learns_from_rows_that_members_had_not_learned_from(tmp_path: Path) -> None:
    """A tree that knows every row by heart looks perfect on those; on others it does not, and is trusted less."""
    paths = lending.parts(tmp_path)
    overfit = steps.candidate("tree", steps.TREE)
    model = sklearn_train.load_model(trained(tmp_path, paths, stacking(LINEAR, overfit)))
    test = pl.read_parquet(paths["test"])
    table = model_input(test, lending.COLUMNS)
    final = model["estimator"].final_estimator_
    rows = model_input(pl.read_parquet(paths["train"]), lending.COLUMNS)
    seen = np.column_stack(
        [one.predict_proba(model["features"].transform(rows))[:, 1] for one in model["estimator"].estimators_]
    )
    labels = pl.read_parquet(paths["train"])["repaid"].to_numpy()
    naive = type(final)().fit(seen, labels)
    assert abs(final.coef_[0, 1]) < abs(naive.coef_[0, 1])
    assert np.mean(model.predict(table) == test["repaid"].to_numpy()) > 0.8


@pytest.mark.filterwarnings("ignore")
def test_an_ensemble_is_calibrated_as_a_whole(tmp_path: Path) -> None:
    paths = lending.parts(tmp_path)
    how = {"method": "sigmoid", "folds": steps.folds("calibrate", 3)}
    model = trained(tmp_path, paths, voting(LINEAR, NAIVE), calibrate=how)
    assert exported(tmp_path, paths, model).summary["label_agreement"] == 1.0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("library", ["xgboost.XGBClassifier", "lightgbm.LGBMClassifier"])
def test_members_may_be_of_other_libraries(tmp_path: Path, library: str) -> None:
    paths = lending.parts(tmp_path)
    member = steps.candidate("boosted", library, n_estimators=10)
    spec = {
        **lending.LEARNED,
        "groups": lending.groups("none"),
        "ensemble": voting(member, steps.candidate("tree", steps.TREE, max_depth=4)),
    }
    name = f"ensemble_export+{library.partition('.')[0]}_train"
    model = ensemble_train.run(steps.work(tmp_path, "ensemble_train", spec, train=paths["train"])).outputs[
        "model"
    ]
    work = steps.work(tmp_path, name, lending.export(), model=model, test=paths["test"])
    assert drivers.load(name).run(work).summary["label_agreement"] == 1.0


MEMBERS = {
    "multiclass_classification": (
        steps.candidate("linear", steps.LINEAR, class_weight={"rosé": 1.0, "white": 2.0, "red": 1.0}),
        steps.candidate("tree", steps.TREE, max_depth=3),
    ),
    "regression": (
        steps.candidate("linear", "sklearn.linear_model.Ridge"),
        steps.candidate("tree", "sklearn.tree.DecisionTreeRegressor", max_depth=4),
    ),
}
FINAL = {"multiclass_classification": steps.LINEAR, "regression": "sklearn.linear_model.RidgeCV"}


def of_task(task: str, method: str, *members: dict[str, Any]) -> dict[str, Any]:
    if method == "voting":
        return voting(*members, weights=[2.0, 1.0])
    made = stacking(*members, final=FINAL[task])
    return {**made, "folds": {**made["folds"], "column": None}}


def trained_of(folder: Path, paths: dict[str, Path], task: str, ensemble: dict[str, Any]) -> Path:
    spec = {**measured.learned(task), "groups": measured.groups(task), "ensemble": ensemble}
    work = steps.work(folder, "ensemble_train", spec, train=paths["train"])
    return ensemble_train.run(work).outputs["model"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["voting", "stacking"])
@pytest.mark.parametrize("task", MEMBERS)
def test_other_tasks_are_combined_in_one_graph_too(tmp_path: Path, task: str, method: str) -> None:
    paths = measured.parts(task, tmp_path)
    ensemble = of_task(task, method, *MEMBERS[task])
    model = trained_of(tmp_path, paths, task, ensemble)
    assert trained_of(tmp_path, paths, task, ensemble).read_bytes() == model.read_bytes()
    work = steps.work(tmp_path, "onnx_export", measured.export(task), model=model, test=paths["test"])
    summary = onnx_export.run(work).summary
    assert summary.get("label_agreement", 1.0) == summary.get("value_agreement", 1.0) == 1.0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", MEMBERS)
def test_votes_of_other_tasks_are_weighted_means(tmp_path: Path, task: str) -> None:
    paths = measured.parts(task, tmp_path)
    table = model_input(pl.read_parquet(paths["test"]), measured.columns(task))
    ask = "predict" if task == "regression" else "predict_proba"
    alone = []
    for member in MEMBERS[task]:
        spec = measured.train(task, member["estimator"], "standard", member["params"])
        made = sklearn_train.run(steps.work(tmp_path, "sklearn_train", spec, train=paths["train"]))
        alone.append(getattr(sklearn_train.load_model(made.outputs["model"]), ask)(table))
    both = sklearn_train.load_model(
        trained_of(tmp_path, paths, task, of_task(task, "voting", *MEMBERS[task]))
    )
    assert np.allclose(getattr(both, ask)(table), (2 * alone[0] + alone[1]) / 3)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", MEMBERS)
def test_the_final_estimator_of_other_tasks_trusts_what_generalises(tmp_path: Path, task: str) -> None:
    """A tree that knows every row by heart would have all the weight, were it asked about those."""
    kind = steps.TREE if task != "regression" else "sklearn.tree.DecisionTreeRegressor"
    paths, overfit = measured.parts(task, tmp_path), steps.candidate("tree", kind)
    model = sklearn_train.load_model(
        trained_of(tmp_path, paths, task, of_task(task, "stacking", MEMBERS[task][0], overfit))
    )
    coefficients = np.abs(model["estimator"].final_estimator_.coef_)
    linear, tree = np.split(np.atleast_2d(coefficients), 2, axis=1)
    assert linear.sum() > tree.sum()


_MODEL = """\
task: binary_classification
dataset: people
features: basic
candidates:
  linear: {estimator: sklearn.linear_model.LogisticRegression}
  bayes: {estimator: sklearn.naive_bayes.GaussianNB}
"""


def operations(root: Path, more: str) -> dict[str, Operation]:
    validated = pipeline.validate(Request(lay(root, {"model/churn.yaml": _MODEL + more})))
    assert not [one for one in validated.diagnostics if one.severity == "error"]
    (churn,) = [
        one for one in lower.lower(validated.checked["dev"]).resources if str(one.address) == "model.churn"
    ]
    return {operation.name: operation for operation in churn.operations}


def test_an_ensemble_is_trained_and_not_selected(tmp_path: Path) -> None:
    made = operations(tmp_path, "ensemble: {method: voting, weights: {bayes: 2}}\n")
    assert list(made) == ["train", "export", "evaluate", "measure", "report", "card", "register"]
    told = made["train"].spec["ensemble"]
    assert [one["name"] for one in told["members"]] == ["linear", "bayes"]
    assert told["weights"] == [1.0, 2.0]
    assert made["register"].spec["estimator"] == "ensemble.voting"


def test_a_change_of_a_member_changes_what_is_trained(tmp_path: Path) -> None:
    ensemble = "ensemble: {method: stacking, members: [bayes, linear]}\n"
    before = operations(tmp_path / "a", ensemble)["train"]
    after = operations(tmp_path / "b", ensemble.replace("bayes, linear", "linear, bayes"))["train"]
    assert before.spec != after.spec
    assert before.spec["ensemble"]["final"]["estimator"] == "sklearn.linear_model.LogisticRegression"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("ensemble: {method: voting, members: [linear, byes]}", 'no candidate "byes"'),
        ("ensemble: {method: voting, members: [linear]}", "at least two candidates, and this has 1"),
        ("ensemble: {method: voting, members: [linear, linear]}", '"linear" is named twice'),
        ("ensemble: {method: voting, weights: {tree: 2}}", 'no candidate "tree"'),
        ("ensemble: {method: voting}\nselect: {metric: brier}", "nothing follows `select`"),
        ("ensemble: {method: voting}\ntune: {space: {linear: {C: {log: [1, 2]}}}}", "nothing follows `tune`"),
        (
            "ensemble: {method: voting}\n"
            "optimize: {variants: {fp32: {}, less: {prune: 0.5}}, choose: {smallest: size}}",
            "is made of one estimator",
        ),
    ],
)
def test_what_contradicts_an_ensemble_is_refused(tmp_path: Path, more: str, said: str) -> None:
    files = {"model/churn.yaml": f"{_MODEL}{more}\n"}
    found = pipeline.validate(Request(lay(tmp_path, files))).diagnostics
    assert any(said in one.detail for one in found if one.rule == "bad-ensemble")


REGRESSION = {
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"
    "  left: {type: number, role: label}\nsplit: {method: random}\n"
}


@pytest.mark.parametrize(
    ("task", "first", "second", "said"),
    [
        (
            "anomaly_detection",
            "ensemble.IsolationForest",
            "neighbors.LocalOutlierFactor",
            "on scales of their own",
        ),
        ("clustering", "cluster.KMeans", "mixture.GaussianMixture", "Clusters have numbers only"),
    ],
)
def test_what_has_no_mean_is_not_combined(
    tmp_path: Path, task: str, first: str, second: str, said: str
) -> None:
    model = (
        f"task: {task}\ndataset: people\nfeatures: basic\ncandidates:\n  one: {{estimator: sklearn.{first}}}\n"
        f"  two: {{estimator: sklearn.{second}}}\nensemble: {{method: voting}}\n"
    )
    found = pipeline.validate(Request(lay(tmp_path, REGRESSION, {"model/churn.yaml": model}))).diagnostics
    (one,) = [one for one in found if one.severity == "error"]
    assert one.rule == "bad-ensemble"
    assert said in one.detail


def test_numbers_are_stacked_by_a_ridge_where_nothing_else_is_said(tmp_path: Path) -> None:
    model = (
        "task: regression\ndataset: people\nfeatures: basic\ncandidates:\n"
        "  one: {estimator: sklearn.linear_model.Ridge}\n"
        "  two: {estimator: sklearn.tree.DecisionTreeRegressor}\nensemble: {method: stacking}\n"
    )
    root = lay(tmp_path, REGRESSION, {"model/churn.yaml": model})
    (document,) = pipeline.validate(Request(root)).checked.values()
    (churn,) = [one for one in lower.lower(document).resources if str(one.address) == "model.churn"]
    train = churn.operations[0].spec["ensemble"]
    assert train["final"]["estimator"] == "sklearn.linear_model.RidgeCV"
    assert "strata" not in train["folds"]


def test_the_final_estimator_is_checked_like_every_other(tmp_path: Path) -> None:
    final = "{estimator: sklearn.linear_model.LogisticRegression, params: {C: -1}}"
    files = {"model/churn.yaml": f"{_MODEL}ensemble: {{method: stacking, final: {final}}}\n"}
    (one,) = pipeline.validate(Request(lay(tmp_path, files))).diagnostics
    assert (one.rule, one.path) == ("bad-estimator-parameter", "ensemble.final.params.C")
