"""evaluate: scores the served model on the test set; every metric with its interval, and what the gates ask for.

Inputs: `onnx`, `test` (Parquet) and of a clustering `model` (skops). Output: `evaluation` (JSON, see
`mlc.ir.evaluation.Evaluation`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from msgspec import structs

from mlc.drivers._canonical import canonical
from mlc.drivers.evaluating import disturbed, fairness, slices
from mlc.drivers.evaluating.answers import design_of, estimates, in_order, warnings
from mlc.drivers.evaluating.disturbed import Score
from mlc.drivers.evaluating.figures import figures_of
from mlc.drivers.evaluating.scoring import scorer, truth_of
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design
from mlc.ir.evaluation import METRICS, Evaluation, Sampling
from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import evaluation_impossible

VERSION = 3
PACKAGES = ("numpy", "onnxruntime", "polars", "scipy")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 100.0

MAIN = (
    "roc_auc",
    "roc_auc_macro",
    "average_precision",
    "accuracy",
    "f1",
    "f1_macro",
    "brier",
    "rmse",
    "mae",
    "r2",
    "alert_rate",
    "silhouette",
    "adjusted_rand_index",
)
"""What the terminal shows, as far as the task has it."""


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
    frame = in_order(spec, frame)
    work.tell(f"scoring {frame.height:,} rows")
    truth = _or_fail(
        address,
        "The labels of the test set cannot be used: {}",
        "Say `nullable: false` for the label in the dataset, or drop the rows without one.",
        lambda: truth_of(frame, spec),
    )
    score = scorer(work.inputs["onnx"], spec, truth)
    answers = _or_fail(
        address,
        "{}",
        "Look at the columns that feed the model for missing and infinite values, and at its export.",
        lambda: score(frame),
    )
    if "model" in work.inputs:
        answers = structs.replace(answers, scores=_space(work, frame))
    work.tell("estimating")
    evaluation = _or_fail(
        address,
        "{}",
        "Mend the column in the dataset, or name another one in the gate.",
        lambda: evaluate(answers, spec, frame, score),
    )
    written = work.folder / "evaluation.json"
    written.write_bytes(canonical(evaluation))
    return Product({"evaluation": written}, summary(evaluation))


def evaluate(
    answers: Answers, spec: Mapping[str, Any], frame: pl.DataFrame | None = None, score: Score | None = None
) -> Evaluation:
    """Everything measured of the answers on a table's rows.

    `spec` has the operation's task, label, seed and confidences, and what gates ask for. Without a table and a
    way to score, nothing is said of slices, groups or disturbed inputs. Raises ValueError, with a sentence to
    show, where a column cannot be used.
    """
    if frame is None:
        design, sampling = Design(answers.n, spec["seed"]), Sampling("rows", answers.n)
    else:
        design, sampling = design_of(dict(spec), frame, answers)
    made = Evaluation(
        task=spec["task"],
        rows=answers.n,
        label=spec.get("label") or "",
        positive=spec.get("positive"),
        estimates=estimates(answers, design, spec["confidences"]),
        warnings=warnings(answers, design),
        sampling=sampling,
        **figures_of(answers, design, spec["seed"]),
    )
    if frame is None or score is None:
        return made
    asked = spec.get("asked", {})
    metric, importance = disturbed.importance(list(spec["columns"]), frame, answers, design, score)
    return structs.replace(
        made,
        slices=tuple(
            one
            for gate, wanted in sorted(asked.items())
            if "slices" in wanted
            for one in slices.slices(gate, slices.look_of(wanted["slices"]), frame, answers, design)
        ),
        fairness=tuple(
            one
            for gate, wanted in sorted(asked.items())
            if "fairness" in wanted
            for one in fairness.gaps(
                gate,
                wanted["fairness"]["protected"],
                wanted["fairness"]["criteria"],
                wanted["fairness"]["min_rows"],
                frame,
                answers,
                design,
                [wanted["fairness"]["confidence"]],
            )
        ),
        robustness=tuple(
            one
            for gate, wanted in sorted(asked.items())
            if "robustness" in wanted
            for one in disturbed.robustness(
                gate, wanted["robustness"], spec["columns"], frame, answers, design, score
            )
        ),
        importance=importance,
        importance_metric=metric,
    )


def summary(evaluation: Evaluation) -> dict[str, Any]:
    """What the terminal shows: rows, and the main estimates as `0.8143 (0.8054–0.8229)`."""
    shown: dict[str, Any] = {"rows": evaluation.rows}
    if evaluation.positives is not None:
        shown["positives"] = evaluation.positives
    for name in MAIN:
        estimate = evaluation.estimates.get(name)
        if estimate is not None and estimate.value is not None:
            interval = (
                "no interval"
                if estimate.low is None or estimate.high is None
                else f"{estimate.low:.4f}–{estimate.high:.4f}"
            )
            shown[METRICS[name].title] = f"{estimate.value:.4f} ({interval})"
    if evaluation.warnings:
        shown["warnings"] = list(evaluation.warnings)
    return shown


def _space(work: Work, frame: pl.DataFrame) -> Any:
    """The numbers (n, d) that a clustering sees of each row: how its clusters hold together is measured there."""
    from mlc.drivers._columns import model_input
    from mlc.drivers._skops import load_model

    model = load_model(work.inputs["model"])
    made = model[:-1].transform(model_input(frame, work.spec["columns"]))
    return np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)


def _or_fail(address: str, sentence: str, mend: str, make: Any) -> Any:
    """What `make` gives. Raises StepFailed (evaluation-impossible) where it cannot."""
    try:
        return make()
    except (ValueError, pl.exceptions.PolarsError, np.linalg.LinAlgError) as error:
        said = str(error)
        said = said if said.endswith(".") else f"{said}."
        raise StepFailed(evaluation_impossible.found(sentence.format(said), mend, address=address)) from error
