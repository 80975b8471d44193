"""A small synthetic test set with a fixed seed, and the templates' real renderer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlc import data
from mlc.drivers.evaluation import evaluate
from mlc.drivers.statistics.answers import Answers
from mlc.emit.templates import fill
from mlc.ir.evaluation import Evaluation

SPEC: dict[str, Any] = {
    "task": "binary_classification",
    "label": "repaid",
    "positive": "yes",
    "seed": 7,
    "confidences": [0.9, 0.95, 0.99],
    "columns": {
        "amount": {"type": "number", "values": [], "nullable": False},
        "purpose <b>": {"type": "string", "values": ["car", "house"], "nullable": True},
    },
}
DIGESTS = {"onnx": "sha256:" + "a1" * 32, "test": "sha256:" + "b2" * 32}


def binary_evaluation(
    truth: np.ndarray, predicted: np.ndarray, scores: np.ndarray, spec: Mapping[str, Any] = SPEC
) -> Evaluation:
    """Everything measured of a binary classifier's answers, all (rows,)."""
    return evaluate(Answers("binary_classification", truth, predicted, scores), spec)


def synthetic(rows: int = 2000, seed: int = 11) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, predictions and slightly overconfident scores, all (rows,)."""
    generator = np.random.default_rng(seed)
    signal = generator.normal(-0.8, 1.6, rows)
    truth = generator.random(rows) < 1 / (1 + np.exp(-signal))
    scores = np.round(1 / (1 + np.exp(-1.25 * signal)), 6)
    return truth, scores >= 0.5, scores


def render(backend: str, template: str, values: Mapping[str, Any]) -> bytes:
    source = data.path("templates", backend, template).read_text(encoding="utf-8")
    return fill(template, source, values).encode()
