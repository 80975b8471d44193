"""Exports a model and those that it feeds on as one ONNX graph, whichever libraries they are from."""

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
LOADS = ("mlc.drivers._joint", "mlc.drivers._onnx", "mlc.drivers._parity", "mlc.drivers._skops")


def run(work: Work) -> Product:
    """What `onnx_export` gives. Raises StepFailed as it does."""
    from importlib.util import find_spec

    from mlc.drivers import onnx_export

    named = work.operation.driver.split("+")
    # what a version from the registry was made with is known only now
    unknown = work.spec.get("reuses", False)
    if "xgboost_train" in named or (unknown and find_spec("xgboost")):
        from mlc.drivers import _xgboost

        _xgboost.register_converters()
    if "lightgbm_train" in named or (unknown and find_spec("lightgbm")):
        from mlc.drivers import _lightgbm

        _lightgbm.register_converters()
    return onnx_export.run(work)
