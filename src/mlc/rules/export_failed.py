"""export-failed: a model cannot be written as ONNX.

Why it matters: what cannot be written as ONNX cannot be served.
How to mend it: choose another estimator, other parameters, or another `optimize.opset`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A model cannot be written as ONNX.")


def found(detail: str, *, address: str) -> Diagnostic:
    """`detail` says what the converter or the checker complains of."""
    return RULE.at(
        None,
        detail,
        help="Choose another estimator, other parameters, or another `optimize.opset`.",
        address=address,
        path="optimize",
    )
