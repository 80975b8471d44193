"""Trains the candidate that was chosen, with the parameters that were found, on the whole training part."""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 2
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 50.0
LOADS = ("mlc.drivers._training", "mlc.drivers._calibration", "mlc.drivers._estimators")


def run(work: Work) -> Product:
    """What `_training.train` gives. Raises StepFailed (training-failed)."""
    from mlc.drivers import _chosen, _fitting, _training

    chosen = _chosen.read(work)
    asked = {
        **work.spec,
        "estimator": chosen.estimator,
        "params": chosen.params,
        "seed": chosen.seed,
    }
    path = "train" if chosen.name == "train" else f"candidates.{chosen.name}"
    return _training.train(work, _fitting.build, asked=asked, path=path)
