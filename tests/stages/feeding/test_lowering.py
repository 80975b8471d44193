"""The steps that models which feed models lower to, and what is refused before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlc import lower, pipeline
from mlc.ir.graph import Graph
from mlc.ir.operation import Operation
from mlc.kinds._feeding import gives
from mlc.request import Request
from rules.project import lay

ASKED = "task: binary_classification\ndataset: people\n"
SEEN = "features: basic\n"
LINEAR = "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
BAYES = "train: {estimator: sklearn.naive_bayes.GaussianNB}\n"
MODELS = {"model/line.yaml": ASKED + SEEN + LINEAR, "model/bayes.yaml": ASKED + SEEN + BAYES}
CANDIDATES = (
    "candidates:\n  a: {estimator: sklearn.linear_model.LogisticRegression}\n"
    "  b: {estimator: sklearn.naive_bayes.GaussianNB}\n"
)
STACKED = "ensemble: {method: stacking, members: {line: line, bayes: bayes}, folds: 4}\n"


def graph(root: Path, files: dict[str, str]) -> Graph:
    validated = pipeline.validate(Request(lay(root, MODELS, files)))
    assert not [one for one in validated.diagnostics if one.severity == "error"], validated.diagnostics
    return lower.lower(validated.checked["dev"])


def operations(root: Path, files: dict[str, str], model: str = "churn") -> dict[str, Operation]:
    (found,) = [one for one in graph(root, files).resources if str(one.address) == f"model.{model}"]
    return {operation.name: operation for operation in found.operations}


REST = ["export", "evaluate", "measure", "report", "card", "register"]


def test_a_stack_of_models_asks_each_by_folds_and_joins_them(tmp_path: Path) -> None:
    made = operations(tmp_path, {"model/churn.yaml": ASKED + STACKED})
    assert list(made) == ["predict-line", "predict-bayes", "feed", "train", "join", *REST]
    assert made["predict-line"].spec["folds"]["count"] == 4
    assert made["train"].inputs == {"train": "model.churn/feed#train"}
    assert list(made["train"].spec["columns"]) == ["line", "bayes"]
    assert made["join"].inputs == {
        "model-bayes": "model.bayes/train#model",
        "model-line": "model.line/train#model",
        "head": "model.churn/train#model",
    }
    assert made["export"].inputs["model"] == "model.churn/join#model"
    assert list(made["export"].spec["columns"]) == ["age", "plan"]
    members = {name: source for name, source in made["register"].inputs.items() if name.startswith("member-")}
    assert members == {
        "member-line": "model.line/register#version",
        "member-bayes": "model.bayes/register#version",
    }


def test_members_that_are_averaged_are_not_asked(tmp_path: Path) -> None:
    voting = "ensemble: {method: voting, members: {line: line, bayes: bayes}, weights: {bayes: 2}}\n"
    made = operations(tmp_path, {"model/churn.yaml": ASKED + voting})
    assert list(made) == ["join", *REST]
    assert made["join"].spec["combine"] == {"method": "voting", "weights": [1.0, 2.0]}


def test_a_chain_is_joined_from_its_models(tmp_path: Path) -> None:
    files = {
        "model/bayes.yaml": ASKED + SEEN + BAYES + "predictions: {line: line}\n",
        "model/churn.yaml": ASKED + "ensemble: {method: chain, members: {line: line, last: bayes}}\n",
    }
    made = operations(tmp_path, files)
    assert list(made) == ["join", *REST]
    assert made["join"].inputs["model-last"] == "model.bayes/join#model"


def test_answers_are_columns_beside_the_models_own(tmp_path: Path) -> None:
    made = operations(tmp_path, {"model/churn.yaml": ASKED + SEEN + LINEAR + "predictions: {guess: bayes}\n"})
    assert list(made["train"].spec["columns"]) == ["age", "plan", "guess"]
    assert made["train"].spec["groups"]["Predictions"]["columns"] == ["guess"]
    recipe = made["predict-guess"].spec["feed"]["recipe"]
    assert recipe["estimator"] == "sklearn.naive_bayes.GaussianNB"


def test_two_models_that_ask_the_same_share_the_answers(tmp_path: Path) -> None:
    files = {
        f"model/{name}.yaml": ASKED + SEEN + train + "predictions: {guess: bayes}\n"
        for name, train in {"churn": LINEAR, "other": BAYES}.items()
    }
    one, other = (operations(tmp_path / name, files, name)["predict-guess"] for name in ("churn", "other"))
    assert (one.spec, one.driver, one.inputs) == (other.spec, other.driver, other.inputs)


def test_candidates_are_selected_by_what_the_others_say_too(tmp_path: Path) -> None:
    made = operations(
        tmp_path, {"model/churn.yaml": ASKED + SEEN + CANDIDATES + "predictions: {guess: bayes}\n"}
    )
    assert list(made)[:6] == ["predict-guess", "feed", "score-a", "score-b", "select", "train"]
    assert {made[name].inputs["train"] for name in ("score-a", "score-b", "train")} == {
        "model.churn/feed#train"
    }


def test_a_member_that_was_selected_is_trained_anew_as_what_was_chosen(tmp_path: Path) -> None:
    files = {"model/line.yaml": ASKED + SEEN + CANDIDATES, "model/churn.yaml": ASKED + STACKED}
    asked = operations(tmp_path, files)["predict-line"]
    assert asked.spec["feed"]["recipe"]["chosen"] == "chosen-1"
    assert asked.inputs["chosen-1"] == "model.line/select#chosen"


def test_folds_within_folds_are_others(tmp_path: Path) -> None:
    files = {
        "model/bayes.yaml": ASKED + SEEN + BAYES + "predictions: {line: line}\n",
        "model/churn.yaml": ASKED + STACKED,
    }
    asked = operations(tmp_path, files)["predict-bayes"].spec
    assert asked["folds"]["purpose"] != asked["feed"]["recipe"]["folds"]["purpose"]


def test_a_backend_finds_the_members_and_their_signatures(tmp_path: Path) -> None:
    made = graph(tmp_path, {"model/churn.yaml": ASKED + STACKED})
    (facts,) = [one.facts for one in made.resources if str(one.address) == "model.churn"]
    assert [one["name"] for one in facts["members"]] == ["line", "bayes"]
    assert facts["members"][0]["signature"]["outputs"][1]["name"] == "probabilities"
    assert facts["combined"] == "learned"
    assert [one["name"] for one in facts["signature"]["inputs"]] == ["age", "plan"]
    (deployed,) = [one.facts for one in made.resources if str(one.address) == "deployment.local"]
    assert deployed["members"] == facts["members"]
    edges = {(str(edge.source), str(edge.target), edge.path) for edge in made.edges}
    assert ("model.churn", "model.line", "ensemble.members.line") in edges


def test_several_classes_give_a_column_each() -> None:
    view: dict[str, Any] = {
        "task": "multiclass_classification",
        "label": "kind",
        "dataset": {"columns": {"kind": {"values": ["a", "b", "c"]}}},
    }
    assert gives("guess", view) == ["guess_0", "guess_1", "guess_2"]
