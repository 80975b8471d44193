"""The ordered operations on a dataset's rows, with a ledger of what each of them did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl
from msgspec import Struct

from mlc.drivers import _fitted, _made, _split
from mlc.drivers._contract import ROW
from mlc.drivers._split import HASH, PART
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from mlc.kinds._preparation import FITTED
from mlc.rules import column_missing, contract_broken

Ledger = list[dict[str, Any]]


class Prepared(Struct, frozen=True):
    """The rows with the part that each is in (PART), one entry per operation (rows in, rows out, values changed),
    and what is to be said of where the parts meet."""

    rows: pl.DataFrame
    ledger: Ledger
    facts: dict[str, Any]


def prepare(spec: Mapping[str, Any], frame: pl.DataFrame, address: str) -> Prepared:
    """`frame` after `spec["prepare"]`.

    Raises StepFailed (column-missing) for an operation on a column that is not declared.
    """
    unknown = [
        column_missing.found(
            name, list(spec["columns"]), "the contract", address=address, path=f"prepare.{step['name']}"
        )
        for step in spec["prepare"]
        for name in _named(step)
        if name not in spec["columns"]
    ]
    if unknown:
        raise StepFailed(*unknown)
    ledger: Ledger = []
    facts: dict[str, Any] | None = None
    for step in spec["prepare"]:
        if step["method"] in FITTED and facts is None:
            frame, facts = _assigned(spec, frame, address)
        after, changed, learned = _apply(step, frame, spec)
        entry = {
            "name": step["name"],
            "method": step["method"],
            "rows_in": frame.height,
            "rows_out": after.height,
            "values_changed": changed,
        }
        ledger.append(entry | ({"learned": learned} if learned else {}))
        frame = after
    if facts is None:
        frame, facts = _assigned(spec, frame, address)
    return Prepared(frame, ledger, facts)


def _assigned(
    spec: Mapping[str, Any], frame: pl.DataFrame, address: str
) -> tuple[pl.DataFrame, dict[str, Any]]:
    if frame.is_empty():
        return frame.with_columns(pl.lit(_split.TRAIN, dtype=pl.UInt8).alias(PART)), {}
    part, facts = _split.assigned(spec, frame, address)
    return frame.with_columns(part), facts


def nothing_left(ledger: Ledger, address: str) -> Diagnostic:
    """No row is left; the operation that took the last one is the culprit, where there is one."""
    culprit = next((entry["name"] for entry in ledger if not entry["rows_out"]), None)
    detail = (
        f"The operation `{culprit}` of `prepare` leaves no row." if culprit else "The source holds no row."
    )
    return contract_broken.RULE.at(
        None,
        detail,
        help="Look whether the source is complete and whether the operation means the right columns.",
        address=address,
        path=f"prepare.{culprit}" if culprit else "source.path",
    )


def _named(step: Mapping[str, Any]) -> list[str]:
    found = [*step.get("columns", ()), *step.get("by", ())]
    return found + [step[field] for field in ("column", "of", "into") if field in step]


def _apply(step: Mapping[str, Any], frame: pl.DataFrame, spec: Mapping[str, Any]) -> _fitted.Did:
    match step["method"]:
        case "deduplicate":
            own = (spec["id"], HASH, PART, ROW)
            alike = step["by"] or [name for name in frame.columns if name not in own]
            return frame.unique(alike, keep="first", maintain_order=True), 0, {}
        case "drop_missing":
            return frame.drop_nulls(step["columns"]), 0, {}
        case "clip":
            return *_clipped(step, frame), {}
        case "impute":
            return _fitted.impute(step, frame)
        case "outliers":
            return _fitted.outliers(step, frame)
        case "cast":
            return _made.cast(step, frame, spec["columns"][step["into"]]["type"]), 0, {}
        case "derive":
            types = {name: column["type"] for name, column in spec["columns"].items()}
            return _made.derive(step, frame, types), 0, {}
        case "lag":
            return _made.lag(step, frame), 0, {}
        case method:
            raise AssertionError(f"no such preparation: {method}")


def _clipped(step: Mapping[str, Any], frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    before = frame[step["column"]]
    lower, upper = step["min"], step["max"]
    if before.dtype.is_integer():  # the bound itself may lie between two integers
        lower = None if lower is None else math.ceil(lower)
        upper = None if upper is None else math.floor(upper)
    after = before.clip(lower, upper)
    return frame.with_columns(after), int((before != after).sum())
