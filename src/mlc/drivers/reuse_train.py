"""Trains a model on the transforms of a registered version, or from where its estimator stopped.

Inputs: `train` (Parquet), `base` (skops) and `about` (JSON, see `_reused.About`).
"""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 50.0
LOADS = (
    "mlc.drivers._training",
    "mlc.drivers._calibration",
    "mlc.drivers._estimators",
    "mlc.drivers._reused",
)


def run(work: Work) -> Product:
    """What `_training.train` gives. Raises StepFailed (training-failed, reuse-unfit)."""
    import msgspec

    from mlc.drivers import _fitting, _reused, _training
    from mlc.drivers._skops import load_model

    about = msgspec.json.decode(work.inputs["about"].read_bytes(), type=_reused.About)
    asked = {**work.spec, "base": load_model(work.inputs["base"])}
    try:
        return _training.train(work, _fitting.build, asked=asked)
    except _reused.Misfit as error:
        raise _reused.refused(error, f"{about.name}:{about.number}", work.operation.address) from error
