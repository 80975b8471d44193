"""What every reader of a source outside the project does with the rows that it has read."""

from __future__ import annotations

from typing import Any

import polars as pl

from mlc.drivers import _privacy
from mlc.drivers._parquet import write_parquet
from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import column_missing


def product(work: Work, found: pl.DataFrame, where: str, *, ordered: bool) -> Product:
    """The output `rows` (Parquet): of the columns that are declared, and with pseudonyms where they are asked for.

    `ordered` where the order of the rows is the source's own; otherwise they are brought into that of their id and
    of all other columns. Raises StepFailed (column-missing).
    """
    wanted, address = work.spec["columns"], work.operation.address
    bordered = _privacy.border(work.spec, found, address)
    absent = [name for name in wanted if name not in bordered.columns]
    if absent:
        raise StepFailed(
            *(
                column_missing.found(name, bordered.columns, where, address=address, path=f"columns.{name}")
                for name in absent
            )
        )
    rows = bordered.select(wanted)
    if not ordered:
        rows = _in_order(rows, work.spec["id"])
    path = work.folder / "rows.parquet"
    write_parquet(rows, str(path))
    summary: dict[str, Any] = {
        "rows": rows.height,
        "dropped_columns": [name for name in bordered.columns if name not in wanted],
    }
    return Product({"rows": path}, summary)


def _in_order(rows: pl.DataFrame, id_column: str | None) -> pl.DataFrame:
    sortable = [name for name, dtype in rows.schema.items() if not dtype.is_nested() and dtype != pl.Object]
    if id_column in sortable:
        sortable = [id_column, *(name for name in sortable if name != id_column)]
    return rows.sort(sortable, nulls_last=True) if sortable else rows
