"""The door to LightGBM: its estimators, and how they become ONNX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import lightgbm
import numpy as np
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.base import BaseEstimator

from mlc.drivers._estimators import ALL, as_given

CLASSES: Mapping[str, type] = {
    f"lightgbm.{name}": getattr(lightgbm, name) for name in ("LGBMClassifier", "LGBMRanker", "LGBMRegressor")
}

SETTINGS = {"n_jobs": 1, "verbosity": -1, "deterministic": True, "force_row_wise": True}
"""What mlc sets besides the seed: one thread and one way to build histograms, because the result must not follow
the number of cores or a race."""

VERSION: str = lightgbm.__version__


def estimator(name: str, params: Mapping[str, Any], seed: int) -> BaseEstimator:
    """An estimator with its parameters and the seed. Raises KeyError for a name that is not in the table."""
    if name not in ALL or name not in CLASSES:
        raise KeyError(name)
    made: BaseEstimator = CLASSES[name](**as_given(CLASSES[name], params), **SETTINGS, random_state=seed)
    return made


def register_converters() -> None:
    """Tell skl2onnx how the estimators of LightGBM are converted."""
    for name in sorted(ALL & CLASSES.keys()):
        classifies = name.endswith("Classifier")
        update_registered_converter(
            CLASSES[name],
            f"Mlc{name.rpartition('.')[2]}",
            calculate_linear_classifier_output_shapes
            if classifies
            else calculate_linear_regressor_output_shapes,
            _convert,
            options={"nocl": [True, False], "zipmap": [True, False, "columns"]} if classifies else None,
        )


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """onnxmltools' converter, given thresholds that float32 can hold.

    LightGBM compares with a float64 threshold; ONNX with the nearest float32, which may lie on the other side
    of a value (seen: a probability off by 0.005 in one of 30,000 rows). Every value that mlc serves is a
    float32, and such a value is at most the threshold exactly when it is at most the largest float32 that is.
    """
    model = operator.raw_operator
    operator.raw_operator = _Rounded(model)
    try:
        convert_lightgbm(scope, operator, container)
    finally:
        operator.raw_operator = model


class _Rounded:
    """A fitted model as the converter reads it: its classes, and its booster as JSON."""

    is_mock = True  # the converter's own word for a booster that is read by `dump_model`

    def __init__(self, model: Any) -> None:
        self.booster_ = self
        if hasattr(model, "classes_"):
            self.classes_ = model.classes_
        self._model = model

    def dump_model(self) -> dict[str, Any]:
        dumped: dict[str, Any] = self._model.booster_.dump_model()
        for tree in dumped["tree_info"]:
            for node in _splits(tree["tree_structure"]):
                node["threshold"] = round_down(float(node["threshold"]))
        return dumped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def round_down(threshold: float) -> float:
    """The largest float32 that is at most `threshold`."""
    nearest = np.float32(threshold)
    return float(nearest if float(nearest) <= threshold else np.nextafter(nearest, np.float32(-np.inf)))


def _splits(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if "threshold" in found:
            yield found
            waiting += (found["left_child"], found["right_child"])
