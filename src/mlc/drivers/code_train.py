"""Trains one scikit-learn Pipeline: the feature groups and an estimator of the project's own code."""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 2
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 50.0


def run(work: Work) -> Product:
    """What `_training.train` gives, done in an interpreter of its own. Raises StepFailed (training-failed,
    user-code-failed)."""
    from mlc.drivers import _user_code

    return _user_code.run_apart(work, "train")
