"""predict-NAME: what a model says of the rows that it learned from, each by a model that had not learned from it.

Inputs: `train` (Parquet), and what its recipe names. Output: `predictions` (Parquet: a row for each of `train`, in
their order; the columns that the feed gives).
"""

from __future__ import annotations

from mlc.ir.operation import Product, StepFailed, Work

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 80.0
LOADS = ("mlc.drivers._recipes", "mlc.drivers._calibration", "mlc.drivers._estimators")


def run(work: Work) -> Product:
    """Trains the model once for each fold. Raises StepFailed (feeding-failed)."""
    import polars as pl
    from threadpoolctl import threadpool_limits

    from mlc.drivers import _recipes
    from mlc.drivers._folds import UnfoldableError, in_words
    from mlc.drivers._learning import LIBRARY_ERRORS, quiet, said_by
    from mlc.rules import feeding_failed

    feed, how, path = work.spec["feed"], work.spec["folds"], work.spec["path"]
    frame = pl.read_parquet(work.inputs["train"])
    work.tell(f"{in_words(how)} of {frame.height:,} rows")
    try:
        with quiet(), threadpool_limits(1):
            found = _recipes.out_of_fold(frame, [feed], how, _recipes.Given(work))
    except UnfoldableError as error:
        raise StepFailed(feeding_failed.few_rows(str(error), work.operation.address, path)) from error
    except LIBRARY_ERRORS as error:
        raise StepFailed(
            feeding_failed.untrained(feed["name"], said_by(error), work.operation.address, path)
        ) from error
    written = work.folder / "predictions.parquet"
    found.write_parquet(written)
    known = frame.height - found.select(pl.any_horizontal(pl.all().is_nan())).to_series().sum()
    return Product({"predictions": written}, {"rows": known, "folds": how["count"], "method": in_words(how)})
