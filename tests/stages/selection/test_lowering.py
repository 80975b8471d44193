"""A model with candidates becomes steps of which each depends on what it needs and on nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc import drivers, lower, pipeline
from mlc.ir.operation import Operation, digest_of
from mlc.request import Request
from rules.project import lay

MODEL = """\
task: binary_classification
dataset: people
features: basic
candidates:
  forest: {estimator: sklearn.ensemble.RandomForestClassifier}
  linear: {estimator: sklearn.linear_model.LogisticRegression}
"""
TUNED = MODEL + "tune: {trials: 4, space: {linear: {C: {log: [0.1, 10]}}}}\n"
COLUMNS = """\
columns:
  age: {type: number}
  plan: {type: string, values: [a, b]}
  house: {type: integer, role: group}
  day: {type: integer, role: time}
  left: {type: integer, role: label}
"""


def steps(root: Path, model: str, **files: str) -> dict[str, Operation]:
    named = {f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}
    validated = pipeline.validate(Request(lay(root, {"model/churn.yaml": model}, named)))
    assert not [one for one in validated.diagnostics if one.severity == "error"]
    (churn,) = [
        one for one in lower.lower(validated.checked["dev"]).resources if str(one.address) == "model.churn"
    ]
    return {operation.name: operation for operation in churn.operations}


def test_each_candidate_is_scored_by_itself(tmp_path: Path) -> None:
    made = steps(tmp_path, MODEL)
    assert list(made)[:4] == ["score-forest", "score-linear", "select", "train"]
    assert made["select"].inputs == {
        "score-forest": "model.churn/score-forest#scores",
        "score-linear": "model.churn/score-linear#scores",
    }
    assert made["train"].inputs["chosen"] == made["export"].inputs["chosen"] == "model.churn/select#chosen"


def test_the_simplest_family_comes_first(tmp_path: Path) -> None:
    assert steps(tmp_path, MODEL)["select"].spec["simplest_first"] == ["linear", "forest"]


def test_another_candidate_leaves_the_scores_of_the_others_and_the_training(tmp_path: Path) -> None:
    before = steps(tmp_path / "a", MODEL)
    after = steps(tmp_path / "b", MODEL + "  bayes: {estimator: sklearn.naive_bayes.GaussianNB}\n")
    for name in ("score-forest", "score-linear", "train"):
        assert digest_of(before[name].spec) == digest_of(after[name].spec)
    assert digest_of(before["select"].spec) != digest_of(after["select"].spec)


def test_what_is_tuned_is_scored_with_its_search_and_tuned_again_when_it_was_chosen(tmp_path: Path) -> None:
    made = steps(tmp_path, TUNED)
    assert made["score-forest"].driver == "candidate"
    assert made["score-linear"].driver == "tuned_candidate"
    assert made["train"].inputs["chosen"] == "model.churn/tune#chosen"
    assert made["tune"].inputs["chosen"] == "model.churn/select#chosen"


def test_what_is_done_to_all_groups_is_fitted_with_each_candidate(tmp_path: Path) -> None:
    features = (
        "groups:\n  numbers: {columns: [age]}\n  words: {columns: [plan], encode: one_hot}\n"
        "select: {method: best, columns: 2}\nreduce: {method: pca, components: 1}\n"
    )
    plain = steps(tmp_path / "a", TUNED)
    made = steps(tmp_path / "b", TUNED, features__basic=features)
    for name in ("score-forest", "score-linear", "tune", "train"):
        assert made[name].spec["joined"]["select"]["score"] == "f_classif"
        assert list(made[name].spec["joined"]) == ["select", "reduce"]
        # what is not asked for is not told: features of an earlier version keep their keys
        assert "joined" not in plain[name].spec
        assert set(plain[name].spec["groups"]["numbers"]) == {"columns", "impute", "scale", "encode"}


def test_a_step_works_with_the_libraries_of_its_candidates_and_no_others(tmp_path: Path) -> None:
    made = steps(tmp_path, MODEL + "  boosted: {estimator: lightgbm.LGBMClassifier}\n")
    assert "lightgbm" in drivers.driver(made["score-boosted"].driver).packages
    assert "lightgbm" in drivers.driver(made["train"].driver).packages
    assert "lightgbm" not in drivers.driver(made["score-linear"].driver).packages
    assert drivers.load(made["train"].driver) is drivers.load("chosen_train")


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("{method: group}", {"method": "group", "column": "house"}),
        ("{method: stratified_group, group: age}", {"method": "group", "column": "age"}),
        ("{method: time, gap: 2.0}", {"method": "time", "column": "day", "gap": 2.0}),
    ],
)
def test_folds_follow_the_split_of_the_dataset(
    tmp_path: Path, split: str, expected: dict[str, object]
) -> None:
    dataset = f"source: {{type: file, path: p.csv, format: csv}}\n{COLUMNS}split: {split}\n"
    folds = steps(tmp_path, MODEL, **{"dataset/people": dataset})["score-linear"].spec["folds"]
    assert {name: folds[name] for name in expected} == expected


ALONE = COLUMNS.replace(", role: group", "").replace(", role: time", "")
BY_LABEL = "groups:\n  numbers: {columns: [age]}\n  words: {columns: [plan], encode: target}\n"


@pytest.mark.parametrize(
    ("split", "method", "column"),
    [
        ("{method: stratified}", "hash", None),
        ("{method: random, test: 0.3}", "hash", None),
        ("{method: group}", "group", "house"),
        ("{method: time, gap: 2.0}", "hash", None),
    ],
)
def test_what_encodes_by_the_label_is_told_how_rows_are_kept_apart(
    tmp_path: Path, split: str, method: str, column: str | None
) -> None:
    columns = COLUMNS if "group" in split or "time" in split else ALONE
    dataset = f"source: {{type: file, path: p.csv, format: csv}}\n{columns}split: {split}\n"
    made = steps(tmp_path / "a", TUNED, features__basic=BY_LABEL, **{"dataset/people": dataset})
    expected = {"purpose": "encode", "count": 5, "seed": 0, "method": method, "column": column}
    for name in ("score-forest", "score-linear", "tune", "train"):
        assert made[name].spec["crossing"] == expected
    plain = steps(tmp_path / "b", TUNED, **{"dataset/people": dataset})
    assert not [name for name, one in plain.items() if "crossing" in one.spec]


def test_rows_are_encoded_by_folds_of_the_model_s_seed(tmp_path: Path) -> None:
    dataset = (
        f"source: {{type: file, path: p.csv, format: csv}}\n{ALONE}  number: {{type: integer, role: id}}\n"
    )
    model = MODEL.partition("candidates")[0]
    model += "train: {estimator: sklearn.linear_model.LogisticRegression, seed: 7}\n"
    made = steps(tmp_path, model, features__basic=BY_LABEL, **{"dataset/people": dataset})
    crossing = made["train"].spec["crossing"]
    assert (crossing["seed"], crossing["column"]) == (7, "number")


def test_a_logarithm_of_whole_numbers_gives_whole_numbers(tmp_path: Path) -> None:
    model = (
        MODEL + "tune: {space: {forest: {min_samples_leaf: {log: [1, 50]}, max_features: {log: [0.1, 1]}}}}\n"
    )
    leaf, features = steps(tmp_path, model)["score-forest"].spec["tune"]["space"]
    assert leaf == {"parameter": "min_samples_leaf", "log": [1.0, 50.0], "whole": True}
    assert "whole" not in features
