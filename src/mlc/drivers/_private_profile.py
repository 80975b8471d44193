"""A profile that is differentially private: of every column a histogram with noise, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

import polars as pl

from mlc.drivers.statistics.noise import Stream, discrete_laplace
from mlc.ir.profile import ColumnProfile, Frequent

BINS = 20
MECHANISM = (
    "discrete Laplace noise (Canonne, Kamath and Steinke 2020) on one histogram a column; the budget is divided evenly "
    "among the columns"
)


def columns(
    spec: Mapping[str, Any], rows: pl.DataFrame, key: bytes, digest: str
) -> tuple[dict[str, ColumnProfile], list[str]]:
    """The columns of which a histogram can be told, and those that are withheld: what their bins are has to be known
    without the data, from `min` and `max`, from `values`, or because they are booleans.

    A person's rows change each histogram by `rows_per_person` rows at most, and the histograms share the budget.
    """
    asked = spec["differential_privacy"]
    told = {name: bins for name, column in spec["columns"].items() if (bins := _bins(column)) is not None}
    withheld = [name for name in spec["columns"] if name not in told]
    if not told:
        return {}, withheld
    rate = Fraction(str(asked["epsilon"])) / (len(told) * asked["rows_per_person"])
    found = {}
    for name, bins in told.items():
        stream = Stream(key, f"{digest} {name}".encode())
        exact = _counts(rows[name], bins, by_value=_is_by_value(spec["columns"][name]))
        counts = [max(0, count + discrete_laplace(rate, stream)) for count in exact]
        found[name] = _profile(spec["columns"][name], bins, counts)
    return found, withheld


def _bins(column: Mapping[str, Any]) -> list[Any] | None:
    """The edges of bins of numbers, or the values; None where they are not known before."""
    if column["role"] == "id":
        return None
    if column["values"]:
        return list(column["values"])
    if column["type"] == "boolean":
        return [False, True]
    low, high = column["min"], column["max"]
    if column["type"] not in ("integer", "number") or low is None or high is None or low >= high:
        return None
    return [low + (high - low) * n / BINS for n in range(BINS + 1)]


def _is_by_value(column: Mapping[str, Any]) -> bool:
    return bool(column["values"]) or column["type"] == "boolean"


def _counts(values: pl.Series, bins: list[Any], *, by_value: bool) -> list[int]:
    """How many rows are in each bin, and last how many have no value."""
    present = values.drop_nulls()
    if not by_value:
        low, high = bins[0], bins[-1]
        places = (
            ((present.cast(pl.Float64) - low) / (high - low) * BINS).floor().clip(0, BINS - 1).cast(pl.Int64)
        )
        counted = dict(pl.DataFrame({"bin": places}).group_by("bin").len().iter_rows())
        return [*(counted.get(n, 0) for n in range(BINS)), values.null_count()]
    counted = dict(pl.DataFrame({"bin": present}).group_by("bin").len().iter_rows())
    return [*(counted.get(one, 0) for one in bins), values.null_count()]


def _profile(column: Mapping[str, Any], bins: list[Any], counts: list[int]) -> ColumnProfile:
    *inner, missing = counts
    if not column["nullable"]:
        missing = 0
    total = sum(inner)
    common: dict[str, Any] = {
        "type": column["type"],
        "role": column["role"],
        "rows": total + missing,
        "missing": missing,
    }
    if _is_by_value(column):
        ordered = sorted(zip(map(str, bins), inner, strict=True), key=lambda pair: -pair[1])
        return ColumnProfile(**common, frequent=[Frequent(value, rows) for value, rows in ordered])
    middles = [(left + right) / 2 for left, right in pairwise(bins)]
    mean = sum(one * rows for one, rows in zip(middles, inner, strict=True)) / total if total else None
    return ColumnProfile(**common, mean=mean, edges=bins, histogram=[float(one) for one in inner])
