"""feed: the training rows with what the models say of them.

Inputs: `train` (Parquet) and `predictions-NAME` for each model. Output: `train` (Parquet).
"""

from __future__ import annotations

from mlc.ir.operation import Product, StepFailed, Work

VERSION = 1
PACKAGES = ("polars",)
EFFECT = False
MEMORY = 200
MEMORY_PER_BYTE = 10.0
LOADS = ("polars", "mlc.drivers._recipes")


def run(work: Work) -> Product:
    """Rows of which some model says nothing are left out. Raises StepFailed (feeding-failed)."""
    import polars as pl

    from mlc.drivers._recipes import with_predictions
    from mlc.rules import feeding_failed

    train = pl.read_parquet(work.inputs["train"])
    told = [pl.read_parquet(work.inputs[f"predictions-{name}"]) for name in work.spec["feeds"]]
    found = with_predictions(train, pl.concat(told, how="horizontal"))
    if not found.height:
        raise StepFailed(feeding_failed.no_rows(train.height, work.operation.address))
    path = work.folder / "train.parquet"
    found.write_parquet(path)
    return Product({"train": path}, {"rows": found.height, "left_out": train.height - found.height})
