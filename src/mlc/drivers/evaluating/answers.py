"""A model's answers on a test set, and what every task makes of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlc.drivers.statistics import anomalies, binary, clusters, multiclass, regression
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.bootstrap import log_losses
from mlc.drivers.statistics.design import Design, block_length
from mlc.ir.evaluation import Estimate, Sampling
from mlc.ir.metrics import ANOMALY, BINARY, CLUSTERING, MULTICLASS

Ints = NDArray[np.int64]


def estimates(
    answers: Answers, design: Design, levels: Sequence[float], only: Collection[str] | None = None
) -> dict[str, Estimate]:
    """Every metric of the task, or `only` some of them, with intervals at 0.95 and at each of `levels`."""
    truth, predicted, scores = answers.truth, answers.predicted, answers.scores
    match answers.task:
        case "binary_classification":
            assert truth is not None
            assert predicted is not None
            assert scores is not None
            found = binary.estimates(
                truth, predicted, scores, seed=design.seed, confidences=levels, design=design, only=only
            )
        case "multiclass_classification":
            assert truth is not None
            assert predicted is not None
            assert scores is not None
            found = multiclass.estimates(truth, predicted, scores, design, confidences=levels)
        case "regression":
            assert truth is not None
            assert scores is not None
            found = regression.estimates(truth, scores, design, confidences=levels, level=answers.level)
        case "anomaly_detection":
            assert predicted is not None
            assert scores is not None
            found = anomalies.estimates(predicted, scores, truth, design, confidences=levels)
        case _:
            assert predicted is not None
            found = clusters.estimates(predicted, scores, truth, design, confidences=levels)
    return found if only is None else {name: one for name, one in found.items() if name in only}


def warnings(answers: Answers, design: Design) -> tuple[str, ...]:
    """What a reader must know of the test set before trusting any interval."""
    found: tuple[str, ...] = ()
    if answers.task == BINARY or (answers.task == ANOMALY and answers.truth is not None):
        assert answers.truth is not None
        found = binary.warnings(answers.truth)
    elif answers.task == MULTICLASS:
        assert answers.truth is not None
        found = multiclass.warnings(answers.truth, answers.classes)
    elif answers.task == CLUSTERING:
        found = tuple(regression.few(design))
    elif answers.task != ANOMALY:
        assert answers.truth is not None
        return regression.warnings(answers.truth, design)
    if not design.is_plain and answers.task != CLUSTERING:
        found += tuple(regression.few(design))
    return found


def losses(answers: Answers) -> NDArray[np.float64]:
    """What each row costs, (n,): how long the errors of neighbouring rows stay alike is read off it."""
    if answers.truth is None or answers.scores is None:
        assert answers.predicted is not None
        return np.asarray(answers.predicted, dtype=np.float64)
    if answers.task == BINARY:
        return log_losses(answers.truth, answers.scores)
    if answers.task == MULTICLASS:
        return multiclass.log_losses(answers.truth, answers.scores)
    if answers.task == ANOMALY and answers.predicted is not None:
        return np.not_equal(answers.predicted, answers.truth).astype(np.float64)
    squares: NDArray[np.float64] = (answers.scores - answers.truth) ** 2
    return squares


def design_of(spec: dict[str, Any], frame: pl.DataFrame, answers: Answers) -> tuple[Design, Sampling]:
    """How the test set was drawn: `spec` may have `sampling` (by and column) and `weight` (a column).

    Rows are in the order of time where they are resampled by blocks: see `in_order`. Raises ValueError, with a
    sentence to show, for weights that are none.
    """
    n, sampling = frame.height, spec.get("sampling") or {"by": "rows", "column": ""}
    weights = _weights(frame, spec["weight"]) if spec.get("weight") else None
    groups, block = None, 0
    if sampling["by"] == "groups":
        column = frame[sampling["column"]]
        groups = column.cast(pl.String).fill_null("").rank("dense").to_numpy().astype(np.int64) - 1
    elif sampling["by"] == "blocks":
        block = block_length(losses(answers))
    design = Design(n, spec["seed"], weights, groups, block)
    return design, Sampling(design.by, design.units, sampling["column"], block, spec.get("weight", ""))


def in_order(spec: dict[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in the order of time, where they are resampled by blocks of it."""
    sampling = spec.get("sampling") or {"by": "rows"}
    return frame.sort(sampling["column"], maintain_order=True) if sampling["by"] == "blocks" else frame


def of_rows(design: Design, rows: Ints) -> Design:
    """The design of some of the rows (their places, rising)."""
    share = len(rows) / design.n
    groups = None if design.groups is None else np.unique(design.groups[rows], return_inverse=True)[1]
    return Design(
        n=len(rows),
        seed=design.seed,
        weights=None if design.weights is None else design.weights[rows],
        groups=None if groups is None else groups.astype(np.int64),
        block=max(1, round(design.block * share)) if design.block else 0,
        resamples=design.resamples,
    )


def _weights(frame: pl.DataFrame, column: str) -> NDArray[np.float64]:
    weights = frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    wrong = int((~(np.isfinite(weights) & (weights >= 0))).sum())
    if wrong:
        raise ValueError(f"{wrong:,} rows have a weight {column} that is missing, negative or not finite.")
    if weights.sum() <= 0:
        raise ValueError(f"Every row has the weight 0 in {column}.")
    scaled: NDArray[np.float64] = weights / weights.mean()
    return scaled
