"""What a model says of inputs that are disturbed: noise on numbers, values that are missing, shuffled columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from mlc.drivers.evaluating.answers import of_rows
from mlc.drivers.statistics import paired
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.estimating import undefined
from mlc.ir.evaluation import Importance, RobustnessFigures

Score = Callable[[pl.DataFrame], Answers]
"""What the served model answers on some rows. Raises ValueError where that is no answer."""

MAIN: Mapping[str, str] = {
    "binary_classification": "roc_auc",
    "multiclass_classification": "roc_auc_macro",
    "regression": "rmse",
    "anomaly_detection": "roc_auc",
}
"""The metric that importance is told in."""

SHUFFLED_ROWS = 2_000_000
"""Rows that are scored for importance in all: with many columns, a sample is shuffled."""

MOST_COLUMNS = 60


def robustness(
    gate: str,
    asked: Mapping[str, Any],
    columns: Mapping[str, Mapping[str, Any]],
    frame: pl.DataFrame,
    answers: Answers,
    design: Design,
    score: Score,
) -> tuple[RobustnessFigures, ...]:
    """How much worse the metric of a gate's `robustness` is under each disturbance that it names."""
    made = []
    for kind, amount in (("noise", asked.get("noise")), ("missing", asked.get("missing"))):
        if amount is None:
            continue
        names = [name for name, column in columns.items() if _is_disturbed(kind, column)]
        generator = np.random.default_rng([design.seed, len(kind)])
        disturbed = (_noisy if kind == "noise" else _holed)(frame, names, amount, generator)
        metric = asked["metric"]
        try:
            apart = paired.difference(metric, answers, score(disturbed), design, [asked["confidence"]])
        except ValueError as error:
            drop, before, after = undefined(metric, str(error)), None, None
        else:
            drop, before, after = apart.estimate, apart.first, apart.second
        made.append(RobustnessFigures(gate, kind, amount, metric, tuple(names), before, after, drop))  # type: ignore[arg-type]
    return tuple(made)


def importance(
    columns: Sequence[str], frame: pl.DataFrame, answers: Answers, design: Design, score: Score
) -> tuple[str, tuple[Importance, ...]]:
    """The metric, and how much worse it is with each column's values shuffled (Breiman 2001, Machine Learning 45).

    The interval is of the rows, at the one shuffle that the seed gives; columns that say the same share their
    importance. Nothing where the task has no such metric, or more than `MOST_COLUMNS` columns.
    """
    metric = MAIN.get(answers.task)
    if metric is None or answers.truth is None or len(columns) > MOST_COLUMNS:
        return "", ()
    rows = np.arange(frame.height)
    most = max(200, SHUFFLED_ROWS // (10 * len(columns)))
    most = min(most, 20_000)
    if frame.height > most and design.block == 0:
        rows = np.sort(np.random.default_rng(design.seed).choice(rows, most, replace=False))
    elif frame.height > most:
        rows = rows[:most]  # in the order of time: what is near must stay near
    sample, base, inside = frame[rows], answers.take(rows), of_rows(design, rows)
    generator = np.random.default_rng(design.seed)
    found = []
    for name in columns:
        shuffled = sample.with_columns(sample[name].gather(generator.permutation(len(rows))))
        try:
            drop = paired.difference(metric, base, score(shuffled), inside).estimate
        except ValueError as error:
            drop = undefined(metric, str(error))
        found.append(Importance(name, drop))
    found.sort(key=lambda one: -(one.drop.value or 0.0))
    return metric, tuple(found)


def _is_disturbed(kind: str, column: Mapping[str, Any]) -> bool:
    if kind == "noise":
        return column["type"] == "number" or (column["type"] == "integer" and not column["values"])
    return bool(column["nullable"])


def _noisy(
    frame: pl.DataFrame,
    names: Sequence[str],
    amount: float,
    generator: np.random.Generator,
) -> pl.DataFrame:
    """Normal noise of `amount` standard deviations on each number."""
    made = []
    for name in names:
        numbers = frame[name].cast(pl.Float64)
        spread = numbers.std()
        noise = generator.normal(size=frame.height) * amount * (spread if isinstance(spread, float) else 0.0)
        made.append((numbers + pl.Series(noise)).alias(name))
    return frame.with_columns(made)


def _holed(
    frame: pl.DataFrame,
    names: Sequence[str],
    amount: float,
    generator: np.random.Generator,
) -> pl.DataFrame:
    """A share `amount` of the values of each column that may be missing is."""
    made = []
    for name in names:
        gone = pl.Series(generator.random(frame.height) < amount)
        made.append(pl.select(pl.when(gone).then(None).otherwise(frame[name]).alias(name)).to_series())
    return frame.with_columns(made)
