"""Gates: what passes, what fails, what cannot be told, and what cannot be tested."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from mlc.drivers import gate
from mlc.drivers._canonical import canonical
from mlc.ir.evaluation import METRICS, Check, Evaluation, Verdict
from mlc.ir.operation import StepFailed, Work
from mlc.kinds.gate import limit_of
from stages.evaluation.synthetic import binary_evaluation, synthetic

SPEC = {"task": "binary_classification", "label": "repaid", "positive": "yes", "seed": 7}
LATENCY = {
    "p50": {"value": 0.0001, "low": 0.00009, "high": 0.00012},
    "p95": {"value": 0.0002, "low": 0.00019, "high": 0.00022},
    "p99": {"value": 0.0030, "low": 0.0019, "high": 0.0040},
    "confidence": 0.95,
    "size_bytes": 123_456,
}
PARITY = {"max_probability_difference": 0.000001, "label_agreement": 1.0, "rows": 2000}


@pytest.fixture
def proofs(evaluation: Evaluation) -> dict[str, Any]:
    return {"evaluation": plain(evaluation), "latency": LATENCY, "parity": PARITY}


def plain(value: Any) -> Any:
    return msgspec.json.decode(canonical(value))


def bound(**fields: Any) -> dict[str, Any]:
    return {"min": None, "max": None, "bound": None, "confidence": 0.95, **fields}


def judged(metric: str, proofs: dict[str, Any], **fields: Any) -> Check:
    verdict = gate.judge({"quality": {metric: bound(**fields)}}, proofs)
    (check,) = verdict.checks
    assert verdict.outcome == check.outcome
    return check


@pytest.mark.parametrize(
    ("metric", "fields", "outcome", "end"),
    [
        ("roc_auc", {"min": 0.80}, "pass", "lower"),
        ("roc_auc", {"min": 0.82}, "inconclusive", "lower"),  # the point clears it, the interval does not
        ("roc_auc", {"min": 0.84}, "inconclusive", "lower"),
        ("roc_auc", {"min": 0.90}, "fail", "lower"),
        ("roc_auc", {"min": 0.82, "bound": "point"}, "pass", "point"),
        ("roc_auc", {"min": 0.84, "bound": "point"}, "fail", "point"),
        ("roc_auc", {"min": 0.84, "bound": "upper"}, "pass", "upper"),
        ("roc_auc", {"min": 0.90, "bound": "upper"}, "fail", "upper"),
        ("brier", {"max": 0.20}, "pass", "upper"),
        ("brier", {"max": 0.165}, "inconclusive", "upper"),
        ("brier", {"max": 0.10}, "fail", "upper"),
        ("brier", {"max": 0.155, "bound": "lower"}, "pass", "lower"),
        ("latency_p99", {"max": "20ms"}, "pass", "upper"),
        ("latency_p99", {"max": "3500us"}, "fail", "upper"),  # not a duration
        ("latency_p99", {"max": "3.5ms"}, "inconclusive", "upper"),
        ("latency_p99", {"max": "1ms"}, "fail", "upper"),
        ("model_size", {"max": "1Mi"}, "pass", "upper"),
        ("model_size", {"max": "100KiB"}, "fail", "upper"),
        ("label_agreement", {"min": 1.0}, "pass", "lower"),
        ("max_probability_difference", {"max": 0.0000001}, "fail", "upper"),
    ],
)
def test_outcomes(
    metric: str, fields: dict[str, Any], outcome: str, end: str, proofs: dict[str, Any]
) -> None:
    check = judged(metric, proofs, **fields)
    assert (check.outcome, check.bound) == (outcome, end)


def test_the_interval_is_that_of_the_gates_own_confidence(proofs: dict[str, Any]) -> None:
    wide, narrow = (judged("roc_auc", proofs, min=0.813, confidence=level).outcome for level in (0.99, 0.9))
    assert (wide, narrow) == ("inconclusive", "pass")


def test_the_margin_is_what_it_missed_by(proofs: dict[str, Any]) -> None:
    check = judged("roc_auc", proofs, min=0.9)
    assert check.margin == pytest.approx(check.low - 0.9)  # type: ignore[operator]
    check = judged("brier", proofs, max=0.2)
    assert check.margin == pytest.approx(0.2 - check.high)  # type: ignore[operator]


@pytest.mark.parametrize("metric", ["roc_auc", "recall", "brier"])
def test_the_rows_it_asks_for_do_decide(metric: str, proofs: dict[str, Any]) -> None:
    """With as many rows of the same kind the bound is cleared; with two thirds of them it is not."""
    better = METRICS[metric].better == "higher"
    estimate = proofs["evaluation"]["estimates"][metric]
    limit = estimate["value"] - 0.012 if better else estimate["value"] + 0.004
    side = {"min": limit} if better else {"max": limit}
    check = judged(metric, proofs, **side)
    assert check.outcome == "inconclusive"
    assert check.rows_needed is not None
    outcomes = []
    for rows in (check.rows_needed * 1.05, check.rows_needed / 1.5):
        truth, predicted, scores = (np.resize(part, 2000 * round(rows / 2000)) for part in synthetic())
        more = binary_evaluation(truth, predicted, scores, {**SPEC, "confidences": []})
        outcomes.append(judged(metric, {"evaluation": plain(more)}, **side).outcome)
    assert outcomes == ["pass", "inconclusive"]


def test_all_bounds_are_tested_before_it_refuses(work: Callable[..., Work], tmp_path: Path) -> None:
    gates = {
        "quality": {"roc_auc": bound(min=0.99), "accuracy": bound(min=0.1), "recall": bound(min=0.6)},
        "speed": {"latency_p99": bound(max="1ms")},
    }
    with pytest.raises(StepFailed) as caught:
        gate.run(work("gate", {"gates": gates}, written(tmp_path)))
    found = caught.value.diagnostics
    assert [one.path for one in found] == [
        "gate.quality.metrics.recall.min",
        "gate.quality.metrics.roc_auc.min",
        "gate.speed.metrics.latency_p99.max",
    ]
    assert all(one.rule == "gate-refused" and one.refused for one in found)
    assert all(one.address == "model.default_risk" for one in found)
    verdict = msgspec.json.decode((tmp_path / "gate" / "verdict.json").read_bytes(), type=Verdict)
    assert [check.outcome for check in verdict.checks] == ["pass", "inconclusive", "fail", "fail"]


def test_a_pass_is_written_and_summarised(work: Callable[..., Work], tmp_path: Path) -> None:
    gates = {"quality": {"roc_auc": bound(min=0.8, max=0.9)}}
    product = gate.run(work("gate", {"gates": gates}, written(tmp_path)))
    assert product.summary["outcome"] == "pass"
    assert list(product.summary["checks"]) == ["quality.roc_auc.min", "quality.roc_auc.max"]
    first = product.outputs["verdict"].read_bytes()
    again = gate.run(work("gate", {"gates": gates}, written(tmp_path)))
    assert again.outputs["verdict"].read_bytes() == first


def test_refusals_read_well(proofs: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    gates = {
        "quality": {
            "accuracy": bound(min=0.9),
            "brier": bound(max=0.165),
            "f1": bound(min=0.6, confidence=0.8),
            "latency_p95": bound(max="20ms", confidence=0.99),
            "latency_p99": bound(max="3.5ms"),
            "model_size": bound(max="10Ki"),
            "recall": bound(min=0.6),
            "roc_auc": bound(min=0.82),
            "specificity": bound(min="3s"),
            "unheard_of": bound(min=1),
        }
    }
    refused = [gate.diagnostic(check, "model.default_risk") for check in gate.judge(gates, proofs).checks]
    assert [f"{one.detail} → {one.help}" for one in refused] == snapshot


# Closed where it cannot tell


@pytest.mark.parametrize("value", [None, "0.9", True, math.nan, math.inf, -math.inf, [0.9], {}])
@pytest.mark.parametrize(
    ("source", "metric"),
    [("parity", "label_agreement"), ("latency", "latency_p99"), ("evaluation", "roc_auc")],
)
def test_a_value_that_is_no_finite_number_fails(
    source: str, metric: str, value: Any, proofs: dict[str, Any]
) -> None:
    proof = msgspec.json.decode(msgspec.json.encode(proofs[source]))
    if source == "latency":
        proof["p99"]["value"] = value
    elif source == "parity":
        proof[metric] = value
    else:
        proof["estimates"][metric]["value"] = value
    fields = {"max": "20s"} if source == "latency" else {"min": 0.0}
    for end in (None, "lower", "upper", "point"):
        check = judged(metric, {**proofs, source: proof}, bound=end, **fields)
        assert check.outcome == "fail"
        assert check.reason


@pytest.mark.parametrize("metric", list(METRICS))
@pytest.mark.parametrize("proof", [None, {}, [], "x", 3])
def test_a_missing_proof_fails(metric: str, proof: Any) -> None:
    proofs = {"evaluation": proof, "latency": proof, "parity": proof}
    assert judged(metric, proofs, max="1s" if metric.startswith("latency") else 9.0).outcome == "fail"


def test_an_interval_that_is_missing_fails_unless_the_point_is_asked_for(proofs: dict[str, Any]) -> None:
    proofs["evaluation"]["estimates"]["roc_auc"]["low"] = None
    check = judged("roc_auc", proofs, min=0.1)
    assert check.outcome == "fail"
    assert "no lower end" in check.reason
    assert judged("roc_auc", proofs, min=0.1, bound="point").outcome == "pass"


def test_an_interval_that_runs_backwards_fails(proofs: dict[str, Any]) -> None:
    proofs["latency"] = {**LATENCY, "p99": {"value": 0.003, "low": 0.004, "high": 0.001}}
    assert judged("latency_p99", proofs, max="1s").outcome == "fail"


def test_files_that_are_not_json_fail(work: Callable[..., Work], tmp_path: Path) -> None:
    inputs = written(tmp_path)
    inputs["latency"].write_text('{"p99": {"value": NaN, "low": NaN, "high": NaN}}')
    with pytest.raises(StepFailed, match="no latency to read it from"):
        gate.run(work("gate", {"gates": {"speed": {"latency_p99": bound(max="1s")}}}, inputs))


@pytest.mark.parametrize("gates", [{}, {"quality": {}}])
def test_a_gate_without_bounds_is_our_bug_and_never_a_pass(gates: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs"):
        gate.judge(gates, {})


def test_a_bound_that_says_nothing_fails(proofs: dict[str, Any]) -> None:
    assert judged("roc_auc", proofs).outcome == "fail"


@given(
    low=st.floats(0, 1),
    high=st.floats(0, 1),
    value=st.floats(0, 1),
    limit=st.floats(0, 1),
    least=st.booleans(),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_only_a_whole_interval_beyond_the_bound_passes(
    low: float, high: float, value: float, limit: float, least: bool
) -> None:
    low, value, high = sorted((low, value, high))
    proofs = {"latency": {"p50": {"value": value, "low": low, "high": high}, "confidence": 0.95}}
    check = judged("latency_p50", proofs, **({"min": limit} if least else {"max": limit}))
    inside = low >= limit if least else high <= limit
    outside = high <= limit if least else low >= limit
    assert check.outcome == ("pass" if inside else "fail" if outside else "inconclusive")


@pytest.mark.parametrize(
    ("metric", "text", "value"),
    [
        ("latency_p99", "20ms", 0.02),
        ("latency_p99", 0.5, 0.5),
        ("model_size", "10Mi", 10 * 2**20),
        ("f1", 1, 1.0),
    ],
)
def test_limits_are_read_in_the_metrics_unit(metric: str, text: Any, value: float) -> None:
    assert limit_of(METRICS[metric], text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("latency_p99", "10Mi"),
        ("model_size", "20ms"),
        ("f1", "0.9"),
        ("f1", math.nan),
        ("f1", True),
        ("f1", ""),
    ],
)
def test_limits_of_another_unit_are_refused(metric: str, text: Any) -> None:
    with pytest.raises(ValueError, match=metric):
        limit_of(METRICS[metric], text)


def written(folder: Path) -> dict[str, Path]:
    proofs = {
        "evaluation": canonical(binary_evaluation(*synthetic(), {**SPEC, "confidences": []})),
        "latency": canonical(LATENCY),
        "parity": canonical(PARITY),
    }
    paths = {name: folder / f"{name}.json" for name in proofs}
    for name, content in proofs.items():
        paths[name].write_bytes(content)
    return paths
