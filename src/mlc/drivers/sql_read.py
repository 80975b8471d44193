"""Reads the rows of a dataset out of a database, once for each version that its source names."""

from __future__ import annotations

from typing import Any

from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import path_outside_project, source_unreachable
from mlc.store.files import leads_out

VERSION = 1
PACKAGES = ("polars",)
EFFECT = False
MEMORY = 400
MEMORY_PER_BYTE = 10.0
LOADS = ("polars", "mlc.drivers._outside", "mlc.store.queries")


def run(work: Work) -> Product:
    """The output `rows` (Parquet).

    Raises StepFailed: secret-missing, source-unreachable, column-missing, path-outside-project.
    """
    import polars as pl

    from mlc.drivers import _outside
    from mlc.store import queries
    from mlc.store.secrets import read_secret

    source, address = work.spec["source"], work.operation.address
    shown, url = source["url"].partition("?")[0], source["url"]
    if "source" in work.operation.files:
        written = work.operation.files["source"]
        if leads_out(work.root, written):
            raise StepFailed(
                path_outside_project.found(written, where="The dataset", address=address, path="source.url")
            )
        url = f"sqlite:///{work.files['source']}"
    password = read_secret(source["password"]) if source["password"] is not None else None
    work.tell(f"asking {shown}")
    frames: list[Any] = []
    try:
        with queries.asked(url, password, source["query"], source["table"]) as rows:
            for part in rows.parts:
                frames.append(
                    pl.DataFrame(part, schema=[*rows.columns], orient="row", infer_schema_length=None)
                )
                work.tell(f"{sum(frame.height for frame in frames):,} rows read")
            empty = pl.DataFrame(schema=dict.fromkeys(rows.columns, pl.Null))
    except queries.Unreachable as error:
        if error.package:
            told = source_unreachable.no_driver(shown, error.package, error.extra, address=address)
        else:
            told = source_unreachable.found(shown, error.why, address=address)
        raise StepFailed(told, passing=error.passing) from None
    found = pl.concat(frames, how="vertical_relaxed") if frames else empty
    return _outside.product(work, found, f"the result of {shown}", ordered=False)
