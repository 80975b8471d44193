"""evaluate: scores the served model on the test set; every metric with its interval, as JSON and as a page.

Inputs: `onnx`, `test` (Parquet). Outputs: `evaluation` (JSON, see `mlc.ir.evaluation.Evaluation`) and
`report` (one HTML page).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlc.drivers._canonical import canonical
from mlc.drivers._columns import binary_label
from mlc.drivers._evaluation_page import page
from mlc.drivers._onnx import open_session, score
from mlc.drivers.statistics import binary
from mlc.drivers.statistics.calibration import calibration_bins, histogram
from mlc.ir.evaluation import METRICS, Evaluation
from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import evaluation_impossible

VERSION = 1
PACKAGES = ("jinja2", "numpy", "onnxruntime", "polars", "scipy")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 100.0

MAIN = ("roc_auc", "average_precision", "accuracy", "f1", "brier")
"""What the terminal shows."""


def run(work: Work) -> Product:
    """Evaluate. Raises StepFailed (evaluation-impossible, onnx-refused)."""
    address, spec = work.operation.address, work.spec
    frame = pl.read_parquet(work.inputs["test"])
    if frame.is_empty():
        raise StepFailed(
            evaluation_impossible.found(
                "The test part of the dataset holds no rows, so that nothing can be measured on it.",
                "Raise `split.test` in the dataset, or give the dataset more rows.",
                address=address,
            )
        )
    work.tell(f"scoring {frame.height:,} rows")
    truth = _truth(frame, spec, address)
    scored = score(open_session(work.inputs["onnx"]), frame, spec["columns"])
    assert scored.labels is not None
    assert scored.probabilities is not None
    scores = scored.probabilities[:, 1].astype(np.float64)
    if not np.isfinite(scores).all() or scores.min() < -_SLACK or scores.max() > 1 + _SLACK:
        raise StepFailed(
            evaluation_impossible.found(
                f"On {_wrong(scores):,} of {len(scores):,} test rows the served model gives a score that "
                "is not a probability between 0 and 1. A metric of such scores means nothing.",
                "Look at the columns that feed the model for missing and infinite values, and at its export.",
                address=address,
            )
        )
    work.tell("estimating")
    evaluation = evaluate(truth, scored.labels == 1, np.clip(scores, 0, 1), spec)
    written, report = work.folder / "evaluation.json", work.folder / "report.html"
    written.write_bytes(canonical(evaluation))
    data = page(evaluation, work.operation.address, spec, work.digests)
    report.write_bytes(work.render("evaluation_report", "report.html.j2", data))
    return Product({"evaluation": written, "report": report}, summary(evaluation))


def evaluate(
    truth: NDArray[np.bool_], predicted: NDArray[np.bool_], scores: NDArray[np.float64], spec: dict[str, Any]
) -> Evaluation:
    """Everything measured, from what is true, what was said and the probability of it; all (n,).

    `spec` has the operation's task, label, positive, seed and confidences. Raises ValueError as
    `statistics.binary.estimates` does.
    """
    estimates = binary.estimates(truth, predicted, scores, seed=spec["seed"], confidences=spec["confidences"])
    return Evaluation(
        task=spec["task"],
        rows=len(truth),
        positives=int(truth.sum()),
        label=spec["label"],
        positive=spec["positive"],
        estimates=estimates,
        confusion=binary.confusion(truth, predicted),
        roc=binary.roc_curve(truth, scores),
        precision_recall=binary.precision_recall_curve(truth, scores),
        calibration=calibration_bins(truth, scores, binary.CONFIDENCE),
        histogram=histogram(truth, scores),
        warnings=binary.warnings(truth),
    )


def summary(evaluation: Evaluation) -> dict[str, Any]:
    """What the terminal shows: rows, and the main estimates as `0.8143 (0.8054–0.8229)`."""
    shown: dict[str, Any] = {"rows": evaluation.rows, "positives": evaluation.positives}
    for name in MAIN:
        estimate = evaluation.estimates[name]
        if estimate.value is not None:
            interval = (
                "no interval"
                if estimate.low is None or estimate.high is None
                else f"{estimate.low:.4f}–{estimate.high:.4f}"
            )
            shown[METRICS[name].title] = f"{estimate.value:.4f} ({interval})"
    if evaluation.warnings:
        shown["warnings"] = list(evaluation.warnings)
    return shown


_SLACK = 1e-6  # float32 probabilities may miss 0 and 1 by their last digit


def _truth(frame: pl.DataFrame, spec: dict[str, Any], address: str) -> NDArray[np.bool_]:
    try:
        truth: NDArray[np.bool_] = binary_label(frame, spec["label"], spec["positive"]).to_numpy() == 1
    except (ValueError, pl.exceptions.PolarsError) as error:
        raise StepFailed(
            evaluation_impossible.found(
                f"The labels of the test set cannot be used: {error}.",
                "Say `nullable: false` for the label in the dataset, or drop the rows without one.",
                address=address,
            )
        ) from error
    return truth


def _wrong(scores: NDArray[np.float64]) -> int:
    return int((~((scores >= -_SLACK) & (scores <= 1 + _SLACK))).sum())
