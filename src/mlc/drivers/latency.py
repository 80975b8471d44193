"""Measures how long one request takes: the ONNX file, one row at a time, one thread."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("onnxruntime", "numpy", "polars")
EFFECT = False
CORES = 0  # alone: whatever ran beside it would be measured too
LOADS = ("polars", "mlc.drivers._canonical", "mlc.drivers._columns", "mlc.drivers._onnx")

WARM_UP = 50
REQUESTS = 500
CONFIDENCE = 0.95
QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def run(work: Work) -> Product:
    """Output `latency` (JSON): p50, p95 and p99 in seconds, each with an interval; requests, CPU, file size.

    A request is one row of the test set, already parsed; transport is not in it. The one output in the
    lifecycle whose bytes differ from run to run: it is a measurement of this machine at this hour. It is
    measured again only when the ONNX file or the test set changes.
    """
    import polars as pl

    from mlc.drivers._canonical import canonical
    from mlc.drivers._columns import model_input
    from mlc.drivers._onnx import feeds, open_session

    session = open_session(work.inputs["onnx"])
    table = model_input(pl.read_parquet(work.inputs["test"]), work.spec["columns"])
    requests = [feeds(table[number % table.height]) for number in range(WARM_UP + REQUESTS)]
    work.tell(f"measuring {REQUESTS} requests")
    seconds = []
    for request in requests:
        started = time.perf_counter_ns()
        session.run(None, request)
        seconds.append((time.perf_counter_ns() - started) / 1e9)
    measured = sorted(seconds[WARM_UP:])
    latency: dict[str, Any] = {
        **{name: quantile(measured, share, CONFIDENCE) for name, share in QUANTILES.items()},
        "requests": REQUESTS,
        "warm_up": WARM_UP,
        "batch": 1,
        "threads": 1,
        "confidence": CONFIDENCE,
        "cpu": cpu_name(),
        "size_bytes": work.inputs["onnx"].stat().st_size,
    }
    summary = {name: latency[name]["value"] for name in QUANTILES} | {"size_bytes": latency["size_bytes"]}
    path = work.folder / "latency.json"
    path.write_bytes(canonical(latency))
    return Product(outputs={"latency": path}, summary=summary)


def quantile(ordered: Sequence[float], share: float, confidence: float) -> dict[str, float | None]:
    """`value`, the order statistic of rank ⌈n·share⌉, and the interval from `low` to `high`.

    The interval lies between two order statistics and supposes no distribution (David and Nagaraja, Order
    Statistics, 3rd ed., 7.1): the number of measurements below the true quantile is binomial (n, share), so
    the ranks are the binomial's quantiles at (1 ∓ confidence) / 2. An end that would lie beyond the
    measurements is None: so many requests cannot bound it.
    """
    n = len(ordered)
    below = _binomial_cdf(n, share)
    tail = (1 - confidence) / 2
    # P(X(low) > q) = P(B < low) ≤ tail and P(X(high) < q) = P(B ≥ high) ≤ tail, with ranks from 1
    low = max((rank for rank in range(1, n + 1) if below[rank - 1] <= tail), default=None)
    high = min((rank for rank in range(1, n + 1) if 1 - below[rank - 1] <= tail), default=None)
    return {
        "value": ordered[min(n, math.ceil(n * share - 1e-9)) - 1],
        "low": None if low is None else ordered[low - 1],
        "high": None if high is None else ordered[high - 1],
    }


def cpu_name() -> str:
    """The name of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _binomial_cdf(n: int, share: float) -> list[float]:
    """P(B ≤ k) for k from 0 to n."""
    total, cumulated = 0.0, []
    for k in range(n + 1):
        logarithm = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        total += math.exp(logarithm + k * math.log(share) + (n - k) * math.log1p(-share))
        cumulated.append(min(total, 1.0))
    return cumulated
