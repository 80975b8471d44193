"""What can be selected, tuned and calibrated in each task, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc import lower, pipeline
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import Operation
from mlc.request import Request
from rules.project import lay

DATASET = """\
source: {{type: file, path: people.csv, format: csv}}
columns:
  age: {{type: number}}
  plan: {{type: string, values: [a, b]}}
  day: {{type: integer, role: time}}
  left: {label}
split: {split}
"""
LABELS = {
    "binary_classification": "{type: integer, role: label}",
    "multiclass_classification": "{type: string, values: [x, y, z], role: label}",
    "regression": "{type: number, role: label}",
    "anomaly_detection": "{type: integer, role: label}",
    "clustering": "{type: integer, role: label}",
}
ESTIMATORS = {
    "binary_classification": ("linear_model.LogisticRegression", "naive_bayes.GaussianNB"),
    "multiclass_classification": ("linear_model.LogisticRegression", "naive_bayes.GaussianNB"),
    "regression": ("linear_model.Ridge", "ensemble.HistGradientBoostingRegressor"),
    "anomaly_detection": ("ensemble.IsolationForest", "neighbors.LocalOutlierFactor"),
    "clustering": ("cluster.KMeans", "mixture.GaussianMixture"),
}
TASKS = tuple(ESTIMATORS)


def project(root: Path, task: str, more: str = "", label: str | None = None, split: str = "") -> Path:
    first, second = ESTIMATORS[task]
    files = {
        "dataset/people.yaml": DATASET.format(label=label or LABELS[task], split=split or "{method: random}"),
        "model/churn.yaml": f"task: {task}\ndataset: people\nfeatures: basic\ncandidates:\n"
        f"  one: {{estimator: sklearn.{first}}}\n  two: {{estimator: sklearn.{second}}}\n{more}",
    }
    return lay(root, files)


def found(root: Path) -> list[Diagnostic]:
    return [one for one in pipeline.validate(Request(root)).diagnostics if one.severity == "error"]


def steps(root: Path) -> dict[str, Operation]:
    validated = pipeline.validate(Request(root))
    assert not [one for one in validated.diagnostics if one.severity == "error"]
    (churn,) = [
        one for one in lower.lower(validated.checked["dev"]).resources if str(one.address) == "model.churn"
    ]
    return {operation.name: operation for operation in churn.operations}


RANDOM = "{method: column, by: plan, test_values: [a]}"
"""A split that is no warning beside a column of time."""


@pytest.mark.parametrize(
    ("task", "metric"),
    [
        ("binary_classification", "roc_auc"),
        ("multiclass_classification", "roc_auc_macro"),
        ("regression", "rmse"),
        ("anomaly_detection", "average_precision"),
        ("clustering", "silhouette"),
    ],
)
def test_every_task_has_candidates_and_a_metric_of_its_own(tmp_path: Path, task: str, metric: str) -> None:
    made = steps(project(tmp_path, task, split=RANDOM))
    assert list(made)[:4] == ["score-one", "score-two", "select", "train"]
    assert made["select"].spec["metric"] == metric


@pytest.mark.parametrize(
    ("task", "strata"),
    [
        ("binary_classification", {"column": "left", "positive": 1}),
        ("multiclass_classification", {"column": "left"}),
        ("regression", None),
        ("anomaly_detection", {"column": "left", "positive": 1}),
        ("clustering", None),
    ],
)
def test_folds_spread_the_classes_where_there_are_any(
    tmp_path: Path, task: str, strata: dict[str, object] | None
) -> None:
    made = steps(project(tmp_path, task, split=RANDOM))
    assert made["score-one"].spec["folds"].get("strata") == strata


@pytest.mark.parametrize("task", ["regression", "multiclass_classification"])
def test_folds_follow_the_time_with_its_gap(tmp_path: Path, task: str) -> None:
    made = steps(project(tmp_path, task, split="{method: time, gap: 2.0}"))
    folds = made["score-one"].spec["folds"]
    assert (folds["method"], folds["column"], folds["gap"]) == ("time", "day", 2.0)
    assert "strata" not in folds
    assert made["select"].spec["folds"] == "time"


def test_a_label_that_is_not_learned_from_trains_nothing_again(tmp_path: Path) -> None:
    made = steps(project(tmp_path, "anomaly_detection", split=RANDOM))
    assert made["score-one"].spec["label"] == "left"
    assert "label" not in made["train"].spec


def test_quantiles_are_compared_by_their_own_loss(tmp_path: Path) -> None:
    files = project(tmp_path, "regression", split=RANDOM)
    (files / "model/churn.yaml").write_text(
        "task: regression\ndataset: people\nfeatures: basic\ncandidates:\n"
        "  one: {estimator: sklearn.linear_model.QuantileRegressor, params: {quantile: 0.9}}\n"
        "  two: {estimator: sklearn.ensemble.HistGradientBoostingRegressor,"
        " params: {loss: quantile, quantile: 0.9}}\n"
    )
    made = steps(files)
    assert made["select"].spec["metric"] == "pinball_loss"
    assert made["score-two"].spec["quantile"] == made["evaluate"].spec["quantile"] == 0.9


@pytest.mark.parametrize(
    ("task", "more", "said"),
    [
        ("regression", "select: {metric: mean_error}", "0 is best, and neither more nor less is better"),
        ("regression", "select: {metric: accuracy}", '"accuracy" is not measured of a regression'),
        ("regression", "select: {metric: latency_p99}", "measured once, on what is served"),
        (
            "multiclass_classification",
            "select: {metric: roc_auc}",
            '"roc_auc" is not measured of a multiclass',
        ),
        ("multiclass_classification", "select: {metric: f1macro}", 'No metric is called "f1macro"'),
        ("anomaly_detection", "select: {metric: alert_rate}", "It is what `contamination` makes it"),
        ("clustering", "select: {metric: homogeneity}", "more clusters always win"),
        ("clustering", "select: {metric: completeness}", "fewer clusters always win"),
    ],
)
def test_a_metric_by_which_nothing_is_better_is_refused(
    tmp_path: Path, task: str, more: str, said: str
) -> None:
    (one,) = found(project(tmp_path, task, more, split=RANDOM))
    assert (one.rule, one.path) == ("bad-selection-setting", "select.metric")
    assert said in one.detail


def test_detectors_without_a_label_cannot_be_compared(tmp_path: Path) -> None:
    (one,) = found(project(tmp_path, "anomaly_detection", label="{type: integer}", split=RANDOM))
    assert (one.rule, one.path) == ("bad-selection-setting", "candidates")
    assert "only a label can tell" in one.detail


def test_clusters_without_a_label_are_not_compared_by_one(tmp_path: Path) -> None:
    root = project(tmp_path, "clustering", "select: {metric: adjusted_rand_index}", "{type: integer}", RANDOM)
    (one,) = found(root)
    assert "needs a label, and model.churn has none" in one.detail
    assert "silhouette, davies_bouldin and calinski_harabasz" in one.detail


def test_candidates_that_answer_different_questions_are_refused(tmp_path: Path) -> None:
    more = "  three: {estimator: sklearn.linear_model.QuantileRegressor, params: {quantile: 0.9}}\n"
    (one,) = found(project(tmp_path, "regression", more, split=RANDOM))
    assert (one.rule, one.path) == ("bad-selection-setting", "candidates.three")
    assert one.detail.startswith('"three" predicts the quantile 0.9, and "one" predicts a mean')


@pytest.mark.parametrize("task", ["regression", "anomaly_detection", "clustering"])
def test_what_has_no_probabilities_is_not_calibrated(tmp_path: Path, task: str) -> None:
    (one,) = found(project(tmp_path, task, "calibrate: sigmoid\n", split=RANDOM))
    assert one.rule == "calibration-not-served"
    assert "What is calibrated are the probabilities of classes" in one.detail


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_tuned(tmp_path: Path, task: str) -> None:
    space = {
        "regression": "{alpha: {log: [0.1, 10]}}",
        "anomaly_detection": "{n_estimators: {int: [10, 50]}}",
        "clustering": "{n_clusters: {int: [2, 9]}}",
    }.get(task, "{C: {log: [0.1, 10]}}")
    made = steps(project(tmp_path, task, f"tune: {{space: {{one: {space}}}}}\n", split=RANDOM))
    assert made["score-one"].driver == "tuned_candidate"
    assert made["tune"].spec["tune"]["one"]["metric"] == made["select"].spec["metric"]


@pytest.mark.parametrize(
    ("estimator", "params", "space", "refused"),
    [
        ("linear_model.QuantileRegressor", "{quantile: 0.9}", "{quantile: {float: [0.1, 0.9]}}", True),
        ("linear_model.QuantileRegressor", "{quantile: 0.9}", "{alpha: {float: [0.1, 0.9]}}", False),
        ("ensemble.GradientBoostingRegressor", "{loss: quantile}", "{alpha: {float: [0.1, 0.9]}}", True),
        (
            "ensemble.GradientBoostingRegressor",
            "{}",
            "{loss: {choice: [squared_error, quantile]}}",
            True,
        ),
        (
            "ensemble.GradientBoostingRegressor",
            "{}",
            "{loss: {choice: [squared_error, absolute_error]}}",
            False,
        ),
    ],
)
def test_a_search_does_not_change_what_is_asked(
    tmp_path: Path, estimator: str, params: str, space: str, refused: bool
) -> None:
    root = project(tmp_path, "regression", split=RANDOM)
    (root / "model/churn.yaml").write_text(
        "task: regression\ndataset: people\nfeatures: basic\n"
        f"train: {{estimator: sklearn.{estimator}, params: {params}}}\ntune: {{space: {{train: {space}}}}}\n"
    )
    assert [one.rule for one in found(root)] == (["bad-selection-setting"] if refused else [])
