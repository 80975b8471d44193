"""Trains one scikit-learn Pipeline: the feature groups and an estimator of scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlc.ir.operation import Product, Work

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

VERSION = 2
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 50.0
LOADS = (
    "polars",
    "threadpoolctl",
    "mlc.drivers._columns",
    "mlc.drivers._estimators",
    "mlc.drivers._labels",
    "mlc.drivers._pipeline",
    "mlc.drivers._skops",
)


def run(work: Work) -> Product:
    """What `_training.train` gives. Raises StepFailed (training-failed)."""
    from mlc.drivers import _estimators, _training

    return _training.train(work, _estimators.estimator)


def load_model(path: Path) -> Pipeline:
    """The Pipeline that `run` wrote; no type is loaded that is not in a fixed list."""
    from mlc.drivers import _skops

    return _skops.load_model(path)
