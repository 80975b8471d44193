"""An expression over the columns of a row as one of Polars."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import polars as pl

from mlc.drivers._types import TYPES
from mlc.ir.expression import Typed

_DAY = 86_400_000_000  # microseconds


def compiled(found: Typed) -> pl.Expr:
    """The same in Polars. Numbers that are not finite are missing, so a division by zero is; so are whole numbers of
    more than 64 bits."""
    if found.op == "column":
        return pl.col(found.value)
    if found.op == "value":
        return pl.lit(found.value, dtype=TYPES[found.kind])
    arguments = [compiled(one) for one in found.arguments]
    if found.op == "in":
        return reduce(lambda left, right: left | right, [arguments[0] == one for one in arguments[1:]])
    result = _BY_NAME[found.op](*arguments)
    if found.kind == "integer" and found.op in ("+", "-", "*"):
        near = _BY_NAME[found.op](*(one.cast(pl.Float64) for one in arguments))
        return pl.when(near.abs() < 2.0**63).then(result)  # else it would begin again from the other end
    return finite(result) if found.kind == "number" and found.op in _MAY_BE_INFINITE else result


def finite(number: pl.Expr) -> pl.Expr:
    return pl.when(number.is_finite()).then(number)


def _date_and_time(moment: pl.Expr) -> pl.Expr:
    return moment.cast(pl.Datetime("us"))


def _days(first: pl.Expr, second: pl.Expr) -> pl.Expr:
    between = (_date_and_time(second) - _date_and_time(first)).dt.total_microseconds()
    return between / _DAY


def _divided(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return pl.when(right != 0).then(left / right)


def _floored(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return pl.when(right != 0).then(left // right)


def _modulo(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return pl.when(right != 0).then(left % right)


def _whole(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.Int64, strict=False)


def _number(value: pl.Expr) -> pl.Expr:
    return finite(value.cast(pl.Float64, strict=False))


_MAY_BE_INFINITE = ("+", "-", "*", "/", "//", "%", "exp", "log", "log1p", "sqrt", "days_between")

_BY_NAME: dict[str, Callable[..., Any]] = {
    "not": lambda one: ~one,
    "negative": lambda one: -one,
    "and": lambda *all_: reduce(lambda left, right: left & right, all_),
    "or": lambda *all_: reduce(lambda left, right: left | right, all_),
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divided,
    "//": _floored,
    "%": _modulo,
    "join": lambda left, right: pl.concat_str(left, right),
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "if": lambda test, yes, no: pl.when(test.is_null()).then(None).when(test).then(yes).otherwise(no),
    "abs": lambda one: one.abs(),
    "ceil": lambda one: _whole(one.ceil()),
    "floor": lambda one: _whole(one.floor()),
    "round": lambda one: _whole(one.round(0, mode="half_to_even")),
    "sqrt": lambda one: one.sqrt(),
    "log": lambda one: one.log(),
    "log1p": lambda one: one.log1p(),
    "exp": lambda one: one.exp(),
    "sin": lambda one: one.sin(),
    "cos": lambda one: one.cos(),
    "min": pl.min_horizontal,
    "max": pl.max_horizontal,
    "coalesce": pl.coalesce,
    "is_missing": lambda one: one.is_null(),
    "lower": lambda one: one.str.to_lowercase(),
    "upper": lambda one: one.str.to_uppercase(),
    "trim": lambda one: one.str.strip_chars(),
    "length": lambda one: _whole(one.str.len_chars()),
    "contains": lambda one, other: one.str.contains(other, literal=True),
    "starts_with": lambda one, other: one.str.starts_with(other),
    "ends_with": lambda one, other: one.str.ends_with(other),
    "text": lambda one: one.cast(pl.String),
    "number": _number,
    "integer": lambda one: _whole(_number(one)),
    "year": lambda one: _whole(one.dt.year()),
    "month": lambda one: _whole(one.dt.month()),
    "day": lambda one: _whole(one.dt.day()),
    "weekday": lambda one: _whole(one.dt.weekday()),
    "day_of_year": lambda one: _whole(one.dt.ordinal_day()),
    "hour": lambda one: _whole(one.dt.hour()),
    "minute": lambda one: _whole(one.dt.minute()),
    "days_between": _days,
}
