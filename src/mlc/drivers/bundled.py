"""Ingests a set of data that scikit-learn brings along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlc.ir.operation import Product, Work

if TYPE_CHECKING:
    import polars as pl

VERSION = 1
PACKAGES = ("polars", "scikit-learn")
EFFECT = False
MEMORY = 300
LOADS = ("polars", "sklearn.datasets", "mlc.drivers._ingest")


def run(work: Work) -> Product:
    """The outputs of `_ingest.ingest`. Raises StepFailed: column-missing, contract-broken, split-impossible."""
    from mlc.drivers import _ingest

    name = work.spec["source"]["name"]
    return _ingest.ingest(work, table(name), f"scikit-learn's {name}")


def table(name: str) -> pl.DataFrame:
    """The set, its columns in the words of `kinds._sources.BUNDLED` after `row`, which counts from 1.

    `diabetes` is in its own units, not standardised, as nothing may be fitted on rows to test on.
    """
    import polars as pl
    from sklearn import datasets

    from mlc.kinds._sources import BUNDLED

    found = (
        datasets.load_diabetes(scaled=False) if name == "diabetes" else getattr(datasets, f"load_{name}")()
    )
    columns: dict[str, Any] = {"row": range(1, len(found.data) + 1)}
    names = [one for one in BUNDLED[name] if one != "target"]
    values = [*found.data.T, *(found.target.T if found.target.ndim == 2 else [])]
    columns |= dict(zip(names, values, strict=True))
    if found.target.ndim == 1:
        is_named = BUNDLED[name]["target"] == "string"
        columns["target"] = (
            [str(found.target_names[one]) for one in found.target] if is_named else found.target
        )
    return pl.DataFrame(columns)
