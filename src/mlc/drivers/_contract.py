"""Holds every row of a source to the dataset's contract, in one pass of Polars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from msgspec import Struct

from mlc.drivers import _expressions
from mlc.drivers._types import TYPES, typed
from mlc.ir import expression
from mlc.ir.operation import StepFailed
from mlc.rules import column_missing, contract_broken

ROW = "mlc_row"
REASONS = "mlc_reasons"

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
    """`kept` has the declared columns of the source in their declared types, and after them, where preparation makes
    columns, ROW. `quarantined` has them as they were read, after `mlc_row` (counted from 1) and `mlc_reasons`."""

    kept: pl.DataFrame
    quarantined: pl.DataFrame
    dropped: tuple[str, ...]
    broken: list[dict[str, Any]]


class Promise(Struct, frozen=True):
    """What a column promises: where the spec says so, what breaking it means, and which rows do.

    `column` is empty where the promise is of the row as a whole.
    """

    column: str
    path: str
    text: str
    breaks: pl.Expr

    @property
    def reason(self) -> str:
        return f"{self.column} {self.text}" if self.column else self.text


def check(spec: Mapping[str, Any], found: pl.DataFrame, address: str, source: str) -> Checked:
    """Rows that keep the contract, and rows that do not. `source` names their origin to people.

    A value of another type that can be read as the declared one is not wrong (`19.0` is the integer 19, and
    all of CSV is text); NaN is a missing value. Raises StepFailed: column-missing for every declared column
    that is absent, contract-broken for every promise when more rows break one than may be quarantined.
    """
    made = made_columns(spec)
    columns = {name: column for name, column in spec["columns"].items() if name not in made}
    absent = [name for name in columns if name not in found.columns]
    if absent:
        raise StepFailed(
            *(
                column_missing.found(name, found.columns, source, address=address, path=f"columns.{name}")
                for name in absent
            )
        )
    kept = found.select(typed(name, column["type"], found.schema[name]) for name, column in columns.items())
    promises = [
        promise for name, column in columns.items() for promise in _promises(name, column, found.schema[name])
    ]
    promises += _of_rows(spec, columns)
    declared = found.select(*columns)
    raw = declared.select(pl.col(name).alias(_raw(name)) for name in columns)
    broken = _broken(promises, kept.hstack(raw), declared, spec)
    if broken.rows > spec["checks"]["max_quarantined"] * found.height:
        raise StepFailed(*_refusals(broken.promises, broken.rows, found.height, spec, address))
    if made:
        kept = kept.with_columns(pl.Series(ROW, range(1, kept.height + 1), dtype=pl.UInt32))
    if broken.rows:
        kept = kept.filter(~broken.breaking)
    _refuse_count(kept.height, spec, address)
    numbered = declared.with_row_index(ROW, offset=1).filter(broken.breaking)
    return Checked(
        kept=kept,
        quarantined=numbered.select(ROW, broken.reasons, *columns),
        dropped=tuple(name for name in found.columns if name not in spec["columns"]),
        broken=[{key: value for key, value in one.items() if key != "text"} for one in broken.promises],
    )


def check_made(
    spec: Mapping[str, Any], rows: pl.DataFrame, checked: Checked, found: pl.DataFrame, address: str
) -> tuple[pl.DataFrame, Checked]:
    """The same for the columns that preparation made: the rows that keep their promises, and the rest quarantined as
    they were read. Raises StepFailed (contract-broken)."""
    columns = {name: spec["columns"][name] for name in made_columns(spec)}
    promises = [
        promise for name, column in columns.items() for promise in _promises(name, column, rows.schema[name])
    ]
    raw = rows.select(pl.col(name).alias(_raw(name)) for name in columns)
    shown = rows.select(*columns, *([spec["id"]] if spec["id"] else []))
    broken = _broken(promises, rows.select(*columns).hstack(raw), shown, spec, rows[ROW])
    quarantined = checked.quarantined.height + broken.rows
    if quarantined > spec["checks"]["max_quarantined"] * found.height and broken.rows:
        raise StepFailed(*_refusals(broken.promises, quarantined, found.height, spec, address))
    if not broken.rows:
        return rows.drop(ROW), checked
    numbers = rows.filter(broken.breaking).select(ROW).hstack([broken.reasons])
    names = [name for name in spec["columns"] if name not in columns]
    as_read = found.select(*names).with_row_index(ROW, offset=1)
    more = numbers.join(as_read, on=ROW, how="left", maintain_order="left")
    return rows.filter(~broken.breaking).drop(ROW), Checked(
        kept=checked.kept,
        quarantined=pl.concat([checked.quarantined, more]).sort(ROW),
        dropped=checked.dropped,
        broken=checked.broken + [{k: v for k, v in one.items() if k != "text"} for one in broken.promises],
    )


def check_fresh(spec: Mapping[str, Any], rows: pl.DataFrame, now: datetime, address: str) -> None:
    """Raises StepFailed (contract-broken) where the newest row is older than it may be. `now` is in UTC, without a
    zone."""
    fresh = spec["checks"].get("freshness")
    if fresh is None:
        return
    newest: Any = rows[fresh["column"]].cast(pl.Datetime("us")).max()
    allowed = timedelta(seconds=fresh["max_age"])
    if newest is None or now - newest > allowed:
        told = "never" if newest is None else newest.isoformat(sep=" ", timespec="seconds")
        raise StepFailed(contract_broken.stale(fresh["column"], told, str(allowed), address=address))


def made_columns(spec: Mapping[str, Any]) -> list[str]:
    """The columns that preparation makes, which are not in the source."""
    return [step["into"] for step in spec["prepare"] if "into" in step]


class _Broken(Struct, frozen=True):
    """How many rows break the promises and which; for these the reasons; and of each broken promise the evidence."""

    rows: int
    breaking: pl.Series
    reasons: pl.Series
    promises: list[dict[str, Any]]


def _broken(
    promises: list[Promise],
    columns: pl.DataFrame,
    shown: pl.DataFrame,
    spec: Mapping[str, Any],
    numbers: pl.Series | None = None,
) -> _Broken:
    """`numbers` are those of the rows in the source, counted from 1, where they are not just that."""
    if not promises:
        return _Broken(
            0,
            pl.Series([False], dtype=pl.Boolean).new_from_index(0, columns.height),
            pl.Series(REASONS, [], dtype=pl.String),
            [],
        )
    flags = columns.select(promise.breaks.alias(str(n)) for n, promise in enumerate(promises))
    breaking = flags.select(pl.any_horizontal(pl.all())).to_series()
    reasons = flags.filter(breaking).select(
        pl.concat_str(
            [pl.when(str(n)).then(pl.lit(promise.reason)) for n, promise in enumerate(promises)],
            separator="; ",
            ignore_nulls=True,
        ).alias(REASONS)
    )
    evidence = [
        _evidence(promise, flags[str(n)], shown, spec["id"], numbers)
        for n, promise in enumerate(promises)
        if flags[str(n)].any()
    ]
    return _Broken(int(breaking.sum()), breaking, reasons.to_series(), evidence)


def _of_rows(spec: Mapping[str, Any], columns: Mapping[str, Any]) -> Iterator[Promise]:
    """The promises across columns: a row of which it is not known whether it keeps one does, as in SQL."""
    types = {name: column["type"] for name, column in columns.items()}
    for name, text in spec["checks"].get("expressions", {}).items():
        kept = _expressions.compiled(expression.parse(text, types))
        yield Promise("", f"checks.expressions.{name}", f"breaks {name} ({text})", ~kept.fill_null(True))


def _refuse_count(rows: int, spec: Mapping[str, Any], address: str) -> None:
    most = spec["checks"].get("max_rows")
    if rows < spec["checks"]["min_rows"]:
        raise StepFailed(contract_broken.too_few(rows, spec["checks"]["min_rows"], address=address))
    if most is not None and rows > most:
        raise StepFailed(contract_broken.too_many(rows, most, address=address))


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
    promise: Promise,
    flag: pl.Series,
    found: pl.DataFrame,
    id_column: str | None,
    numbers: pl.Series | None,
) -> dict[str, Any]:
    """How often a promise is broken, and the first three rows with their value and id."""
    places = flag.arg_true()
    first = [
        {
            "row": place + 1 if numbers is None else int(numbers[place]),
            **({"value": _shown(found[promise.column][place])} if promise.column else {}),
            **({"id": _shown(found[id_column][place])} if id_column else {}),
        }
        for place in map(int, places.head(3))
    ]
    return {
        "column": promise.column,
        "promise": promise.path,
        "text": promise.text,
        "rows": len(places),
        "first": first,
    }


def _shown(value: Any) -> str:
    return "missing" if value is None else str(value)[:60]


def _whose(one: Mapping[str, Any]) -> str:
    return f"`{one['column']}`" if one["column"] else "It"


def _refusals(
    broken: list[dict[str, Any]], quarantined: int, rows: int, spec: Mapping[str, Any], address: str
) -> Iterator[Any]:
    allowed = spec["checks"]["max_quarantined"]
    for one in broken[:_MOST_PROMISES]:
        examples = ", ".join(
            f"row {row['row']:,}"
            + (f" (id {row['id']})" if "id" in row else "")
            + (f": {row['value']}" if "value" in row else "")
            for row in one["first"]
        )
        yield contract_broken.found(
            f"{_whose(one)} {one['text']} in {one['rows']:,} of {rows:,} rows; first {examples}. "
            f"Altogether {quarantined:,} rows ({quarantined / rows:.2%}) break the contract, and "
            f"`checks.max_quarantined` allows {allowed:.2%}.",
            address=address,
            path=one["promise"],
        )
