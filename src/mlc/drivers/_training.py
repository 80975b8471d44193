"""Trains one scikit-learn Pipeline: the feature groups and an estimator, whichever library it is from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from mlc.drivers import _fitting, _labels, _pipeline
from mlc.drivers._columns import model_input
from mlc.drivers._fitting import Build
from mlc.drivers._folds import UnfoldableError
from mlc.drivers._learning import quiet, said_by, told
from mlc.drivers._skops import save_model
from mlc.ir.operation import Product, StepFailed, Work
from mlc.ir.task import TASKS
from mlc.rules import training_failed

Finished = Callable[[Pipeline], None]
"""Called with the trained Pipeline before it is saved."""


def train(
    work: Work,
    build: Build,
    finished: Finished = lambda _: None,
    asked: Mapping[str, Any] | None = None,
    path: str = "train",
) -> Product:
    """Outputs `model` (skops). The summary holds rows, the columns that reach the estimator, what is told of the
    label (classes and their balance, or its range) and the warnings of scikit-learn.

    Numbers reach the estimator as float32, as ONNX will serve them, and one thread computes, because the
    order of floating-point sums would otherwise follow the number of cores. `asked` stands for the step's
    specification where the estimator is not in it, and `path` is the field that names it.
    Raises StepFailed (training-failed).
    """
    spec, address = asked or work.spec, work.operation.address
    try:
        build(spec["estimator"], _labels.params_by_place(spec), spec["seed"])
    except KeyError:
        raise _failed(
            f"`{spec['estimator']}` is none of the estimators that mlc trains.",
            "`mlc schema estimators` lists them.",
            address,
            f"{path}.estimator",
        ) from None
    except (ValueError, TypeError) as error:
        raise _objects(spec, error, address, path) from error
    train = pl.read_parquet(work.inputs["train"])
    try:
        learned = _labels.target(train, spec)
    except _labels.UnfitLabel as error:
        raise _failed(str(error), error.help, address, error.path) from error
    work.tell(f"training on {train.height:,} rows")
    with quiet() as caught, threadpool_limits(1):
        try:
            model = _fitting.fit(train, learned.values, spec, build)
            finished(model)
            _ask(model, spec["task"], model_input(train.head(1), spec["columns"]))
        except _pipeline.UnfitError as error:
            raise _failed(str(error), "Change the feature group.", address, error.path) from error
        except UnfoldableError as error:
            raise _failed(
                f"The training part is divided into folds to calibrate and to stack by. {error}",
                "Give more rows, or take `calibrate` or `ensemble` out.",
                address,
                path,
            ) from error
        except (ValueError, TypeError, RuntimeError) as error:  # LightGBM's and XGBoost's own are ValueErrors
            raise _objects(spec, error, address, path) from error
    columns_out = [str(name) for name in model["features"].get_feature_names_out()]
    return Product(
        outputs={"model": save_model(model, work.folder / "model.skops")},
        summary={
            "rows": train.height,
            "columns_out": columns_out,
            **learned.summary,
            "warnings": sorted(told(caught)),
        },
    )


def _ask(model: Pipeline, task: str, row: pl.DataFrame) -> None:
    """Some estimators object only to the first question."""
    if TASKS[task].classifies:
        model.predict_proba(row)
    else:
        model.predict(row)


def _objects(spec: Mapping[str, Any], error: Exception, address: str, path: str) -> StepFailed:
    """What the library says of the data or of the parameters."""
    if spec["estimator"].startswith("code."):
        raise error  # whoever runs the project's own code names the line
    library = {"xgboost": "XGBoost", "lightgbm": "LightGBM"}.get(
        spec["estimator"].partition(".")[0], "scikit-learn"
    )
    return _failed(
        f"{library} says of {spec['estimator']}: {said_by(error)}",
        f"Change `{path}.params`, or what the feature groups do with missing values.",
        address,
        f"{path}.params",
    )


def _failed(detail: str, help: str, address: str, path: str) -> StepFailed:  # noqa: A002
    return StepFailed(training_failed.found(detail, help=help, address=address, path=path))
