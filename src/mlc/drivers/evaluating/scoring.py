"""From a served model and a table to answers, checked: what is no answer is told, not measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mlc.drivers._columns import binary_label, class_codes, number_label
from mlc.drivers._onnx import Scored, open_session, outputs_of, score
from mlc.drivers.evaluating.disturbed import Score
from mlc.drivers.statistics.answers import Answers, Array
from mlc.ir.metrics import ANOMALY, BINARY, CLUSTERING, MULTICLASS, REGRESSION
from mlc.ir.task import OF_TWO, TASKS

_SLACK = 1e-6  # float32 probabilities may miss 0 and 1 by their last digit


def truth_of(frame: pl.DataFrame, spec: Mapping[str, Any]) -> Array | None:
    """The labels of a table (n,), as `Answers` has them; None where the task has none.

    Raises ValueError, with a sentence to show, for labels that are none.
    """
    label = spec.get("label")
    match spec["task"]:
        case "multiclass_classification":
            return class_codes(frame, label or "", spec["classes"]).to_numpy()
        case "regression":
            return number_label(frame, label or "").to_numpy()
        case "clustering":
            if not label:
                return None
            known = frame[label].cast(pl.String).fill_null("missing")
            codes: Array = known.rank("dense").to_numpy().astype(np.int64) - 1
            return codes
    if not label:
        return None
    truth: Array = binary_label(frame, label, spec["positive"]).to_numpy() == 1
    return truth


def scorer(path: Path, spec: Mapping[str, Any], truth: Array | None, *, as_it_takes: bool = False) -> Score:
    """What scores tables of the rows that `truth` (n,) is of. Raises StepFailed (onnx-refused).

    `as_it_takes` gives another model than the spec's the columns that it takes, as it takes them; it raises
    ValueError for one of another task.
    """
    session = open_session(path)
    columns = _taken(session) if as_it_takes else spec["columns"]
    classes = spec.get("classes", OF_TWO)
    wanted = TASKS[spec["task"]].outputs
    if outputs_of(session) != wanted:
        given = ", ".join(outputs_of(session))
        raise ValueError(
            f"It gives {given}, and a model of {TASKS[spec['task']].title} gives {', '.join(wanted)}."
        )

    def scored(frame: pl.DataFrame) -> Answers:
        missing = [name for name in columns if name not in frame.columns]
        if missing:
            raise ValueError(f"It takes the column {missing[0]}, which the test data do not have.")
        return _answers(spec, truth, score(session, frame, columns, classes))

    return scored


def _answers(spec: Mapping[str, Any], truth: Array | None, found: Scored) -> Answers:
    """What was said, checked. Raises ValueError, with a sentence to show, for what is no answer."""
    task = spec["task"]
    names = tuple(str(one) for one in spec.get("classes", ()))
    if task in (BINARY, MULTICLASS):
        assert found.labels is not None
        assert found.probabilities is not None
        scores = found.probabilities.astype(np.float64)
        if task == MULTICLASS and scores.shape[1] != len(names):
            raise ValueError(f"It knows {scores.shape[1]} classes, and the label has {len(names)}.")
        _require(
            "score",
            (scores >= -_SLACK) & (scores <= 1 + _SLACK),
            "that is not a probability between 0 and 1. A metric of such scores means nothing.",
        )
        scores = np.clip(scores, 0, 1)
        if task == BINARY:
            return Answers(task, truth, found.labels == 1, scores[:, 1])
        return Answers(task, truth, found.labels, scores / scores.sum(axis=1, keepdims=True), names)
    if task == CLUSTERING:
        assert found.labels is not None
        return Answers(task, truth, found.labels, None)
    assert found.values is not None
    values = found.values.astype(np.float64)
    _require(
        "value", np.isfinite(values), "that is not a finite number. A metric of such values means nothing."
    )
    if task == REGRESSION:
        return Answers(task, truth, None, values, level=spec.get("quantile", 0.5))
    assert task == ANOMALY, task
    assert found.labels is not None
    return Answers(task, truth, found.labels == 1, values)


def _require(what: str, fits: Array, otherwise: str) -> None:
    rows: Array = fits if fits.ndim == 1 else np.all(fits, axis=1)
    if not rows.all():
        raise ValueError(
            f"On {int((~rows).sum()):,} of {len(rows):,} test rows the served model gives a {what} {otherwise}"
        )


def _taken(session: Any) -> dict[str, dict[str, str]]:
    """The columns that a model takes, each with its type."""
    types = {"tensor(string)": "string", "tensor(int64)": "datetime"}
    return {one.name: {"type": types.get(one.type, "number")} for one in session.get_inputs()}
