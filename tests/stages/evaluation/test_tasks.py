"""Every task's metrics are the field's own, each with its interval, however the rows were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from mlc.drivers.statistics import anomalies, binary, clusters, multiclass, regression
from mlc.drivers.statistics.design import Design, block_length, row_counts
from mlc.ir.evaluation import Estimate
from mlc.ir.metrics import of_task

ROWS = 400


@pytest.fixture(scope="module")
def classes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    truth = generator.choice(3, ROWS, p=[0.6, 0.3, 0.1])
    logits = generator.normal(size=(ROWS, 3))
    logits[np.arange(ROWS), truth] += 1.5
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return truth, probabilities.argmax(axis=1), probabilities


@pytest.fixture(scope="module")
def numbers() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    truth = generator.gamma(4, 10, ROWS) + 1
    return truth, truth + generator.normal(0, 5, ROWS)


DESIGNS = {
    "rows": Design(ROWS, 1),
    "groups": Design(ROWS, 1, groups=np.arange(ROWS) // 8),
    "blocks": Design(ROWS, 1, block=10),
    "weights": Design(ROWS, 1, weights=np.linspace(0.5, 1.5, ROWS)),
    "weighted groups": Design(ROWS, 1, np.linspace(0.5, 1.5, ROWS), np.arange(ROWS) // 8),
    "weighted blocks": Design(ROWS, 1, np.linspace(0.5, 1.5, ROWS), block=10),
}


def of_sklearn(
    truth: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None
) -> dict[str, float]:
    def averaged(score: Any, average: str) -> Any:
        return score(truth, predicted, average=average, sample_weight=weights, zero_division=0)

    codes = np.eye(3)[truth]
    return {
        "accuracy": metrics.accuracy_score(truth, predicted, sample_weight=weights),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted, sample_weight=weights),
        "f1_macro": averaged(metrics.f1_score, "macro"),
        "f1_micro": averaged(metrics.f1_score, "micro"),
        "f1_weighted": averaged(metrics.f1_score, "weighted"),
        "precision_macro": averaged(metrics.precision_score, "macro"),
        "precision_weighted": averaged(metrics.precision_score, "weighted"),
        "matthews_correlation": metrics.matthews_corrcoef(truth, predicted, sample_weight=weights),
        "cohen_kappa": metrics.cohen_kappa_score(truth, predicted, sample_weight=weights),
        "log_loss": metrics.log_loss(truth, probabilities, sample_weight=weights),
        "brier": np.average(((probabilities - codes) ** 2).sum(axis=1) / 2, weights=weights),
        "roc_auc_macro": metrics.roc_auc_score(
            truth, probabilities, multi_class="ovr", average="macro", sample_weight=weights
        )
        if weights is None
        else np.mean(
            [
                metrics.roc_auc_score(truth == place, probabilities[:, place], sample_weight=weights)
                for place in range(3)
            ]
        ),
    }


@pytest.mark.parametrize("name", DESIGNS)
def test_metrics_of_several_classes(name: str, classes: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    design = DESIGNS[name]
    found = multiclass.estimates(*classes, design, confidences=[0.9])
    has = {
        name for name, metric in of_task("multiclass_classification").items() if metric.source == "evaluation"
    }
    assert set(found) == has
    for metric, value in of_sklearn(*classes, design.weights).items():
        assert found[metric].value == pytest.approx(value), metric
    for one in found.values():
        holds(one)
    of_each = multiclass.of_classes(*classes, ["a", "b", "c"], design)
    recalls = metrics.recall_score(classes[0], classes[1], average=None, sample_weight=design.weights)
    for figures, recall in zip(of_each, recalls, strict=True):
        assert figures.estimates["recall"].value == pytest.approx(recall)
        for one in figures.estimates.values():
            assert one.low is not None


@pytest.mark.parametrize("name", DESIGNS)
def test_metrics_of_numbers(name: str, numbers: tuple[np.ndarray, np.ndarray]) -> None:
    truth, values = numbers
    design = DESIGNS[name]
    found = regression.estimates(truth, values, design, confidences=[0.9], level=0.3)
    has = {name for name, metric in of_task("regression").items() if metric.source == "evaluation"}
    assert set(found) == has
    weights = design.weights
    errors = np.abs(values - truth)
    expected = {
        "rmse": metrics.root_mean_squared_error(truth, values, sample_weight=weights),
        "mae": metrics.mean_absolute_error(truth, values, sample_weight=weights),
        "r2": metrics.r2_score(truth, values, sample_weight=weights),
        "mape": metrics.mean_absolute_percentage_error(truth, values, sample_weight=weights),
        "pinball_loss": metrics.mean_pinball_loss(truth, values, sample_weight=weights, alpha=0.3),
        "rmsle": metrics.root_mean_squared_log_error(truth, np.maximum(values, 0), sample_weight=weights),
        "mean_error": np.average(values - truth, weights=weights),
    }
    for metric, value in expected.items():
        assert found[metric].value == pytest.approx(value), metric
    assert found["median_absolute_error"].value == pytest.approx(np.median(errors), rel=0.05)
    for one in found.values():
        holds(one)


@pytest.mark.parametrize("name", [name for name in DESIGNS if name != "rows"])
def test_metrics_of_two_classes_in_any_sampling(
    name: str, classes: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    truth, scores = classes[0] == 0, classes[2][:, 0]
    design = DESIGNS[name]
    found = binary.estimates(truth, scores >= 0.5, scores, seed=1, design=design, confidences=[0.9])
    plain = binary.estimates(truth, scores >= 0.5, scores, seed=1, confidences=[0.9])
    assert list(found) == list(plain)
    weights = design.weights
    expected = {
        "roc_auc": metrics.roc_auc_score(truth, scores, sample_weight=weights),
        "average_precision": metrics.average_precision_score(truth, scores, sample_weight=weights),
        "f1": metrics.f1_score(truth, scores >= 0.5, sample_weight=weights),
        "precision": metrics.precision_score(truth, scores >= 0.5, sample_weight=weights),
        "brier": metrics.brier_score_loss(truth, scores, sample_weight=weights),
        "log_loss": metrics.log_loss(truth, scores, sample_weight=weights),
    }
    for metric, value in expected.items():
        assert found[metric].value == pytest.approx(value), metric
    for one in found.values():
        holds(one)
        assert name.split()[-1].rstrip("s") in one.method


def test_rows_that_count_alike_and_are_alone_are_as_without_weights_and_groups(
    numbers: tuple[np.ndarray, np.ndarray],
) -> None:
    plain = regression.estimates(*numbers, Design(ROWS, 1))
    alike = regression.estimates(*numbers, Design(ROWS, 1, np.ones(ROWS), np.arange(ROWS)))
    for metric in ("rmse", "mae", "r2", "mean_error"):
        assert alike[metric].value == pytest.approx(plain[metric].value)
        assert alike[metric].low == pytest.approx(plain[metric].low)


def test_rows_that_are_drawn_together_are_less_certain() -> None:
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(50), 8)
    truth = generator.gamma(4, 10, ROWS)
    values = truth + generator.normal(0, 5, 50)[groups]
    alone = regression.estimates(truth, values, Design(ROWS, 1))["mean_error"]
    together = regression.estimates(truth, values, Design(ROWS, 1, groups=groups))["mean_error"]
    assert width(together) > 2 * width(alone)


def test_blocks_are_longer_where_what_is_near_is_alike() -> None:
    generator = np.random.default_rng(0)
    noise = generator.normal(size=5000)
    alike = np.empty(5000)
    alike[0] = noise[0]
    for place in range(1, 5000):
        alike[place] = 0.9 * alike[place - 1] + noise[place]
    assert block_length(alike) > 3 * block_length(noise)
    assert block_length(noise) == round(5000 ** (1 / 3))


def test_every_row_stands_as_often_in_blocks_as_in_the_others() -> None:
    design = Design(103, 5, block=10, resamples=4000)
    counts = np.concatenate([*row_counts(design)])
    assert counts.shape == (4000, 103)
    assert counts.sum(axis=1) == pytest.approx(100)
    assert counts.mean(axis=0) == pytest.approx(100 / 103, abs=0.08)


def test_anomalies_with_and_without_a_label() -> None:
    generator = np.random.default_rng(4)
    truth = generator.random(ROWS) < 0.1
    scores = generator.normal(size=ROWS) + 2 * truth
    called = scores > 1.5
    found = anomalies.estimates(called, scores, truth, Design(ROWS, 1))
    has = {name for name, metric in of_task("anomaly_detection").items() if metric.source == "evaluation"}
    assert set(found) == has
    assert found["roc_auc"].value == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert found["average_precision"].value == pytest.approx(metrics.average_precision_score(truth, scores))
    assert found["alert_rate"].value == pytest.approx(called.mean())
    alone = anomalies.estimates(called, scores, None, Design(ROWS, 1))
    assert list(alone) == ["alert_rate"]
    assert alone["alert_rate"] == found["alert_rate"]


def test_clusters_with_and_without_a_label() -> None:
    generator = np.random.default_rng(5)
    truth = generator.integers(0, 3, ROWS)
    space = generator.normal(size=(ROWS, 2)) + 3 * np.eye(3)[truth][:, :2]
    labels = np.digitize(space[:, 0] - space[:, 1], [-1.5, 1.5])
    found = clusters.estimates(labels, space, truth, Design(ROWS, 1))
    has = {name for name, metric in of_task("clustering").items() if metric.source == "evaluation"}
    assert set(found) == has
    expected = {
        "silhouette": metrics.silhouette_score(space, labels),
        "davies_bouldin": metrics.davies_bouldin_score(space, labels),
        "calinski_harabasz": metrics.calinski_harabasz_score(space, labels),
        "adjusted_rand_index": metrics.adjusted_rand_score(truth, labels),
        "normalized_mutual_information": metrics.normalized_mutual_info_score(truth, labels),
        "homogeneity": metrics.homogeneity_score(truth, labels),
        "completeness": metrics.completeness_score(truth, labels),
    }
    for metric, value in expected.items():
        assert found[metric].value == pytest.approx(value), metric
        assert found[metric].low is not None
    assert set(clusters.estimates(labels, space, None, Design(ROWS, 1))) == {
        "silhouette",
        "davies_bouldin",
        "calinski_harabasz",
    }
    one = clusters.estimates(np.zeros(ROWS, dtype=np.int64), space, None, Design(ROWS, 1))
    assert one["silhouette"].value is None


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_few_rows_give_no_nonsense(rows: int) -> None:
    truth = np.arange(rows, dtype=float) + 1
    for one in regression.estimates(truth, truth + 0.5, Design(rows, 1)).values():
        for end in (one.value, one.low, one.high):
            assert end is None or np.isfinite(end)
    assert any("fewer than 30" in text for text in regression.warnings(truth, Design(rows, 1)))
    codes = np.arange(rows) % 2
    probabilities = np.stack([np.full(rows, 0.5), np.full(rows, 0.3), np.full(rows, 0.2)], axis=1)
    for one in multiclass.estimates(
        codes, np.zeros(rows, dtype=np.int64), probabilities, Design(rows, 1)
    ).values():
        for end in (one.value, one.low, one.high):
            assert end is None or np.isfinite(end)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 predictions are not finite"):
        regression.estimates(np.array([1.0, 2.0]), np.array([1.0, np.nan]), Design(2, 1))
    with pytest.raises(ValueError, match="no rows"):
        regression.estimates(np.empty(0), np.empty(0), Design(0, 1))
    with pytest.raises(ValueError, match="add up to 1"):
        multiclass.estimates(np.array([0]), np.array([0]), np.array([[0.5, 0.2]]), Design(1, 1))


def test_one_row_that_makes_the_loss_is_told() -> None:
    truth = np.full(200, 10.0)
    values = truth + np.r_[100.0, np.full(199, 0.1) * (-1) ** np.arange(199)]
    found = regression.estimates(truth, values, Design(200, 1))["rmse"]
    assert any("One of 200 rows makes 100%" in text for text in found.warnings)


def holds(one: Estimate) -> None:
    """An interval holds its value, wider where it is more certain, and says how it was made."""
    assert one.value is not None
    assert one.low is not None
    assert one.high is not None
    assert one.low <= one.value <= one.high, one
    assert one.low < one.high
    assert one.method
    narrower = one.at(0.9)
    assert narrower is not None
    assert narrower.low is not None
    assert narrower.high is not None
    assert one.low <= narrower.low
    assert narrower.high <= one.high
    assert (one.resamples is None) == (one.seed is None)


def width(one: Estimate) -> float:
    assert one.low is not None
    assert one.high is not None
    return one.high - one.low
