"""Trains one scikit-learn Pipeline: the feature groups and a classifier of XGBoost."""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 2
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars", "xgboost-cpu")
EFFECT = False


def run(work: Work) -> Product:
    """What `_training.train` gives. Raises StepFailed (training-failed)."""
    from mlc.drivers import _training, _xgboost

    return _training.train(work, _xgboost.estimator)
