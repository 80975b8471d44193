"""Exports a model that the project's own code trained as ONNX, and proves that it says what the model says.

An estimator of the project brings its own conversion, in skl2onnx's form: the methods `onnx_parser`,
`onnx_shape_calculator` and `onnx_converter`. What is of a library is converted as it always is.
"""

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


def run(work: Work) -> Product:
    """What `onnx_export.run` gives, done in an interpreter of its own. Raises StepFailed (export-failed,
    parity-broken, user-code-failed)."""
    from mlc.drivers import _user_code

    return _user_code.run_apart(work, "export")
