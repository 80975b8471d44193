"""Trains one scikit-learn Pipeline: the feature groups and the estimator."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import training_failed

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 50.0
LOADS = (
    "polars",
    "threadpoolctl",
    "mlc.drivers._columns",
    "mlc.drivers._estimators",
    "mlc.drivers._pipeline",
    "mlc.drivers._skops",
)


def run(work: Work) -> Product:
    """Outputs `model` (skops). The summary holds rows, the columns that reach the estimator, classes, their
    balance and the warnings of scikit-learn.

    Numbers reach the estimator as float32, as ONNX will serve them, and one thread computes, because the
    order of floating-point sums would otherwise follow the number of cores.
    Raises StepFailed (training-failed).
    """
    import polars as pl
    from threadpoolctl import threadpool_limits

    from mlc.drivers import _estimators, _pipeline
    from mlc.drivers._columns import binary_label, model_input
    from mlc.drivers._skops import save_model

    spec, address = work.spec, work.operation.address
    if spec["estimator"] not in _estimators.ESTIMATORS:
        raise _failed(
            f"`{spec['estimator']}` is none of the estimators of mlc.",
            f"The estimators are {', '.join(_estimators.ESTIMATORS)}.",
            address,
            "train.estimator",
        )
    train = pl.read_parquet(work.inputs["train"])
    try:
        labels = binary_label(train, spec["label"], spec["positive"])
    except ValueError as error:
        raise _failed(
            str(error), "Mend the label, or name another `positive`.", address, "positive"
        ) from error
    positive = int(labels.sum())
    if positive in (0, len(labels)):
        which = "no row" if positive == 0 else "every row"
        raise _failed(
            f"In {which} of the training part is `{spec['label']}` the positive value {spec['positive']!r}, "
            "and a classifier needs rows of both classes.",
            "Name the `positive` value as it stands in the data, or give data with both classes.",
            address,
            "positive",
        )
    table = model_input(train, spec["columns"])
    work.tell(f"training on {len(labels):,} rows")
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(1):
        warnings.simplefilter("always")
        try:
            estimator = _estimators.estimator(spec["estimator"], spec["params"], spec["seed"])
            model = _pipeline.pipeline(spec["groups"], spec["columns"], table, estimator)
            model.fit(table, labels.to_numpy())
            model.predict_proba(table.head(1))  # some estimators object only to the first question
        except _pipeline.UnfitError as error:
            raise _failed(str(error), "Change the feature group.", address, error.path) from error
        except (ValueError, TypeError) as error:
            raise _failed(
                f"scikit-learn says of {spec['estimator']}: {_sentence(error)}",
                "Change `train.params`, or what the feature groups do with missing values.",
                address,
                "train.params",
            ) from error
    columns_out = [str(name) for name in model["features"].get_feature_names_out()]
    return Product(
        outputs={"model": save_model(model, work.folder / "model.skops")},
        summary={
            "rows": len(labels),
            "columns_out": columns_out,
            "classes": {"0": f"not {spec['positive']}", "1": str(spec["positive"])},
            "class_balance": {"0": 1 - positive / len(labels), "1": positive / len(labels)},
            "warnings": sorted({f"{one.category.__name__}: {_sentence(one.message)}" for one in caught}),
        },
    )


def load_model(path: Path) -> Pipeline:
    """The Pipeline that `run` wrote; no type is loaded that is not in a fixed list."""
    from mlc.drivers import _skops

    return _skops.load_model(path)


def _sentence(message: Any) -> str:
    """The first paragraph of what scikit-learn says, on one line."""
    return " ".join(str(message).strip().split("\n\n")[0].split())


def _failed(detail: str, help: str, address: str, path: str) -> StepFailed:  # noqa: A002
    return StepFailed(training_failed.found(detail, help=help, address=address, path=path))
