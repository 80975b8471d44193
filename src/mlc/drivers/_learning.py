"""What the steps that learn have in common: the label, and what libraries say."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import polars as pl
from numpy.typing import NDArray

from mlc.drivers import _labels

LIBRARY_ERRORS = (ValueError, TypeError, RuntimeError, KeyError)
"""What estimators raise where parameters and data do not fit; LightGBM's and XGBoost's own are ValueErrors."""


def target(frame: pl.DataFrame, spec: Mapping[str, Any]) -> NDArray[Any]:
    """Shape (n,): what is learned. Raises ValueError, with a sentence to show, where a label cannot be used."""
    values = _labels.target(frame, spec).values
    assert values is not None, spec["task"]
    return values


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
