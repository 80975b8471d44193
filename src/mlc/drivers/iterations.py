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

_RECORDED = {
    "MLP": (1, {"loss_curve_": "training_loss", "validation_scores_": "validation_score"}),
    "GradientBoosting": (1, {"train_score_": "training_loss", "oob_scores_": "out_of_bag_loss"}),
    "HistGradientBoosting": (
        0,  # it begins before the first
        {"train_score_": "training_score", "validation_score_": "validation_score"},
    ),
}
"""By how an estimator's name begins: the number of the first iteration, and the attributes with what they are.

Source: scikit-learn's reference of neural networks and of (histogram) gradient boosting.
"""


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
    name = type(fitted).__name__
    first, attributes = next(
        (found for family, found in _RECORDED.items() if name.startswith(family)), (1, {})
    )
    recorded = {told: getattr(fitted, attribute, None) for attribute, told in attributes.items()}
    return {
        told: Recorded(first, tuple(map(float, values)))
        for told, values in recorded.items()
        if values is not None and len(values)
    }
