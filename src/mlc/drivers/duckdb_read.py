"""Reads the rows of a dataset out of a file of DuckDB."""

from __future__ import annotations

from typing import Any

from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import path_outside_project, source_unreachable
from mlc.store.files import leads_out

VERSION = 1
PACKAGES = ("polars", "duckdb")
EFFECT = False
MEMORY = 400
MEMORY_PER_BYTE = 10.0
LOADS = ("polars", "duckdb", "mlc.drivers._outside")


def run(work: Work) -> Product:
    """The output `rows` (Parquet). The query reaches the tables of the file and nothing else of the machine.

    Raises StepFailed: source-unreachable, column-missing, path-outside-project.
    """
    import duckdb
    import polars as pl

    from mlc.drivers import _outside

    source, address = work.spec["source"], work.operation.address
    written = work.operation.files["source"]
    if leads_out(work.root, written):
        raise StepFailed(
            path_outside_project.found(written, where="The dataset", address=address, path="source.url")
        )
    work.tell(f"asking {written}")
    try:
        config: dict[str, Any] = {"enable_external_access": "false", "threads": "2"}
        with duckdb.connect(str(work.files["source"]), read_only=True, config=config) as connection:
            asked = (
                connection.table(source["table"])
                if source["query"] is None
                else connection.sql(source["query"])
            )
            found = pl.DataFrame(asked)
    except (duckdb.Error, TypeError) as error:
        raise StepFailed(source_unreachable.found(written, str(error), address=address)) from None
    return _outside.product(work, found, f"the result of {written}", ordered=False)
