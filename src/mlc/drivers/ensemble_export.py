"""Exports an ensemble as one ONNX graph, whichever libraries its members are from."""

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
)
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 50.0
LOADS = ("mlc.drivers._convert", "mlc.drivers._onnx", "mlc.drivers._parity", "mlc.drivers._skops")


def run(work: Work) -> Product:
    """What `onnx_export` gives. Raises StepFailed as it does."""
    from mlc.drivers import onnx_export

    libraries = work.operation.driver.split("+")
    if "xgboost_train" in libraries:
        from mlc.drivers import _xgboost

        _xgboost.register_converters()
    if "lightgbm_train" in libraries:
        from mlc.drivers import _lightgbm

        _lightgbm.register_converters()
    return onnx_export.run(work)
