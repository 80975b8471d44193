"""How a table's columns reach a model: alike in training, in parity, in evaluation and in the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

Columns = Mapping[str, Mapping[str, Any]]
"""The columns that a model sees, by name, each with its `type`, `values` and `nullable`."""

MISSING_TEXT = ""
"""Stands for a missing text: ONNX has no missing string."""

MISSING_TIME = -(2**63)
"""Stands for a missing date or time, which is a whole number: seconds since 1970 (UTC)."""

TIMES = ("date", "datetime")
"""The types whose values reach a model as whole seconds: float32 would be off by a minute."""


def model_input(frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The columns a model sees, in their order, as ONNX serves them.

    Text is a string, and a missing one is the empty text. Integers, numbers and booleans (0 and 1) are
    float32, and a missing one is NaN. Dates and times are whole seconds since 1970, int64, and a missing one is
    `MISSING_TIME`; fractions of a second are cut off.
    """
    return frame.select(_served(name, column["type"]) for name, column in columns.items())


def binary_label(frame: pl.DataFrame, label: str, positive: Any) -> pl.Series:
    """Shape (n,), int64: 1 where the label is the positive value, else 0.

    Raises ValueError, with a sentence to show, where a label is missing or the positive value is of a type
    that the column cannot hold.
    """
    column = frame[label]
    if column.null_count():
        raise ValueError(f"{column.null_count()} rows have no value of the label {label}.")
    try:
        wanted = pl.Series([positive]).cast(column.dtype, strict=True)[0]
    except pl.exceptions.InvalidOperationError:
        raise ValueError(f"{positive!r} cannot be a value of the label {label} ({column.dtype}).") from None
    return pl.Series(label, column == wanted, dtype=pl.Boolean).cast(pl.Int64)


def class_codes(frame: pl.DataFrame, label: str, classes: Sequence[Any]) -> pl.Series:
    """Shape (n,), int64: the place of each row's label in `classes`.

    Raises ValueError, with a sentence to show, where a label is missing or is none of the classes.
    """
    column = frame[label]
    if column.null_count():
        raise ValueError(f"{column.null_count()} rows have no value of the label {label}.")
    codes = column.cast(pl.String).replace_strict(
        [str(one) for one in classes], range(len(classes)), default=None, return_dtype=pl.Int64
    )
    if codes.null_count():
        other = column.filter(codes.is_null())[0]
        raise ValueError(
            f"{codes.null_count()} rows have a label {label} that is no class, such as {other!r}."
        )
    return codes.alias(label)


def number_label(frame: pl.DataFrame, label: str) -> pl.Series:
    """Shape (n,), float64: the label as a number.

    Raises ValueError, with a sentence to show, where a label is missing or is not finite.
    """
    numbers = frame[label].cast(pl.Float64)
    missing = numbers.null_count() + int(numbers.is_nan().sum())
    if missing:
        raise ValueError(f"{missing} rows have no value of the label {label}.")
    if not numbers.is_finite().all():
        raise ValueError(f"{int((~numbers.is_finite()).sum())} rows have a label {label} that is not finite.")
    return numbers


def names_of(columns: Iterable[str]) -> str:
    """`a, b and c`, for sentences."""
    listed = list(columns)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


def _served(name: str, kind: str) -> pl.Expr:
    if kind == "string":
        return pl.col(name).cast(pl.String).fill_null(MISSING_TEXT)
    if kind in TIMES:
        microseconds = pl.col(name).cast(pl.Datetime("us")).dt.timestamp("us")
        return microseconds.floordiv(1_000_000).fill_null(MISSING_TIME).alias(name)
    return pl.col(name).cast(pl.Float32).fill_null(float("nan"))
