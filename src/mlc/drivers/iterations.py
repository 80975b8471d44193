"""iterations: what an estimator recorded of each iteration while it was fitted.

Input: `model` (skops). Output: `iterations` (JSON, see `mlc.ir.learning.Iterations`). Nothing is learned again: what
scikit-learn keeps in its fitted attributes is read. A calibrated classifier tells of the one that it calibrates.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mlc.ir.learning import Iterations, Recorded
from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops")
EFFECT = False
LOADS = ("mlc.drivers._skops", "mlc.drivers._calibration")

_ATTRIBUTES = {
    "loss_curve_": "training_loss",  # of networks
    "validation_scores_": "validation_score",
    "train_score_": "training_score",  # of boosting; GradientBoosting's is a loss
    "validation_score_": "validation_score",
    "oob_scores_": "out_of_bag_loss",
}
"""Source: the attributes in scikit-learn's reference of neural networks and of (histogram) gradient boosting."""


def run(work: Work) -> Product:
    """Read it. What was not asked of the estimator (`early_stopping`, `subsample`) it did not record."""
    from mlc.drivers._calibration import Calibrated
    from mlc.drivers._skops import load_model

    fitted = load_model(work.inputs["model"])[-1]
    if isinstance(fitted, Calibrated):
        fitted = fitted.estimator
    path = work.folder / "iterations.json"
    found = Iterations(curves=_curves(fitted))
    path.write_bytes(msgspec.json.encode(found, order="deterministic"))
    return Product({"iterations": path}, {name: len(one.values) for name, one in found.curves.items()})


def _curves(fitted: Any) -> dict[str, Recorded]:
    curves = {}
    for attribute, name in _ATTRIBUTES.items():
        recorded = getattr(fitted, attribute, None)
        if recorded is None or len(recorded) == 0:
            continue
        by_histogram = type(fitted).__name__.startswith("HistGradientBoosting")
        if attribute == "train_score_" and not by_histogram:
            name = "training_loss"
        curves[name] = Recorded(0 if by_histogram else 1, tuple(map(float, recorded)))
    return curves
