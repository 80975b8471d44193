"""What a version of a dataset looks like, in numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import polars as pl

from mlc.drivers import _leakage
from mlc.drivers.statistics.stability import chance, stability_index
from mlc.ir.profile import ColumnProfile, Correlation, Frequent

BINS = 20
MOST_VALUES = 50
_MOST_CORRELATED = 40  # columns: their pairs grow with the square

_ALIKE = 0.95
_MOSTLY_MISSING = 0.5
_RARE = 0.05


def columns(spec: Mapping[str, Any], train: pl.DataFrame, test: pl.DataFrame) -> dict[str, ColumnProfile]:
    """Every column of the parts together, in the order in which they are declared."""
    both = pl.concat([train, test])
    return {
        name: _column(both[name], column, _between(train[name], test[name]))
        for name, column in spec["columns"].items()
    }


def correlations(spec: Mapping[str, Any], rows: pl.DataFrame) -> list[Correlation]:
    """Of the first columns of numbers that may be learned from or are the label."""
    names = [
        name
        for name, column in spec["columns"].items()
        if column["role"] in ("feature", "label") and rows.schema[name].is_numeric()
    ][:_MOST_CORRELATED]
    pairs = list(combinations(names, 2))
    if not pairs:
        return []
    found = rows.select(
        pl.corr(first, second).alias(str(number)) for number, (first, second) in enumerate(pairs)
    ).row(0)
    return [
        Correlation(*pair, value)
        for pair, value in zip(pairs, found, strict=True)
        if value is not None and math.isfinite(value)
    ]


def warnings(
    spec: Mapping[str, Any],
    profiles: Mapping[str, ColumnProfile],
    pairs: list[Correlation],
    train: pl.DataFrame,
    test: pl.DataFrame,
) -> Iterator[str]:
    """What somebody who looks at the page should see first."""
    for name, one in profiles.items():
        if one.missing >= _MOSTLY_MISSING * one.rows:
            yield f"`{name}` is missing in {one.missing / one.rows:.1%} of the rows"
        if one.distinct == 1 and one.role in ("feature", "label"):
            yield f"`{name}` has one value only"
        bound = max(0.1, chance(train.height, test.height, _groups(one)))
        if one.train_test is not None and one.train_test > bound and one.role in ("feature", "label"):
            yield f"`{name}` is distributed otherwise in the rows to test on (stability index {one.train_test:.2f})"
    for names, strongest in _alike(pairs):
        words = " and ".join([", ".join(f"`{name}`" for name in names[:-1]), f"`{names[-1]}`"])
        yield f"{words} say nearly the same (correlation up to {strongest:.3f})"
    label = profiles.get(spec["label"]) if spec["label"] else None
    if label is not None and label.frequent and not label.others and len(label.frequent) > 1:
        rarest = label.frequent[-1]
        if rarest.rows < _RARE * label.rows:
            yield f"only {rarest.rows / label.rows:.2%} of the rows have the label {rarest.value}"
    everything = dict.fromkeys(("duplicates", "identifiers", "giveaways"), "warning")
    asked = {**spec, "checks": {"leakage": everything}}
    yield from (one["text"] for one in _leakage.found(asked, train, test))


def _alike(pairs: list[Correlation]) -> list[tuple[list[str], float]]:
    """Columns that correlate strongly, directly or by others between them; and the strongest coefficient."""
    sets: list[tuple[list[str], float]] = []
    for pair in pairs:
        if abs(pair.coefficient) < _ALIKE:
            continue
        joined, strongest = [pair.first, pair.second], abs(pair.coefficient)
        for one in [one for one in sets if pair.first in one[0] or pair.second in one[0]]:
            sets.remove(one)
            joined += one[0]
            strongest = max(strongest, one[1])
        sets.append((list(dict.fromkeys(joined)), strongest))
    order = list(dict.fromkeys(name for pair in pairs for name in (pair.first, pair.second)))
    return [(sorted(names, key=order.index), strongest) for names, strongest in sets]


def _groups(one: ColumnProfile) -> int:
    return 10 if one.quantiles else max(2, len(one.frequent))


def _column(column: pl.Series, declared: Mapping[str, Any], shift: float | None) -> ColumnProfile:
    present = column.drop_nulls()
    common: dict[str, Any] = {
        "type": declared["type"],
        "role": declared["role"],
        "rows": len(column),
        "missing": column.null_count(),
        "distinct": present.n_unique(),
        "train_test": shift,
    }
    if present.is_empty():
        return ColumnProfile(**common)
    if declared["role"] == "id":  # what names the rows is nobody's business, and tells nothing
        return ColumnProfile(**{**common, "train_test": None})
    # whole numbers of few values (a label, a flag) are counted by value
    if column.dtype.is_numeric() and not (column.dtype.is_integer() and common["distinct"] <= 10):
        return ColumnProfile(**common, **_numbers(present))
    if column.dtype.is_temporal():
        moments = present.cast(pl.Datetime("us"))
        days = (moments - moments.min()).dt.total_microseconds() / 86_400_000_000
        return ColumnProfile(
            **common,
            min=str(present.min()),
            max=str(present.max()),
            quantiles=[],
            **_histogram(days.cast(pl.Float64)),
        )
    counted = frequencies(present)
    shown = counted.head(MOST_VALUES)
    # of text or pseudonyms that hardly any rows share, single ones tell nothing
    names = counted.height > MOST_VALUES and counted["rows"][0] <= len(present) / 100
    numbers: dict[str, Any] = {"mean": float(present.mean())} if column.dtype.is_numeric() else {}  # type: ignore[arg-type]
    return ColumnProfile(
        **common,
        **numbers,
        frequent=[] if names else [Frequent(str(value), rows) for value, rows in shown.iter_rows()],
        others=len(present) if names else sum(counted["rows"].to_list()[MOST_VALUES:]),
    )


def frequencies(present: pl.Series) -> pl.DataFrame:
    """`value` and `rows`, the most frequent first, and of equally frequent ones in their own order."""
    return (
        pl.DataFrame({"value": present})
        .group_by("value")
        .len("rows")
        .sort(["rows", "value"], descending=[True, False])
        .with_columns(pl.col("value").cast(pl.String))
    )


def _numbers(present: pl.Series) -> dict[str, Any]:
    numbers = present.cast(pl.Float64)
    ordered = numbers.sort()
    last = len(ordered) - 1
    return {
        "min": present.min(),
        "max": present.max(),
        "mean": numbers.mean(),
        "standard_deviation": numbers.std(),
        "quantiles": [float(ordered[round(last * n / 100)]) for n in range(101)],
        **_histogram(numbers, whole=present.dtype.is_integer()),
    }


def _histogram(numbers: pl.Series, *, whole: bool = False) -> dict[str, Any]:
    """Bins of equal width; of whole numbers in a small range each has its own."""
    low, high = float(numbers.min()), float(numbers.max())  # type: ignore[arg-type]
    bins = BINS
    if whole and high - low < BINS:
        bins, high = int(high - low) + 1, high + 1
    if low == high:
        return {"edges": [low, high], "histogram": [float(len(numbers))]}
    width = (high - low) / bins
    places = ((numbers - low) / width).floor().clip(0, bins - 1).cast(pl.Int64).alias("bin")
    counted = dict(pl.DataFrame({"bin": places}).group_by("bin").len().iter_rows())
    return {
        "edges": [low + width * n for n in range(bins)] + [high],
        "histogram": [float(counted.get(n, 0)) for n in range(bins)],
    }


def _between(train: pl.Series, test: pl.Series) -> float | None:
    """The population stability index of the parts: by deciles of the training part, or by value."""
    if train.dtype.is_temporal() or train.null_count() == len(train) or test.null_count() == len(test):
        return None
    if train.dtype.is_numeric():
        known, asked = train.drop_nulls().cast(pl.Float64), test.drop_nulls().cast(pl.Float64)
        edges = sorted({float(known.quantile(n / 10, interpolation="nearest") or 0.0) for n in range(1, 10)})
        before, now = (_binned(one, edges) for one in (known, asked))
        return stability_index(before, now)
    if train.n_unique() > MOST_VALUES:
        return None
    first, second = (dict(frequencies(one.drop_nulls()).iter_rows()) for one in (train, test))
    values = sorted(first.keys() | second.keys())
    return stability_index([first.get(one, 0) for one in values], [second.get(one, 0) for one in values])


def _binned(values: pl.Series, edges: list[float]) -> list[float]:
    places = pl.Series(edges, dtype=pl.Float64).search_sorted(values, side="left").alias("bin")
    counted = dict(pl.DataFrame({"bin": places}).group_by("bin").len().iter_rows())
    return [float(counted.get(n, 0)) for n in range(len(edges) + 1)]
