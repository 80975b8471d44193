"""Scores one candidate, as it is written, on the folds of the training part."""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 2
PACKAGES = ("scikit-learn", "numpy", "scipy", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 80.0
LOADS = ("mlc.drivers._candidate", "mlc.drivers._calibration", "mlc.drivers._estimators")


def run(work: Work) -> Product:
    """What `_candidate.score` gives. Raises StepFailed (selection-impossible)."""
    from mlc.drivers import _candidate

    return _candidate.score(work)
