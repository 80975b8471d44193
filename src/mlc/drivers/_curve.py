"""A learning curve: in which order rows join, what a model answers, and what the curve says of more rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from mlc.drivers._columns import model_input
from mlc.drivers._folds import hashes as hashes_of
from mlc.drivers._skops import load_model
from mlc.drivers.evaluating.answers import estimates
from mlc.drivers.evaluating.scoring import truth_of
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design
from mlc.ir.evaluation import METRICS
from mlc.ir.learning import Advice, CurvePoint, LearningCurve
from mlc.ir.metrics import ANOMALY, BINARY, MULTICLASS, REGRESSION
from mlc.ir.task import TASKS

Floats = NDArray[np.float64]


class Order(Struct, frozen=True):
    """`place` (n,): the share of rows at which each row joins, in (0, 1]."""

    place: Floats

    def of(self, share: float) -> NDArray[np.int64]:
        """The rows of a share, rising; those of a smaller share are among them."""
        return np.flatnonzero(self.place <= share + 1e-12)


def order(frame: pl.DataFrame, draw: Mapping[str, Any], task: str) -> tuple[Order, str]:
    """In which order rows join, as folds keep them apart, and that in words.

    By the hash of the id, of each class as many; whole groups by the hash of the group; in time the latest rows, as
    a shorter history is one that began later.
    """
    n = frame.height
    if draw["method"] == "time":
        rank = frame[draw["column"]].rank("ordinal").to_numpy().astype(np.int64)
        return Order((n - rank + 1) / n), f"the latest rows by {draw['column']}"
    hashes = hashes_of(frame, draw["column"], f"{draw['purpose']} {draw['seed']} 0")
    if draw["method"] == "group":
        # a group joins where its last row does, in the order of the groups' hashes
        by_hash = np.argsort(hashes, kind="stable")
        last = np.searchsorted(hashes[by_hash], hashes, side="right")
        return Order(last / n), f"whole groups of {draw['column']}, by hash"
    strata = np.zeros(n, np.int64)
    if TASKS[task].classifies and draw["label"]:
        strata = frame[draw["label"]].cast(pl.String).fill_null("").rank("dense").to_numpy().astype(np.int64)
    place = np.zeros(n)
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        ranks = np.argsort(np.argsort(hashes[rows], kind="stable"), kind="stable")
        place[rows] = (ranks + 0.5) / len(rows)
        place[rows[ranks == 0]] = 0.0  # of each class one row is there from the start
    how = "as many of each class, by the hash of " if strata.any() else "by the hash of "
    return Order(place), how + (draw["column"] or "the row")


def answers(model: Path, frame: pl.DataFrame, spec: Mapping[str, Any]) -> Answers:
    """What a trained model says of rows. Raises ValueError, with a sentence to show, where that is no answer."""
    task = spec["task"]
    truth = truth_of(frame, spec)
    pipeline = load_model(model)
    rows = model_input(frame, spec["columns"])
    with threadpool_limits(1):
        if task in (BINARY, MULTICLASS):
            scores = np.asarray(pipeline.predict_proba(rows), dtype=np.float64)
            names = tuple(str(one) for one in spec.get("classes", ()))
            if scores.shape[1] != (len(names) or 2):
                raise ValueError(f"It learned {scores.shape[1]} of the classes only.")
            labels = np.asarray(pipeline.predict(rows))
            if task == BINARY:
                return Answers(task, truth, labels == 1, scores[:, 1])
            return Answers(task, truth, labels, scores, names)
        if task == REGRESSION:
            values = np.asarray(pipeline.predict(rows), dtype=np.float64).reshape(-1)
            return Answers(task, truth, None, values, level=spec.get("quantile", 0.5))
        assert task == ANOMALY, task
        unlike = -np.asarray(pipeline.decision_function(rows), dtype=np.float64)
        return Answers(task, truth, np.asarray(pipeline.predict(rows)) < 0, unlike)


def on_learned(model: Path, rows: pl.DataFrame, spec: Mapping[str, Any], metric: str) -> float | None:
    """The metric on rows that the model learned from; None where it is not defined of them."""
    try:
        said = answers(model, rows, spec)
        return estimates(said, Design(said.n, 0, resamples=2), [], only=(metric,))[metric].value
    except ValueError:
        return None


def concluded(metric: str, points: Sequence[CurvePoint], drawn: str) -> LearningCurve:
    """The curve, with what its last step says of more rows."""
    last = next((one for one in reversed(points[:-1]) if one.gain is not None), None)
    advice, words = _advice(METRICS[metric].title, last, points[-1])
    return LearningCurve(metric, tuple(points), drawn, advice, words)


def said(point: CurvePoint) -> str:
    """A point for people: `0.9654 (0.9617–0.9688)`."""
    one = point.estimate
    if one is None:
        return point.problem
    if one.value is None:
        return " ".join(one.warnings)
    if one.low is None or one.high is None:
        return f"{one.value:.4f} (no interval)"
    return f"{one.value:.4f} ({one.low:.4f}–{one.high:.4f})"


def _advice(title: str, last: CurvePoint | None, whole: CurvePoint) -> tuple[Advice, str]:
    """What the gain from the last share to the whole says.

    `enough`: even the upper end of the gain is smaller than what the test rows leave open of the metric itself.
    """
    gain = None if last is None else last.gain
    if last is None or gain is None or gain.value is None or whole.estimate is None:
        return "unclear", "No smaller share could be learned from, so that nothing is known of more rows."
    way = "better" if gain.value >= 0 else "worse"
    grown = f"From {last.rows:,} to {whole.rows:,} rows {title} got {way} by {abs(gain.value):.4g}"
    if gain.low is None or gain.high is None:
        if gain.value == 0:
            return "enough", f"{grown}: more rows of the same kind would hardly help."
        return "unclear", f"{grown}, and how surely is not known."
    grown += f" (95% interval of the gain {gain.low:.4g} to {gain.high:.4g})"
    if gain.low > 0:
        return "more", (
            f"{grown}: it is still learning, and more rows of the same kind would help. As a rule the next as many "
            "bring less than the last."
        )
    low, high = whole.estimate.low, whole.estimate.high
    width = math.inf if low is None or high is None else (high - low) / 2
    if gain.high <= width:
        return "enough", (
            f"{grown}: more rows of the same kind would hardly help. Other features, or another estimator, may."
        )
    return (
        "unclear",
        f"{grown}: the test rows are too few to tell whether more rows to learn from would help.",
    )
