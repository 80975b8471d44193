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

from mlc.drivers import _labels, _pipeline
from mlc.drivers._columns import model_input
from mlc.drivers._skops import save_model
from mlc.ir.operation import Product, StepFailed, Work
from mlc.ir.task import TASKS
from mlc.rules import training_failed

Build = Callable[[str, Mapping[str, Any], int], BaseEstimator]
"""An estimator by its full name, with its parameters and the seed; KeyError for a name that is in no table."""


Finished = Callable[[Pipeline], None]
"""Called with the trained Pipeline before it is saved."""


def train(work: Work, build: Build, finished: Finished = lambda _: None) -> Product:
    """Outputs `model` (skops). The summary holds rows, the columns that reach the estimator, what is told of the
    label (classes and their balance, or its range) and the warnings of scikit-learn.

    Numbers reach the estimator as float32, as ONNX will serve them, and one thread computes, because the
    order of floating-point sums would otherwise follow the number of cores.
    Raises StepFailed (training-failed).
    """
    spec, address = work.spec, work.operation.address
    try:
        estimator = build(spec["estimator"], _labels.params_by_place(spec), spec["seed"])
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
        learned = _labels.target(train, spec)
    except _labels.UnfitLabel as error:
        raise _failed(str(error), error.help, address, error.path) from error
    table = model_input(train, spec["columns"])
    work.tell(f"training on {train.height:,} rows")
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(1):
        warnings.simplefilter("always")
        try:
            model = _pipeline.pipeline(spec["groups"], spec["columns"], table, estimator, spec["seed"])
            model.fit(table, learned.values)
            finished(model)
            _ask(model, spec["task"], table.head(1))
        except _pipeline.UnfitError as error:
            raise _failed(str(error), "Change the feature group.", address, error.path) from error
        except (ValueError, TypeError, RuntimeError) as error:  # LightGBM's and XGBoost's own are ValueErrors
            raise _objects(spec, error, address) from error
    columns_out = [str(name) for name in model["features"].get_feature_names_out()]
    return Product(
        outputs={"model": save_model(model, work.folder / "model.skops")},
        summary={
            "rows": train.height,
            "columns_out": columns_out,
            **learned.summary,
            "warnings": sorted({f"{one.category.__name__}: {_sentence(one.message)}" for one in caught}),
        },
    )


def _ask(model: Pipeline, task: str, row: pl.DataFrame) -> None:
    """Some estimators object only to the first question."""
    if TASKS[task].classifies:
        model.predict_proba(row)
    else:
        model.predict(row)


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
