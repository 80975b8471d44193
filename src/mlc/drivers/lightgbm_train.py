"""Trains one scikit-learn Pipeline: the feature groups and a classifier of LightGBM."""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 2
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars", "lightgbm")
EFFECT = False


def run(work: Work) -> Product:
    """What `_training.train` gives. Raises StepFailed (training-failed)."""
    from mlc.drivers import _lightgbm, _training

    return _training.train(work, _lightgbm.estimator)
