"""Exports a classifier of XGBoost as ONNX, and proves on the whole test set that it says what the model says."""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = (
    "scikit-learn",
    "numpy",
    "scipy",
    "skops",
    "skl2onnx",
    "onnx",
    "onnxruntime",
    "polars",
    "protobuf",
    "xgboost-cpu",
    "onnxmltools",
)
EFFECT = False


def run(work: Work) -> Product:
    """What `onnx_export` gives. Raises StepFailed as it does."""
    from mlc.drivers import _xgboost, onnx_export

    _xgboost.register_converters()
    return onnx_export.run(work)
