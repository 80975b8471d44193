"""predict-NAME: what a model says of rows that it has not learned from, as it learned from another dataset.

Inputs: `model` (skops), `train` and `test` (Parquet: the rows that it is asked about, and those that will prove what
learns from the answers), and `learned-DATASET` (Parquet: what it, or a model inside it, has learned from). Output:
`predictions`, as `out_of_fold` has it.
"""

from __future__ import annotations

from mlc.ir.operation import Product, StepFailed, Work

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 20.0
LOADS = ("polars", "threadpoolctl", "mlc.drivers._feeding", "mlc.drivers._reused", "mlc.drivers._skops")


def run(work: Work) -> Product:
    """Refuses where an id is on both sides. Raises StepFailed (feeding-failed)."""
    import polars as pl
    from threadpoolctl import threadpool_limits

    from mlc.drivers import _feeding, _reused
    from mlc.drivers._skops import load_model

    feed = _reused.told(work.spec["feed"], work.inputs)
    _refuse_shared(work, feed["name"])
    frame = pl.read_parquet(work.inputs["train"])
    work.tell(f"asking {feed['name']} about {frame.height:,} rows")
    with threadpool_limits(1):
        found = _feeding.says(feed, load_model(work.inputs["model"]), frame)
    path = work.folder / "predictions.parquet"
    _feeding.named(feed, found).write_parquet(path)
    return Product({"predictions": path}, {"rows": frame.height, "compared": sorted(work.spec["ids"])})


def _refuse_shared(work: Work, name: str) -> None:
    """An entity that the model has learned from would get an answer that it was told."""
    import polars as pl

    from mlc.rules import feeding_failed

    for dataset, column in sorted(work.spec["ids"].items()):
        learned = pl.read_parquet(work.inputs[f"learned-{dataset}"], columns=[column])[column].cast(pl.String)
        for part in ("train", "test"):
            asked = pl.read_parquet(work.inputs[part], columns=[column])[column].cast(pl.String)
            shared = asked.filter(asked.is_in(learned.implode()))
            if len(shared):
                raise StepFailed(
                    feeding_failed.shared(
                        name,
                        dataset,
                        column,
                        len(shared),
                        part,
                        str(shared[0]),
                        work.operation.address,
                        work.spec["path"],
                    )
                )
