"""Trains an ensemble of candidates: their mean, or a final estimator that learns from them."""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 80.0
LOADS = ("mlc.drivers._training", "mlc.drivers._ensemble", "mlc.drivers._estimators")


def run(work: Work) -> Product:
    """What `_training.train` gives. Raises StepFailed (training-failed)."""
    from mlc.drivers import _ensemble, _training

    asked = {**work.spec, "estimator": f"ensemble.{work.spec['ensemble']['method']}", "params": {}, "seed": 0}
    return _training.train(work, lambda *_: _ensemble.estimator(work.spec), asked=asked, path="ensemble")
