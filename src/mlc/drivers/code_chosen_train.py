"""Trains the candidate that was chosen, where candidates are the project's own code."""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 50.0
LOADS = ("mlc.drivers._training", "mlc.drivers._calibration", "mlc.drivers._estimators")


def run(work: Work) -> Product:
    """What `_training.train` gives; the project's own code in an interpreter of its own, and what is of a library as
    ever. Raises StepFailed (training-failed, user-code-failed)."""
    from mlc.drivers import _chosen, _user_code, chosen_train

    if not _chosen.is_code(work):
        return chosen_train.run(work)
    return _user_code.run_apart(_chosen.named(work), "train")
