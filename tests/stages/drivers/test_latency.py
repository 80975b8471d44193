"""`measure` times single requests, and bounds the quantiles without supposing a distribution."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mlc.drivers import latency
from stages.drivers import lending

LINEAR = "sklearn.linear_model.LogisticRegression"


def test_latency_is_measured_with_intervals(step: Any, tmp_path: Path) -> None:
    paths = lending.parts(tmp_path, 500, 30)
    model = step("sklearn_train", lending.train(LINEAR), train=paths["train"]).outputs["model"]
    onnx = step("onnx_export", lending.export(), model=model, test=paths["test"]).outputs["onnx"]
    product = step("latency", {"columns": lending.COLUMNS}, onnx=onnx, test=paths["test"])
    measured = json.loads(product.outputs["latency"].read_bytes())
    for name in ("p50", "p95", "p99"):
        assert 0 < measured[name]["low"] <= measured[name]["value"] <= measured[name]["high"] < 1
        assert product.summary[name] == pytest.approx(measured[name]["value"])
    assert measured["p50"]["value"] <= measured["p95"]["value"] <= measured["p99"]["value"]
    assert measured["requests"] == 500
    assert measured["size_bytes"] == onnx.stat().st_size
    assert measured["cpu"]


@pytest.mark.parametrize("n", [60, 500])
@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_the_interval_covers_as_often_as_it_says(n: int, share: float) -> None:
    """Exactly, by the binomial law: P(low ≤ q ≤ high) ≥ 0.95, and the next narrower interval covers less."""
    found = latency.quantile([float(rank) for rank in range(1, n + 1)], share, 0.95)
    low = 0 if found["low"] is None else int(found["low"])
    high = n + 1 if found["high"] is None else int(found["high"])
    below = stats.binom(n, share)
    assert below.cdf(low - 1) <= 0.025 < below.cdf(low)
    assert below.sf(high - 1) <= 0.025
    assert found["high"] is None or below.sf(high - 2) > 0.025


def test_an_end_beyond_the_measurements_is_not_invented() -> None:
    assert latency.quantile([1.0, 2.0, 3.0], 0.99, 0.95)["high"] is None


def test_the_value_is_an_order_statistic() -> None:
    ordered = sorted(np.random.default_rng(0).random(500).tolist())
    for share in (0.5, 0.95, 0.99):
        expected = float(np.quantile(ordered, share, method="inverted_cdf"))
        assert latency.quantile(ordered, share, 0.95)["value"] == expected
