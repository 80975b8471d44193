"""Holds every row of a source to the dataset's contract, in one pass of Polars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
from msgspec import Struct

from mlc.ir.operation import StepFailed
from mlc.rules import column_missing, contract_broken

ROW = "mlc_row"
REASONS = "mlc_reasons"

TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "integer": pl.Int64,
    "number": pl.Float64,
    "string": pl.String,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "datetime": pl.Datetime("us"),
}
_WRONG_TYPE = {
    "integer": "is not a whole number",
    "number": "is not a finite number",
    "string": "is not text",
    "boolean": "is neither true nor false",
    "date": "is not a date",
    "datetime": "is not a date and time",
}
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


def check(spec: Mapping[str, Any], found: pl.DataFrame, address: str, source: str) -> Checked:
    """Rows that keep the contract, and rows that do not. `source` names their origin to people.

    A value of another type that can be read as the declared one is not wrong (`19.0` is the integer 19, and
    all of CSV is text); NaN is a missing value. Raises StepFailed: column-missing for every declared column
    that is absent, contract-broken for every promise when more rows break one than may be quarantined.
    """
    columns = spec["columns"]
    absent = [name for name in columns if name not in found.columns]
    if absent:
        raise StepFailed(
            *(
                column_missing.found(name, found.columns, source, address=address, path=f"columns.{name}")
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
    if kind in ("date", "datetime"):
        return _moment(column, kind, found).alias(name)
    if found.is_nested() or found == pl.Binary or found == pl.Object:
        return pl.lit(None, dtype=TYPES[kind]).alias(name)
    if kind == "string":
        return column.cast(pl.String, strict=False)
    if found.is_temporal():
        return pl.lit(None, dtype=TYPES[kind]).alias(name)
    if kind == "number":
        return _finite(column.cast(pl.Float64, strict=False))
    if kind == "integer":
        return (
            column.cast(pl.Int64, strict=False) if not _fractional(found) else _whole(column.cast(pl.Float64))
        )
    if found == pl.Boolean:
        return column
    return pl.when(column == 1).then(True).when(column == 0).then(False).alias(name)


def _moment(column: pl.Expr, kind: str, found: pl.DataType) -> pl.Expr:
    """A date, or a time without a zone (one that has a zone is brought to UTC)."""
    if found == pl.String:
        text = column.str.strip_chars()
        with_zone = text.str.to_datetime("%+", strict=False, time_unit="us", time_zone="UTC")
        forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        moment = pl.coalesce(
            *(text.str.to_datetime(form, strict=False, time_unit="us") for form in forms),
            text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")),
            with_zone.dt.replace_time_zone(None),
        )
    elif found == pl.Datetime:
        zone = getattr(found, "time_zone", None)
        moment = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zone else column
        moment = moment.cast(pl.Datetime("us"))
    elif found == pl.Date:
        moment = column.cast(pl.Datetime("us"))
    else:
        return pl.lit(None, dtype=TYPES[kind])
    return moment if kind == "datetime" else pl.when(moment.dt.time() == pl.time(0)).then(moment.dt.date())


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
        allowed = pl.Series(column["values"]).cast(TYPES[column["type"]]).implode()
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
