"""The types of columns, and how a value of another type is read as one of them."""

from __future__ import annotations

import polars as pl

TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "integer": pl.Int64,
    "number": pl.Float64,
    "string": pl.String,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "datetime": pl.Datetime("us"),
}


def typed(name: str, kind: str, found: pl.DataType) -> pl.Expr:
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
