"""Exports a classifier of LightGBM as ONNX, and proves on the whole test set that it says what the model says."""

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
    "lightgbm",
    "onnxmltools",
)
EFFECT = False


def run(work: Work) -> Product:
    """What `onnx_export` gives. Raises StepFailed as it does."""
    from mlc.drivers import _lightgbm, onnx_export

    _lightgbm.register_converters()
    return onnx_export.run(work)
