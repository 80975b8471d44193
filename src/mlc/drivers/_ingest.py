"""What is done to the rows of a dataset, wherever they came from: contract, preparation, split, profile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from mlc.drivers import _contract, _leakage, _prepare, _privacy, _profile, _split
from mlc.drivers._canonical import canonical
from mlc.drivers._parquet import write_parquet
from mlc.ir.operation import Product, StepFailed, Work


def ingest(work: Work, found: pl.DataFrame, source: str) -> Product:
    """Outputs `train`, `test` and, where the split asks for it, `validation` (Parquet), `quarantine` (Parquet: the rows
    that break the contract, each with its number in the source and its reasons) and `profile` (JSON). `source` names
    the rows' origin to people.

    Raises StepFailed: column-missing, contract-broken, split-impossible.
    """
    spec, address = work.spec, work.operation.address
    found = _privacy.border(spec, found, address)
    work.tell(f"checking {found.height:,} rows")
    checked = _contract.check(spec, found, address, source)
    # what it says decides whether the step goes on, never what comes out of it
    now = datetime.now(UTC).replace(tzinfo=None)
    _contract.check_fresh(spec, checked.kept, now, address)
    rows = checked.kept
    if _split.is_by_row(spec):
        rows = rows.with_columns(_split.hashes(rows, spec))
    prepared = _prepare.prepare(spec, rows, address)
    if prepared.rows.is_empty():
        raise StepFailed(_prepare.nothing_left(prepared.ledger, address))
    rows = prepared.rows
    if _contract.made_columns(spec):
        rows, checked = _contract.check_made(spec, rows, checked, found, address)
    anonymity: dict[str, Any] | None = None
    warnings: list[str] = []
    if "k_anonymity" in spec:
        rows, anonymity, warnings = _privacy.anonymous(spec, rows, address)
    divided, parts = _split.split(spec, rows, prepared.facts, address)
    outputs = {**divided, "quarantine": checked.quarantined}
    work.tell("writing")
    profile: dict[str, Any] = {
        "rows": {
            "read": found.height,
            "quarantined": checked.quarantined.height,
            "prepared": rows.height,
            **{name: part.height for name, part in divided.items()},
        },
        "dropped_columns": list(checked.dropped),
        "broken_promises": checked.broken,
        "preparation": prepared.ledger,
        "split": parts,
        "columns": _profile.columns(rows, spec),
    }
    if anonymity is not None:
        profile["k_anonymity"] = anonymity
    if spec["checks"].get("leakage"):
        leaks = _leakage.found(spec, **divided)
        warnings += _leakage.judged(spec, leaks, _leakage.future(spec, rows, now), address)
        profile["leakage"] = leaks
    paths = {name: work.folder / f"{name}.parquet" for name in outputs}
    for name, frame in outputs.items():
        write_parquet(frame, str(paths[name]))
    paths["profile"] = work.folder / "profile.json"
    paths["profile"].write_bytes(canonical(profile))
    summary = {
        **profile["rows"],
        "dropped_columns": profile["dropped_columns"],
        "preparation": prepared.ledger,
    }
    if warnings:
        summary["warnings"] = warnings
    return Product(outputs=paths, summary={**summary, "split": parts})
