"""Reads the rows of a dataset out of an object store, once for each version that its source names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlc.drivers._stores import REACHED_BY
from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import data_unreadable, source_unreachable
from mlc.store.secrets import hidden, revealed

VERSION = 1
PACKAGES = ("polars", "fsspec")
EFFECT = False
MEMORY = 400
LOADS = ("polars", "fsspec", "mlc.drivers._outside", "mlc.drivers._tables")


def run(work: Work) -> Product:
    """The output `rows` (Parquet), of all files in the order of their names.

    Raises StepFailed: secret-missing, source-unreachable, data-unreadable, column-missing.
    """
    import polars as pl

    from mlc.drivers import _outside, _tables

    source, address = work.spec["source"], work.operation.address
    shown = source["url"].partition("?")[0]
    options, secrets = revealed(source["options"])
    frames: list[Any] = []
    for place in _fetched(work, source["url"], options, secrets):
        work.tell(f"reading {place.name}")
        try:
            frames.append(_tables.read(place, source["format"]))
        except _tables.UNREADABLE as error:
            raise StepFailed(
                data_unreadable.found(shown, source["format"], _tables.reason(error), address=address)
            ) from error
        place.unlink()
    found = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed").rechunk()
    return _outside.product(work, found, shown, ordered=True)


def _fetched(work: Work, url: str, options: dict[str, Any], secrets: list[Any]) -> Any:
    """The files of the store one after another, each in the step's own folder."""
    import fsspec

    address, (shown, _, query) = work.operation.address, url.partition("?")
    try:
        store, path = fsspec.core.url_to_fs(url, **options)
        names = sorted(store.glob(path)) if "*" in path else [path]
        if not names:
            raise FileNotFoundError("no file there has such a name")
        for number, name in enumerate(names):
            short = Path(name.partition("?")[0]).name  # a query may hold a signature
            place = work.folder / f"{number}-{short}"
            work.tell(f"fetching {short}")
            store.get_file(name, str(place))
            yield place
    except (ImportError, ValueError) as error:
        package, extra = REACHED_BY.get(url.partition("://")[0], ("", ""))
        if not package or not isinstance(error.__cause__ or error, ImportError):
            raise StepFailed(
                source_unreachable.found(shown, hidden(error, secrets, query), address=address)
            ) from None
        raise StepFailed(source_unreachable.no_driver(shown, package, extra, address=address)) from None
    except StepFailed:
        raise
    except Exception as error:  # whatever the library of a store raises: they have no exception in common
        passing = isinstance(error, ConnectionError | TimeoutError) or "onnect" in type(error).__name__
        told = source_unreachable.found(shown, hidden(error, secrets, query), address=address)
        raise StepFailed(told, passing=passing) from None
