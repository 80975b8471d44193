"""calibration-not-served: probabilities are to be calibrated in a way that is not served.

Why it matters: what is served is the ONNX form, and it must say what the model says. Temperature scaling works on the
logits within scikit-learn, and its converter for ONNX has no form for it. A calibration maps probabilities, so the
task has to have them.
How to mend it: take `isotonic` (many rows) or `sigmoid` (few), or leave `calibrate` out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.task import TASKS
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "This calibration is not served.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
BAD = {"model/churn.yaml": _MODEL + "calibrate: temperature\n"}
GOOD = {"model/churn.yaml": _MODEL + "calibrate: sigmoid\n"}

_OTHERS = {
    "regression": "a regression gives a number: it has none.",
    "anomaly_detection": "a score of anomaly detection is none: it only puts rows in an order.",
    "clustering": "a clustering is not told which cluster a row belongs to: nothing could come true.",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        method, task = model["calibrate"], model["task"]
        place: dict[str, Any] = {"address": str(address), "path": "calibrate"}
        if method == "temperature":
            yield RULE.at(
                subject.span(address, "calibrate"),
                "Temperature scaling has no ONNX form: it divides the logits within scikit-learn's "
                "CalibratedClassifierCV, which skl2onnx converts for `isotonic` and `sigmoid` only.",
                text="no ONNX form",
                help="`sigmoid` does what a temperature does, of each class by itself, and corrects a shift as well.",
                **place,
            )
        elif method is not None and not TASKS[task].classifies:
            yield RULE.at(
                subject.span(address, "calibrate"),
                f"What is calibrated are the probabilities of classes, and {_OTHERS[task]}",
                text="not for this task",
                help="Leave it out.",
                **place,
            )
