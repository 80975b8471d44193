"""Writes Parquet."""

from __future__ import annotations

import polars as pl


def write_parquet(frame: pl.DataFrame, path: str) -> None:
    """The same rows give the same bytes: every choice that a default could change is made here."""
    frame.rechunk().write_parquet(
        path, compression="zstd", compression_level=3, statistics=True, row_group_size=1 << 18
    )
