"""What the steps that learn have in common: the label, and what libraries say."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlc.drivers import _labels
from mlc.drivers._columns import binary_label
from mlc.ir.metrics import ANOMALY
from mlc.ir.task import TASKS

LIBRARY_ERRORS = (ValueError, TypeError, RuntimeError, KeyError)
"""What estimators raise where parameters and data do not fit; LightGBM's and XGBoost's own are ValueErrors."""


def target(frame: pl.DataFrame, spec: Mapping[str, Any]) -> NDArray[Any] | None:
    """Shape (n,): what is learned; None where nothing is. Raises ValueError, with a sentence to show, where a label
    cannot be used."""
    return _labels.target(frame, spec).values


def truth(frame: pl.DataFrame, spec: Mapping[str, Any]) -> NDArray[Any] | None:
    """Shape (n,): what predictions are held against: what is learned, or the label that an unsupervised task is
    tried by; None where there is none. Raises ValueError as `target` does."""
    label = spec.get("label")
    if TASKS[spec["task"]].supervised or not label:
        return target(frame, spec)
    if spec["task"] == ANOMALY:
        return binary_label(frame, label, spec["positive"]).to_numpy()
    ranks = frame[label].cast(pl.String).fill_null("missing").rank("dense")
    return np.asarray(ranks.to_numpy(), dtype=np.int64) - 1


def rows_of(values: NDArray[Any] | None, rows: NDArray[np.int64]) -> NDArray[Any] | None:
    """The values of some rows, where there are any."""
    return None if values is None else values[rows]


def said_by(error: Any) -> str:
    """The first paragraph of what a library says, on one line; without the time, the place in its own source and the
    stack that XGBoost adds."""
    said = str(error).strip().split("\n\n")[0].partition("\nStack trace:")[0]
    return " ".join(re.sub(r"\A\[[\d:]+\] \S+: ", "", said).split())


@contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Warnings are collected and not printed."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def told(caught: list[warnings.WarningMessage]) -> set[str]:
    """Warnings in words, each once."""
    return {f"{one.category.__name__}: {said_by(one.message)}" for one in caught}
