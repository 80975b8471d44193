"""Reads a file of rows as it stands."""

from __future__ import annotations

from pathlib import Path

import polars as pl

# a damaged Parquet file can make Polars panic, and a panic is no PolarsError
UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


def read(path: Path, written_as: str) -> pl.DataFrame:
    """Every column of a Parquet, CSV (as text) or JSON lines file. Raises one of UNREADABLE."""
    if written_as == "parquet":
        return pl.read_parquet(path, hive_partitioning=False).rechunk()
    if written_as == "jsonl":
        # every line decides what columns there are and of what types: not a sample of them
        return pl.read_ndjson(path, infer_schema_length=None).rechunk()
    return pl.read_csv(path, infer_schema=False).rechunk()


def reason(error: BaseException) -> str:
    """The first line of what a library says."""
    said = str(error).strip()
    return said.splitlines()[0] if said else type(error).__name__
