"""Ingests a file, of the project or of rows that were read outside of it: reads it, holds it to its contract,
prepares it, and splits it into train and test."""

from __future__ import annotations

from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import data_unreadable, path_outside_project
from mlc.store.files import leads_out

VERSION = 1
PACKAGES = ("polars",)
EFFECT = False
CORES = 2
MEMORY = 200
MEMORY_PER_BYTE = 30.0
LOADS = ("polars", "mlc.drivers._ingest", "mlc.drivers._tables")


def run(work: Work) -> Product:
    """The outputs of `_ingest.ingest`.

    Raises StepFailed: path-outside-project, data-unreadable, column-missing, contract-broken, split-impossible.
    """
    from mlc.drivers import _ingest, _tables

    source, address = work.spec["source"], work.operation.address
    if "rows" in work.inputs:
        return _ingest.ingest(work, _tables.read(work.inputs["rows"], "parquet"), f"`{source['of']}`")
    written, written_as = source["path"], source["format"]
    if leads_out(work.root, written):
        raise StepFailed(
            path_outside_project.found(written, where="The dataset", address=address, path="source.path")
        )
    work.tell("reading")
    path = work.files.get("source")
    if path is None or not path.is_file():
        raise StepFailed(data_unreadable.found(written, written_as, "there is no such file", address=address))
    try:
        found = _tables.read(path, written_as)
    except _tables.UNREADABLE as error:
        raise StepFailed(
            data_unreadable.found(written, written_as, _tables.reason(error), address=address)
        ) from error
    return _ingest.ingest(work, found, f"`{written}`")
