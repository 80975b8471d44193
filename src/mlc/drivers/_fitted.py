"""Operations on rows that learn something first: from the rows to train on, and from no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mlc.drivers._split import PART, TRAIN

Did = tuple[pl.DataFrame, int, dict[str, Any]]
"""The rows after an operation, how many values it changed, and what it learned, by column."""


def impute(step: Mapping[str, Any], frame: pl.DataFrame) -> Did:
    """Each missing value becomes the mean, median, most frequent value or a constant.

    Of values that are equally frequent the smallest counts. A column without any value to learn from stays as it is.
    """
    train = frame.filter(pl.col(PART) == TRAIN)
    learned = {name: _stand_in(step, train[name]) for name in step["columns"]}
    changed = sum(frame[name].null_count() for name, value in learned.items() if value is not None)
    filled = [
        pl.col(name).fill_null(pl.lit(value, dtype=frame.schema[name]))
        for name, value in learned.items()
        if value is not None
    ]
    return frame.with_columns(filled), changed, learned


def outliers(step: Mapping[str, Any], frame: pl.DataFrame) -> Did:
    """Values beyond the bounds of each column are moved to the bound, or taken for missing, or their row is dropped
    where it is one to train on."""
    train = frame.filter(pl.col(PART) == TRAIN)
    learned = {name: _bounds(step, train[name]) for name in step["columns"]}
    known = {name: bounds for name, bounds in learned.items() if bounds is not None}
    beyond = {name: (pl.col(name) < low) | (pl.col(name) > high) for name, (low, high) in known.items()}
    told = {name: None if one is None else {"low": one[0], "high": one[1]} for name, one in learned.items()}
    if not known:
        return frame, 0, told
    if step["action"] == "drop":
        dropped = pl.any_horizontal(beyond.values()).fill_null(False) & (pl.col(PART) == TRAIN)
        return frame.filter(~dropped), 0, told
    changed = sum(frame.select(one.sum().alias(name) for name, one in beyond.items()).row(0))
    if step["action"] == "missing":
        after = [
            pl.when(~one.fill_null(False)).then(pl.col(name)).alias(name) for name, one in beyond.items()
        ]
    else:
        after = [pl.col(name).clip(*_within(frame.schema[name], *bounds)) for name, bounds in known.items()]
    return frame.with_columns(after), int(changed), told


def _stand_in(step: Mapping[str, Any], column: pl.Series) -> Any:
    present = column.drop_nulls()
    if step["strategy"] == "constant":
        return int(step["value"]) if column.dtype.is_integer() else step["value"]
    if present.is_empty():
        return None
    if step["strategy"] == "most_frequent":
        counted = pl.DataFrame({"value": present}).group_by("value").len("rows")
        return counted.sort(["rows", "value"], descending=[True, False])["value"][0]
    found: Any = present.mean() if step["strategy"] == "mean" else present.median()
    return round(found) if column.dtype.is_integer() else found


def _bounds(step: Mapping[str, Any], column: pl.Series) -> tuple[float, float] | None:
    present = column.drop_nulls()
    if len(present) < 2:
        return None

    def quantile(share: float) -> float:
        return float(present.quantile(share, interpolation="linear"))  # type: ignore[arg-type]

    if step["bounds"] == "quantiles":
        return quantile(step["share"]), quantile(1 - step["share"])
    if step["bounds"] == "iqr":
        low, high = quantile(0.25), quantile(0.75)
        reach = step["factor"] * (high - low)
        return low - reach, high + reach
    middle: Any = present.mean()
    deviation: Any = present.std()
    return middle - step["factor"] * deviation, middle + step["factor"] * deviation


def _within(dtype: pl.DataType, low: float, high: float) -> tuple[Any, Any]:
    """The bounds as values of the column: of whole numbers those inside."""
    import math

    return (math.ceil(low), math.floor(high)) if dtype.is_integer() else (low, high)
