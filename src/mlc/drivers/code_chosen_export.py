"""Exports the candidate that was chosen as ONNX, where candidates are the project's own code."""

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
LOADS = ("mlc.drivers._convert", "mlc.drivers._onnx", "mlc.drivers._skops")


def run(work: Work) -> Product:
    """What `onnx_export.run` gives; the project's own code in an interpreter of its own. Raises StepFailed
    (export-failed, parity-broken, user-code-failed)."""
    from mlc.drivers import _chosen, _user_code, chosen_export

    if not _chosen.is_code(work):
        return chosen_export.run(work)
    return _user_code.run_apart(_chosen.named(work), "export")
