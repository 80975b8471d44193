"""From a served model and a table to answers, checked: what is no answer is told, not measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mlc.drivers._columns import binary_label
from mlc.drivers._onnx import open_session, score
from mlc.drivers.evaluating.disturbed import Score
from mlc.drivers.statistics.answers import Answers, Array

_SLACK = 1e-6  # float32 probabilities may miss 0 and 1 by their last digit


def truth_of(frame: pl.DataFrame, spec: dict[str, Any]) -> Array | None:
    """The labels of a table. Raises ValueError, with a sentence to show, for labels that are none."""
    truth: Array = binary_label(frame, spec["label"], spec["positive"]).to_numpy() == 1
    return truth


def scorer(path: Path, spec: dict[str, Any], truth: Array | None, *, as_it_takes: bool = False) -> Score:
    """What scores tables of the rows that `truth` (n,) is of. Raises StepFailed (onnx-refused).

    `as_it_takes` gives another model than the spec's the columns that it takes, as it takes them.
    """
    session = open_session(path)
    columns = _taken(session) if as_it_takes else spec["columns"]

    def scored(frame: pl.DataFrame) -> Answers:
        missing = [name for name in columns if name not in frame.columns]
        if missing:
            raise ValueError(f"It takes the column {missing[0]}, which the test data do not have.")
        labels, probabilities = score(session, frame, columns)
        scores = probabilities[:, 1].astype(np.float64)
        wrong = int((~((scores >= -_SLACK) & (scores <= 1 + _SLACK))).sum())
        if wrong:
            raise ValueError(
                f"On {wrong:,} of {len(scores):,} test rows the served model gives a score that is not a probability "
                "between 0 and 1. A metric of such scores means nothing."
            )
        return Answers(spec["task"], truth, labels == 1, np.clip(scores, 0, 1))

    return scored


def _taken(session: Any) -> dict[str, dict[str, str]]:
    """The columns that a model takes, each with its type."""
    return {
        one.name: {"type": "string" if one.type == "tensor(string)" else "number"}
        for one in session.get_inputs()
    }
