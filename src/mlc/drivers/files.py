"""Ingests a file: reads it, holds it to its contract, prepares it, and splits it into train and test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import path_outside_project
from mlc.store.files import leads_out

if TYPE_CHECKING:
    import polars as pl

VERSION = 1
PACKAGES = ("polars",)
EFFECT = False
CORES = 2
MEMORY = 200
MEMORY_PER_BYTE = 30.0
LOADS = (
    "polars",
    "mlc.drivers._canonical",
    "mlc.drivers._contract",
    "mlc.drivers._prepare",
    "mlc.drivers._profile",
    "mlc.drivers._split",
)


def run(work: Work) -> Product:
    """Outputs `train` and `test` (Parquet), `quarantine` (Parquet: the rows that break the contract, each
    with its number in the source and its reasons) and `profile` (JSON).

    Raises StepFailed: path-outside-project, data-unreadable, column-missing, contract-broken, split-impossible.
    """
    from mlc.drivers import _contract, _prepare, _profile, _split
    from mlc.drivers._canonical import canonical

    spec, address = work.spec, work.operation.address
    written = spec["source"]["path"]
    if leads_out(work.root, written):
        raise StepFailed(
            path_outside_project.found(written, where="The dataset", address=address, path="source.path")
        )
    work.tell("reading")
    found = _contract.read(spec, work.files.get("source"), address)
    work.tell(f"checking {found.height:,} rows")
    checked = _contract.check(spec, found, address)
    hashed = checked.kept.with_columns(_split.hashes(checked.kept, spec))
    prepared, ledger = _prepare.prepare(spec, hashed, address)
    if prepared.is_empty():
        raise StepFailed(_prepare.nothing_left(ledger, address))
    train, test, parts = _split.split(spec, prepared, address)
    outputs = {"train": train, "test": test, "quarantine": checked.quarantined}
    work.tell("writing")
    profile: dict[str, Any] = {
        "rows": {
            "read": found.height,
            "quarantined": checked.quarantined.height,
            "prepared": prepared.height,
            "train": train.height,
            "test": test.height,
        },
        "dropped_columns": list(checked.dropped),
        "broken_promises": checked.broken,
        "preparation": ledger,
        "split": parts,
        "columns": _profile.columns(prepared, spec),
    }
    paths = {name: work.folder / f"{name}.parquet" for name in outputs}
    for name, frame in outputs.items():
        write_parquet(frame, str(paths[name]))
    paths["profile"] = work.folder / "profile.json"
    paths["profile"].write_bytes(canonical(profile))
    summary = {**profile["rows"], "dropped_columns": profile["dropped_columns"], "preparation": ledger}
    return Product(outputs=paths, summary={**summary, "split": parts})


def write_parquet(frame: pl.DataFrame, path: str) -> None:
    """The same rows give the same bytes: every choice that a default could change is made here."""
    frame.rechunk().write_parquet(
        path, compression="zstd", compression_level=3, statistics=True, row_group_size=1 << 18
    )
