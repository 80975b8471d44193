"""Trains one scikit-learn Pipeline: the feature groups and an estimator, whichever library it is from."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from mlc.drivers import _pipeline
from mlc.drivers._columns import binary_label, model_input
from mlc.drivers._skops import save_model
from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import training_failed

Build = Callable[[str, Mapping[str, Any], int], BaseEstimator]
"""An estimator by its full name, with its parameters and the seed; KeyError for a name that is in no table."""


Finished = Callable[[Pipeline], None]
"""Called with the trained Pipeline before it is saved."""


def train(work: Work, build: Build, finished: Finished = lambda _: None) -> Product:
    """Outputs `model` (skops). The summary holds rows, the columns that reach the estimator, classes, their
    balance and the warnings of scikit-learn.

    Numbers reach the estimator as float32, as ONNX will serve them, and one thread computes, because the
    order of floating-point sums would otherwise follow the number of cores.
    Raises StepFailed (training-failed).
    """
    spec, address = work.spec, work.operation.address
    try:
        estimator = build(spec["estimator"], spec["params"], spec["seed"])
    except KeyError:
        raise _failed(
            f"`{spec['estimator']}` is none of the estimators that mlc trains.",
            "`mlc schema estimators` lists them.",
            address,
            "train.estimator",
        ) from None
    except (ValueError, TypeError) as error:
        raise _objects(spec, error, address) from error
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
            model = _pipeline.pipeline(spec["groups"], spec["columns"], table, estimator, spec["seed"])
            model.fit(table, labels.to_numpy())
            finished(model)
            model.predict_proba(table.head(1))  # some estimators object only to the first question
        except _pipeline.UnfitError as error:
            raise _failed(str(error), "Change the feature group.", address, error.path) from error
        except (ValueError, TypeError, RuntimeError) as error:  # LightGBM's and XGBoost's own are ValueErrors
            raise _objects(spec, error, address) from error
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


def _objects(spec: Mapping[str, Any], error: Exception, address: str) -> StepFailed:
    """What the library says of the data or of the parameters."""
    if spec["estimator"].startswith("code."):
        raise error  # whoever runs the project's own code names the line
    library = {"xgboost": "XGBoost", "lightgbm": "LightGBM"}.get(
        spec["estimator"].partition(".")[0], "scikit-learn"
    )
    return _failed(
        f"{library} says of {spec['estimator']}: {_sentence(error)}",
        "Change `train.params`, or what the feature groups do with missing values.",
        address,
        "train.params",
    )


def _sentence(message: Any) -> str:
    """The first paragraph of what a library says, on one line; without the time, the place in its own source and the
    stack that XGBoost adds."""
    said = str(message).strip().split("\n\n")[0].partition("\nStack trace:")[0]
    return " ".join(re.sub(r"\A\[[\d:]+\] \S+: ", "", said).split())


def _failed(detail: str, help: str, address: str, path: str) -> StepFailed:  # noqa: A002
    return StepFailed(training_failed.found(detail, help=help, address=address, path=path))
