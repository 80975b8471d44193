"""Reads a dataset's source and holds every row to the contract, in one pass of Polars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct

from mlc.ir.operation import StepFailed
from mlc.rules import column_missing, contract_broken, data_unreadable

ROW = "mlc_row"
REASONS = "mlc_reasons"

_TYPES: dict[str, type[pl.DataType]] = {
    "integer": pl.Int64,
    "number": pl.Float64,
    "string": pl.String,
    "boolean": pl.Boolean,
}
_WRONG_TYPE = {
    "integer": "is not a whole number",
    "number": "is not a finite number",
    "string": "is not text",
    "boolean": "is neither true nor false",
}
# a damaged Parquet file can make Polars panic, and a panic is no PolarsError
_UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
_MOST_PROMISES = 20  # a report of more is not read


class Checked(Struct, frozen=True):
    """`kept` has the declared columns in their declared types; `quarantined` has them as they were read,
    after `mlc_row` (counted from 1) and `mlc_reasons`."""

    kept: pl.DataFrame
    quarantined: pl.DataFrame
    dropped: tuple[str, ...]
    broken: list[dict[str, Any]]


class Promise(Struct, frozen=True):
    """What a column promises: where the spec says so, what breaking it means, and which rows do."""

    column: str
    path: str
    text: str
    breaks: pl.Expr


def read(spec: Mapping[str, Any], path: Path | None, address: str) -> pl.DataFrame:
    """Every column of the source as it stands (those of a CSV file as text).

    Raises StepFailed (data-unreadable).
    """
    source, written_as = spec["source"]["path"], spec["source"]["format"]
    if path is None or not path.is_file():
        raise StepFailed(data_unreadable.found(source, written_as, "there is no such file", address=address))
    try:
        if written_as == "parquet":
            return pl.read_parquet(path, hive_partitioning=False).rechunk()
        return pl.read_csv(path, infer_schema=False).rechunk()
    except _UNREADABLE as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise StepFailed(data_unreadable.found(source, written_as, reason, address=address)) from error


def check(spec: Mapping[str, Any], found: pl.DataFrame, address: str) -> Checked:
    """Rows that keep the contract, and rows that do not.

    A value of another type that can be read as the declared one is not wrong (`19.0` is the integer 19, and
    all of CSV is text); NaN is a missing value. Raises StepFailed: column-missing for every declared column
    that is absent, contract-broken for every promise when more rows break one than may be quarantined.
    """
    columns, source = spec["columns"], spec["source"]["path"]
    absent = [name for name in columns if name not in found.columns]
    if absent:
        raise StepFailed(
            *(
                column_missing.found(
                    name, found.columns, f"`{source}`", address=address, path=f"columns.{name}"
                )
                for name in absent
            )
        )
    typed = found.select(_typed(name, column["type"], found.schema[name]) for name, column in columns.items())
    promises = [
        promise for name, column in columns.items() for promise in _promises(name, column, found.schema[name])
    ]
    both = pl.concat(
        [typed, found.select(pl.col(name).alias(_raw(name)) for name in columns)], how="horizontal"
    )
    flags = both.select(promise.breaks.alias(str(n)) for n, promise in enumerate(promises))
    breaking = (
        flags.select(pl.any_horizontal(pl.all())).to_series() if promises else pl.Series([], dtype=pl.Boolean)
    )
    declared = found.select(*columns)
    broken = [
        _evidence(promise, flags[str(n)], declared, spec["id"])
        for n, promise in enumerate(promises)
        if flags[str(n)].any()
    ]
    quarantined = int(breaking.sum())
    if quarantined > spec["checks"]["max_quarantined"] * found.height:
        raise StepFailed(*_refusals(broken, quarantined, found.height, spec, address))
    kept = typed.filter(~breaking)
    if kept.height < spec["checks"]["min_rows"]:
        raise StepFailed(contract_broken.too_few(kept.height, spec["checks"]["min_rows"], address=address))
    reasons = flags.select(
        pl.concat_str(
            [
                pl.when(str(n)).then(pl.lit(f"{promise.column} {promise.text}"))
                for n, promise in enumerate(promises)
            ],
            separator="; ",
            ignore_nulls=True,
        ).alias(REASONS)
    )
    numbered = pl.concat([declared.with_row_index(ROW, offset=1), reasons], how="horizontal")
    return Checked(
        kept=kept,
        quarantined=numbered.filter(breaking).select(ROW, REASONS, *columns),
        dropped=tuple(name for name in found.columns if name not in columns),
        broken=[{key: value for key, value in one.items() if key != "text"} for one in broken],
    )


def _typed(name: str, kind: str, found: pl.DataType) -> pl.Expr:
    """The column in its declared type; a value that cannot be read so becomes null."""
    column = pl.col(name)
    if found == pl.String and kind == "integer":
        text = column.str.strip_chars()
        return pl.coalesce(text.cast(pl.Int64, strict=False), _whole(text.cast(pl.Float64, strict=False)))
    if found == pl.String and kind == "number":
        return _finite(column.str.strip_chars().cast(pl.Float64, strict=False))
    if found == pl.String and kind == "boolean":
        text = column.str.strip_chars().str.to_lowercase()
        return (
            pl.when(text.is_in(["true", "1"]))
            .then(True)
            .when(text.is_in(["false", "0"]))
            .then(False)
            .alias(name)
        )
    if found.is_nested() or found == pl.Binary or found == pl.Object:
        return pl.lit(None, dtype=_TYPES[kind]).alias(name)
    if kind == "string":
        return column.cast(pl.String, strict=False)
    if found.is_temporal():
        return pl.lit(None, dtype=_TYPES[kind]).alias(name)
    if kind == "number":
        return _finite(column.cast(pl.Float64, strict=False))
    if kind == "integer":
        return (
            column.cast(pl.Int64, strict=False) if not _fractional(found) else _whole(column.cast(pl.Float64))
        )
    if found == pl.Boolean:
        return column
    return pl.when(column == 1).then(True).when(column == 0).then(False).alias(name)


def _fractional(found: pl.DataType) -> bool:
    return found.is_float() or found.is_decimal()


def _finite(column: pl.Expr) -> pl.Expr:
    return pl.when(column.is_finite()).then(column)


def _whole(column: pl.Expr) -> pl.Expr:
    exact = column.is_finite() & (column == column.floor()) & (column.abs() < 2.0**63)
    return pl.when(exact).then(column).cast(pl.Int64)


def _promises(name: str, column: Mapping[str, Any], found: pl.DataType) -> Iterator[Promise]:
    """Each promise with the rows that break it, over the typed columns and the raw ones beside them."""
    path, value = f"columns.{name}", pl.col(name)
    missing = _missing(name, column["type"], found)
    yield Promise(name, f"{path}.type", _WRONG_TYPE[column["type"]], value.is_null() & missing.not_())
    if not column["nullable"]:
        yield Promise(name, f"{path}.nullable", "is missing", missing)
    if column["type"] in ("integer", "number"):
        if column["min"] is not None:
            yield _bound(name, f"{path}.min", f"is below {column['min']:,.15g}", value < column["min"])
        if column["max"] is not None:
            yield _bound(name, f"{path}.max", f"is above {column['max']:,.15g}", value > column["max"])
    if column["values"]:
        allowed = pl.Series(column["values"]).cast(_TYPES[column["type"]]).implode()
        yield _bound(name, f"{path}.values", "is none of the allowed values", ~value.is_in(allowed))
    if column["unique"]:
        yield _bound(name, f"{path}.unique", "stands twice", ~value.is_first_distinct() & value.is_not_null())


def _bound(name: str, path: str, text: str, breaks: pl.Expr) -> Promise:
    return Promise(name, path, text, breaks.fill_null(False))


def _missing(name: str, kind: str, found: pl.DataType) -> pl.Expr:
    raw = pl.col(_raw(name))
    if found.is_float():
        return raw.is_null() | raw.is_nan()
    if found == pl.String and kind != "string":
        return raw.is_null() | raw.str.strip_chars().str.to_lowercase().is_in(["", "nan"])
    return raw.is_null()


def _raw(name: str) -> str:
    return f"\0{name}"  # no column of a file or a spec is called so


def _evidence(
    promise: Promise, flag: pl.Series, found: pl.DataFrame, id_column: str | None
) -> dict[str, Any]:
    """How often a promise is broken, and the first three rows with their value and id."""
    numbers = flag.arg_true()
    first = [
        {
            "row": int(number) + 1,
            "value": _shown(found[promise.column][int(number)]),
            **({"id": _shown(found[id_column][int(number)])} if id_column else {}),
        }
        for number in numbers.head(3)
    ]
    return {
        "column": promise.column,
        "promise": promise.path,
        "text": promise.text,
        "rows": len(numbers),
        "first": first,
    }


def _shown(value: Any) -> str:
    return "missing" if value is None else str(value)[:60]


def _refusals(
    broken: list[dict[str, Any]], quarantined: int, rows: int, spec: Mapping[str, Any], address: str
) -> Iterator[Any]:
    allowed = spec["checks"]["max_quarantined"]
    for one in broken[:_MOST_PROMISES]:
        examples = ", ".join(
            f"row {row['row']:,}" + (f" (id {row['id']})" if "id" in row else "") + f": {row['value']}"
            for row in one["first"]
        )
        yield contract_broken.found(
            f"`{one['column']}` {one['text']} in {one['rows']:,} of {rows:,} rows; first {examples}. "
            f"Altogether {quarantined:,} rows ({quarantined / rows:.2%}) break the contract, and "
            f"`checks.max_quarantined` allows {allowed:.2%}.",
            address=address,
            path=one["promise"],
        )
