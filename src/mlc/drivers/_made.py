"""Columns that preparation makes from others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from mlc.drivers import _expressions
from mlc.drivers._types import TYPES, typed
from mlc.ir import expression

_ORDER = "\0order"
_EARLIER = "\0earlier"


def cast(step: Mapping[str, Any], frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """A column read as another type; what cannot be read so is missing."""
    of, dtype = step["of"], frame.schema[step["of"]]
    if step["format"] is not None:
        text = pl.col(of).str.strip_chars()
        moment = (
            text.str.to_date(step["format"], strict=False)
            if kind == "date"
            else text.str.to_datetime(step["format"], strict=False, time_unit="us")
        )
        return frame.with_columns(moment.alias(step["into"]))
    if kind == "string" and dtype.is_temporal():
        return frame.with_columns(pl.col(of).dt.to_string("iso").alias(step["into"]))
    return frame.with_columns(typed(of, kind, dtype).alias(step["into"]))


def derive(step: Mapping[str, Any], frame: pl.DataFrame, types: Mapping[str, str]) -> pl.DataFrame:
    """A column computed from others of the same row. `types` are those of the columns there are."""
    found = expression.parse(step["expression"], types)
    dtype = TYPES[types[step["into"]]]
    # cast, as a value alone has no length of its own and a whole number may become a number
    return frame.with_columns(_expressions.compiled(found).cast(dtype).alias(step["into"]))


def lag(step: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """What a column was earlier, per series and in the order of time; rows of one time stay in the source's order.

    A row never sees itself or a row of its own time that follows it, nor any later one.
    """
    time, by, of, into = step["time"], step["by"], step["of"], step["into"]
    if step["after"] is not None:
        return _at_time(step, frame)
    ordered = frame.with_row_index(_ORDER).sort(by=[time, _ORDER], nulls_last=True)
    value = pl.col(of).shift(step["steps"])
    if step["window"] > 1:
        size = step["window"]
        value = {
            "mean": value.rolling_mean,
            "min": value.rolling_min,
            "max": value.rolling_max,
            "sum": value.rolling_sum,
        }[step["statistic"]](window_size=size, min_samples=size)
    made = (value.over(by) if by else value).cast(
        pl.Float64 if step["window"] > 1 and step["statistic"] == "mean" else frame.schema[of]
    )
    return ordered.with_columns(made.alias(into)).sort(_ORDER).drop(_ORDER)


def _at_time(step: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """The value of the row of the same series exactly so long before; of several the last in the source."""
    time, by, of, into = step["time"], step["by"], step["of"], step["into"]
    then = (pl.col(time).cast(pl.Datetime("us")) - timedelta(seconds=step["after"])).alias(_EARLIER)
    earlier = frame.select(*by, pl.col(time).cast(pl.Datetime("us")).alias(_EARLIER), pl.col(of).alias(into))
    earlier = earlier.unique([*by, _EARLIER], keep="last", maintain_order=True)
    return (
        frame.with_columns(then)
        .join(earlier, on=[*by, _EARLIER], how="left", maintain_order="left", nulls_equal=False)
        .drop(_EARLIER)
    )
