"""The ordered operations on a dataset's rows, with a ledger of what each of them did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl
from msgspec import Struct

from mlc.drivers import _split
from mlc.drivers._split import HASH, PART
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
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
    for step in spec["prepare"]:
        after, changed = _apply(step, frame, spec)
        ledger.append(
            {
                "name": step["name"],
                "method": step["method"],
                "rows_in": frame.height,
                "rows_out": after.height,
                "values_changed": changed,
            }
        )
        frame = after
    part, facts = _split.assigned(spec, frame, address)
    return Prepared(frame.with_columns(part), ledger, facts)


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
    if step["method"] == "deduplicate":
        return list(step["by"])
    return list(step["columns"]) if step["method"] == "drop_missing" else [step["column"]]


def _apply(step: Mapping[str, Any], frame: pl.DataFrame, spec: Mapping[str, Any]) -> tuple[pl.DataFrame, int]:
    match step["method"]:
        case "deduplicate":
            alike = step["by"] or [name for name in frame.columns if name not in (spec["id"], HASH, PART)]
            return frame.unique(alike, keep="first", maintain_order=True), 0
        case "drop_missing":
            return frame.drop_nulls(step["columns"]), 0
        case "clip":
            return _clipped(step, frame)
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
