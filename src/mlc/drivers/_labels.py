"""What is learned: the label's column as the estimator of a task takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct

from mlc.drivers._columns import binary_label, class_codes, number_label


class Target(Struct, frozen=True):
    """`values` (n,): int64 places of classes from 0, or float64 numbers; None where nothing is supervised.
    `summary` is what is told of them."""

    values: np.ndarray[Any, Any] | None
    summary: dict[str, Any]


class UnfitLabel(ValueError):
    """A label that cannot be learned: a sentence to show, what to do, and the field to blame."""

    def __init__(self, detail: str, help: str, path: str) -> None:  # noqa: A002
        super().__init__(detail)
        self.help = help
        self.path = path


def target(train: pl.DataFrame, spec: Mapping[str, Any]) -> Target:
    """The labels of the training part. Raises UnfitLabel."""
    match spec["task"]:
        case "binary_classification":
            return _of_two(train, spec)
        case "multiclass_classification":
            return _of_several(train, spec)
        case "regression":
            return _numbers(train, spec)
    return Target(None, {})


def params_by_place(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The estimator's parameters, with weights of several classes by the places that it is trained on."""
    params, weights = dict(spec["params"]), spec["params"].get("class_weight")
    if spec["task"] == "multiclass_classification" and isinstance(weights, Mapping):
        places = {str(one): str(place) for place, one in enumerate(spec["classes"])}
        params["class_weight"] = {places[name]: weight for name, weight in weights.items()}
    return params


def _of_two(train: pl.DataFrame, spec: Mapping[str, Any]) -> Target:
    try:
        labels = binary_label(train, spec["label"], spec["positive"])
    except ValueError as error:
        raise UnfitLabel(str(error), "Mend the label, or name another `positive`.", "positive") from error
    positive = int(labels.sum())
    if positive in (0, len(labels)):
        which = "no row" if positive == 0 else "every row"
        raise UnfitLabel(
            f"In {which} of the training part is `{spec['label']}` the positive value {spec['positive']!r}, "
            "and a classifier needs rows of both classes.",
            "Name the `positive` value as it stands in the data, or give data with both classes.",
            "positive",
        )
    return Target(
        labels.to_numpy(),
        {
            "classes": {"0": f"not {spec['positive']}", "1": str(spec["positive"])},
            "class_balance": {"0": 1 - positive / len(labels), "1": positive / len(labels)},
        },
    )


def _of_several(train: pl.DataFrame, spec: Mapping[str, Any]) -> Target:
    classes = spec["classes"]
    try:
        codes = class_codes(train, spec["label"], classes)
    except ValueError as error:
        raise UnfitLabel(str(error), "Mend the label in the data or in the dataset.", "label") from error
    counts = np.bincount(codes.to_numpy(), minlength=len(classes))
    absent = [str(one) for one, count in zip(classes, counts, strict=True) if not count]
    if absent:
        raise UnfitLabel(
            f"No row of the training part is of the class {', '.join(absent)} of `{spec['label']}`, and a "
            "classifier cannot learn what it has not seen.",
            "Give data with every class, or take the class out of the `values` of the label.",
            "label",
        )
    return Target(
        codes.to_numpy(),
        {
            "classes": {str(place): str(one) for place, one in enumerate(classes)},
            "class_balance": {str(place): int(count) / len(codes) for place, count in enumerate(counts)},
        },
    )


def _numbers(train: pl.DataFrame, spec: Mapping[str, Any]) -> Target:
    try:
        numbers = number_label(train, spec["label"]).to_numpy()
    except ValueError as error:
        raise UnfitLabel(
            str(error),
            "Say `nullable: false` for the label in the dataset, or drop the rows without one.",
            "label",
        ) from error
    if len(numbers) and np.ptp(numbers) == 0:
        raise UnfitLabel(
            f"In every row of the training part is `{spec['label']}` {numbers[0]:g}, and there is nothing to learn.",
            "Give data in which the label varies.",
            "label",
        )
    return Target(
        numbers,
        {
            "label": {
                "min": float(numbers.min()),
                "mean": float(numbers.mean()),
                "max": float(numbers.max()),
                "standard_deviation": float(numbers.std()),
            }
        },
    )
