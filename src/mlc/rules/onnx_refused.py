"""onnx-refused: an ONNX file is not one that mlc opens.

Why it matters: an ONNX file is data that a native library executes. One that points at other files reads
what it was not given, one that is far too large exhausts the machine, and one that is not a classifier of
the expected shape would be served wrongly.
How to mend it: export the model again with `mlc apply`; a file from elsewhere must hold its weights within
itself and give the outputs `label` and `probabilities`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "An ONNX file was refused.")


def found(detail: str, *, address: str = "") -> Diagnostic:
    """`detail` says what is wrong with the file, in full sentences."""
    return RULE.at(
        None,
        detail,
        help="Export the model again with `mlc apply`; mlc opens only self-contained classifiers.",
        address=address,
    )
