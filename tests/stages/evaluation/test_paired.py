"""Two models on the same rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from mlc.drivers.statistics import paired
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.multiplicity import holm, simultaneous
from mlc.drivers.statistics.proportions import quantile
from mlc.ir.metrics import METRICS
from mlc.rules.champion_test import NOT_PAIRED

ROWS = 300


def rivals(task: str) -> tuple[Answers, Answers]:
    """Two models, of which the first knows more."""
    generator = np.random.default_rng(9)
    noise = generator.normal(size=(2, ROWS))
    if task == "regression":
        truth = generator.gamma(4, 10, ROWS) + 1
        return tuple(  # type: ignore[return-value]
            Answers(task, truth, None, truth + size * (noise[0] + noise[place]))
            for place, size in ((0, 2), (1, 4))
        )
    if task == "multiclass_classification":
        codes = generator.integers(0, 3, ROWS)
        made = []
        for known in (2.0, 1.0):
            logits = generator.normal(size=(ROWS, 3))
            logits[np.arange(ROWS), codes] += known
            probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            made.append(Answers(task, codes, probabilities.argmax(axis=1), probabilities, ("a", "b", "c")))
        return made[0], made[1]
    positive = generator.random(ROWS) < 0.4
    made = []
    for place, known in ((0, 2.0), (1, 1.0)):
        scores = 1 / (1 + np.exp(-known * (1.5 * positive - 0.75 + noise[place])))
        made.append(Answers(task, positive, scores > 0.5, scores))
    return made[0], made[1]


DESIGNS = {
    "rows": Design(ROWS, 1),
    "groups": Design(ROWS, 1, groups=np.arange(ROWS) // 5),
    "blocks": Design(ROWS, 1, block=8),
    "weights": Design(ROWS, 1, weights=np.linspace(0.5, 1.5, ROWS)),
}
PAIRED = [
    (task, name)
    for name, metric in METRICS.items()
    if metric.source == "evaluation" and name not in NOT_PAIRED
    for task in metric.tasks
    if task != "clustering"
]


@pytest.mark.parametrize(("task", "metric"), PAIRED)
def test_every_metric_that_a_gate_may_name_is_compared(task: str, metric: str) -> None:
    first, second = rivals(task)
    for design in DESIGNS.values():
        found = paired.difference(metric, first, second, design, [0.9])
        one = found.estimate
        assert one.value is not None
        assert one.low is not None
        assert one.high is not None
        assert one.low <= one.value <= one.high
        narrower = one.at(0.9)
        assert narrower is not None
        assert narrower.low is not None
        assert one.low <= narrower.low
        if metric not in ("mean_error", "alert_rate"):
            sign = 1 if METRICS[metric].better == "higher" else -1
            assert one.value == pytest.approx(sign * (found.first - found.second))
        back = paired.difference(metric, second, first, design)
        assert back.estimate.value == pytest.approx(-one.value)


@pytest.mark.parametrize(("task", "metric"), PAIRED)
def test_a_model_beside_itself_is_the_same(task: str, metric: str) -> None:
    first, _ = rivals(task)
    for design in DESIGNS.values():
        found = paired.difference(metric, first, first, design)
        assert found.estimate.value == pytest.approx(0)
        assert found.p_value in (None, 1.0)


def test_pairing_takes_out_what_both_have_in_common() -> None:
    generator = np.random.default_rng(3)
    truth = generator.random(2000) < 0.5
    shared = generator.normal(size=2000)
    scores = [truth + shared + 0.2 * generator.normal(size=2000) for _ in range(2)]
    first, second = (Answers("anomaly_detection", truth, one > 0.5, one) for one in scores)
    found = paired.difference("roc_auc", first, second, Design(2000, 1)).estimate
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low < 0.02  # each area alone has an interval of 0.04


def test_mcnemar_is_the_exact_test() -> None:
    for ahead, behind in ((0, 0), (5, 0), (10, 3), (3, 10), (40, 40)):
        expected = binomtest(ahead, ahead + behind).pvalue if ahead + behind else 1.0
        assert paired.mcnemar(ahead, behind) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ahead", "behind", "n"), [(10, 3, 100), (0, 0, 50), (5, 0, 40), (0, 7, 30), (200, 150, 5000)]
)
def test_tangos_interval_is_what_the_score_test_does_not_reject(ahead: int, behind: int, n: int) -> None:
    low, high = paired.tango(ahead, behind, n, 0.95)
    value = (ahead - behind) / n
    assert low <= value <= high
    assert low >= -1
    assert high <= 1
    z2 = quantile(0.95) ** 2
    if ahead == behind == 0:  # closed form: z² / (n + z²)
        assert high == pytest.approx(z2 / (n + z2), rel=1e-6)
        assert low == pytest.approx(-high)
    mirrored = paired.tango(behind, ahead, n, 0.95)
    assert mirrored == pytest.approx((-high, -low), abs=1e-9)
    for delta in (low, high):  # equation 3 with the constrained estimate of equation 6
        b = -ahead - behind + (2 * n - ahead + behind) * delta
        q = (math.sqrt(max(b * b + 8 * n * behind * delta * (1 - delta), 0)) - b) / (4 * n)
        spread = math.sqrt(n * (2 * q + delta * (1 - delta)))
        assert abs(ahead - behind - n * delta) / spread == pytest.approx(quantile(0.95), rel=1e-4)


def test_holm_rejects_no_more_than_bonferroni_allows_at_first() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []
    assert simultaneous(0.95, 10) == pytest.approx(0.995)
    assert simultaneous(0.95, 0) == pytest.approx(0.95)
