"""What in the rows would let a model know what it cannot know when it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from mlc.ir.operation import StepFailed
from mlc.rules import leakage_found

Finding = dict[str, Any]

_NEARLY_ALL = 0.95  # share of rows with a value of their own
_FEWEST = 50  # rows; of fewer nothing is said
_DECIDED = 0.98  # share of what a guess of the most frequent label leaves open
_CORRELATED = 0.999
_MOST_LABELS = 50
_BINS = 256


def found(
    spec: Mapping[str, Any], train: pl.DataFrame, test: pl.DataFrame, validation: pl.DataFrame | None = None
) -> list[Finding]:
    """Duplicates across the parts, features that identify rows, and features that decide the label alone; each with
    the `check` that found it, the column where there is one, and a sentence."""
    asked = spec["checks"]["leakage"]
    features = [name for name, column in spec["columns"].items() if column["role"] == "feature"]
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "duplicates": lambda: _across(spec, features, train, test, validation),
        "identifiers": lambda: _identifiers(features, train, test),
        "giveaways": lambda: _giveaways(spec["label"], features, train, test),
    }
    return [one for name, look in checks.items() if asked[name] != "off" for one in look()]


def future(spec: Mapping[str, Any], rows: pl.DataFrame, now: datetime) -> list[Finding]:
    """Times later than now (UTC, without a zone). What is found depends on the clock and is not for the record."""
    if spec["checks"]["leakage"]["future"] == "off":
        return []
    told = []
    for name in rows.columns:
        if rows.schema[name].is_temporal():
            late = int((rows[name].cast(pl.Datetime("us")) > now).sum())
            if late:
                words = f"`{name}` of {late:,} rows lies in the future"
                told.append({"check": "future", "column": name, "rows": late, "text": words})
    return told


def judged(spec: Mapping[str, Any], leaks: list[Finding], late: list[Finding], address: str) -> list[str]:
    """The sentences of what is to be warned of. Raises StepFailed (leakage-found) for what is an error."""
    asked = spec["checks"]["leakage"]
    errors = [one for one in (*leaks, *late) if asked[one["check"]] == "error"]
    if errors:
        raise StepFailed(*(leakage_found.found(one["text"], one["check"], address=address) for one in errors))
    return [one["text"] for one in (*leaks, *late)]


def _across(
    spec: Mapping[str, Any],
    features: list[str],
    train: pl.DataFrame,
    test: pl.DataFrame,
    validation: pl.DataFrame | None,
) -> Iterator[Finding]:
    """Rows of one part that stand in another: what was chosen by rows of the test has seen it."""
    yield from _duplicates(spec, features, train, test, "to test on", "to train on")
    if validation is not None:
        yield from _duplicates(spec, features, train, validation, "to choose by", "to train on")
        yield from _duplicates(spec, features, validation, test, "to test on", "to choose by")


def _duplicates(
    spec: Mapping[str, Any],
    features: list[str],
    train: pl.DataFrame,
    test: pl.DataFrame,
    asked: str,
    known: str,
) -> Iterator[Finding]:
    """Told only where hardly any rows of the training part are alike: else it is no wonder that some others are."""
    columns = features + ([spec["label"]] if spec["label"] else [])
    distinct = train.select(columns).unique()
    if not features or distinct.height < train.height * _NEARLY_ALL:
        return
    alike = test.select(columns).join(distinct, on=columns, how="semi", nulls_equal=True).height
    if alike:
        words = f"{alike:,} of {test.height:,} rows {asked} stand, but for their id, among those {known}"
        yield {"check": "duplicates", "column": None, "rows": alike, "text": words}


def _identifiers(features: list[str], train: pl.DataFrame, test: pl.DataFrame) -> Iterator[Finding]:
    """Text or whole numbers of which nearly every row has its own. Text of several words is language; whole numbers
    that leave most of their range out are measurements."""
    for name in features:
        column = pl.concat([train[name], test[name]]).drop_nulls()
        is_text = column.dtype == pl.String
        if len(column) < _FEWEST or not (is_text or column.dtype.is_integer()):
            continue
        distinct = column.n_unique()
        if distinct < len(column) * _NEARLY_ALL:
            continue
        if is_text:
            identifies = int(column.str.contains(r"\s").sum()) < len(column) / 2
        else:
            lowest, highest = int(column.min()), int(column.max())  # type: ignore[arg-type]
            identifies = highest - lowest + 1 < 2 * len(column)
        if identifies:
            words = (
                f"`{name}` has {distinct:,} values in {len(column):,} rows: it names more than it describes"
            )
            yield {"check": "identifiers", "column": name, "rows": len(column), "text": words}


def _giveaways(
    label: str | None, features: list[str], train: pl.DataFrame, test: pl.DataFrame
) -> Iterator[Finding]:
    if label is None or test.height < _FEWEST:
        return
    wanted = train[label]
    is_measured = wanted.dtype.is_float() or (wanted.dtype.is_integer() and wanted.n_unique() > _MOST_LABELS)
    if wanted.n_unique() > _MOST_LABELS and not is_measured:
        return
    for name in features:
        if is_measured:
            share = _correlation(test, name, label)
            if share is not None and abs(share) >= _CORRELATED:
                words = f"`{name}` is the label `{label}` in other units: they correlate by {share:.4f}"
                yield {"check": "giveaways", "column": name, "share": share, "text": words}
        else:
            share = _decided(train, test, name, label)
            if share >= _DECIDED:
                words = (
                    f"`{name}` alone decides the label `{label}` in {share:.1%} of what a guess leaves open"
                )
                yield {"check": "giveaways", "column": name, "share": share, "text": words}


def _correlation(test: pl.DataFrame, name: str, label: str) -> float | None:
    if not test.schema[name].is_numeric():
        return None
    found: float | None = test.select(pl.corr(name, label)).item()
    return found if found is not None and found == found else None


def _decided(train: pl.DataFrame, test: pl.DataFrame, name: str, label: str) -> float:
    """Of the test rows that a guess of the most frequent label gets wrong, the share that is right when each value
    (numbers in as many as 256 bins of equal size) says the label that is most frequent with it in training."""
    known, asked = train[name], test[name]
    if known.dtype.is_numeric() and known.n_unique() > _BINS:
        known, asked = _binned(known, known), _binned(asked, known)
    pairs = pl.DataFrame({"value": known, "label": train[label]})
    usual = pairs.group_by("label").len("n").sort(["n", "label"], descending=[True, False])["label"][0]
    best = (
        pairs.group_by("value", "label")
        .len("n")
        .sort(["n", "label"], descending=[True, False])
        .unique("value", keep="first", maintain_order=True)
        .select("value", pl.col("label").alias("said"))
    )
    judged = pl.DataFrame({"value": asked, "label": test[label]}).join(
        best, on="value", how="left", nulls_equal=True
    )
    right = judged.select((pl.col("said").fill_null(usual) == pl.col("label")).sum()).item()
    guessed = int((test[label] == usual).sum())
    return (right - guessed) / (test.height - guessed) if guessed < test.height else 0.0


def _binned(values: pl.Series, among: pl.Series) -> pl.Series:
    """The number of each value's bin, of as many rows each; a missing value is in none."""
    quantiles = {float(among.quantile(n / _BINS, interpolation="nearest") or 0.0) for n in range(1, _BINS)}
    edges = pl.Series(sorted(quantiles), dtype=pl.Float64)
    numbers = edges.search_sorted(values.cast(pl.Float64).fill_null(0.0), side="left")
    return pl.select(pl.when(values.is_not_null()).then(numbers)).to_series()
