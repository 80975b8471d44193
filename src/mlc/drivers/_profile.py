"""What a dataset's columns look like: counts, ranges, averages, frequent values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

MOST_VALUES = 10


def columns(frame: pl.DataFrame, spec: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Per declared column: type, role, missing and distinct values; of numbers min, max, mean, standard
    deviation (n - 1) and quartiles; of dates and times min and max; of all else the most frequent values."""
    return {
        name: {
            "type": column["type"],
            "role": column["role"],
            "missing": frame[name].null_count(),
            "distinct": frame[name].drop_nulls().n_unique(),
            **_distribution(frame[name]),
        }
        for name, column in spec["columns"].items()
    }


def _distribution(column: pl.Series) -> dict[str, Any]:
    if column.dtype.is_numeric():
        return _numbers(column)
    if column.dtype.is_temporal():
        return {"min": column.min(), "max": column.max()} if len(column) > column.null_count() else {}
    return _values(column)


def _numbers(column: pl.Series) -> dict[str, Any]:
    present = column.drop_nulls()
    if present.is_empty():
        return {}
    quartiles = {
        f"q{share:.0%}".rstrip("%"): present.quantile(share, interpolation="linear")
        for share in (0.25, 0.5, 0.75)
    }
    return {
        "min": present.min(),
        "max": present.max(),
        "mean": present.mean(),
        "standard_deviation": present.std(),
        **quartiles,
    }


def _values(column: pl.Series) -> dict[str, Any]:
    counted = (
        pl.DataFrame({"value": column.drop_nulls()})
        .group_by("value")
        .len("rows")
        .sort(["rows", "value"], descending=[True, False])
        .head(MOST_VALUES)
    )
    return {"top": [{"value": value, "rows": rows} for value, rows in counted.iter_rows()]}
