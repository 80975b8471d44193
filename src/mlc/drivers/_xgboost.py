"""The door to XGBoost: its estimators, and how they become ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xgboost
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.base import BaseEstimator

from mlc.drivers._estimators import ALL, as_given

CLASSES: Mapping[str, type] = {
    f"xgboost.{name}": getattr(xgboost, name)
    for name in ("XGBClassifier", "XGBRFClassifier", "XGBRFRegressor", "XGBRanker", "XGBRegressor")
}

SETTINGS = {"n_jobs": 1, "verbosity": 0}
"""What mlc sets besides the seed: one thread, because the result must not follow the number of cores."""

VERSION: str = xgboost.__version__


def estimator(name: str, params: Mapping[str, Any], seed: int) -> BaseEstimator:
    """An estimator with its parameters and the seed. Raises KeyError for a name that is not in the table."""
    if name not in ALL or name not in CLASSES:
        raise KeyError(name)
    made: BaseEstimator = CLASSES[name](**as_given(CLASSES[name], params), **SETTINGS, random_state=seed)
    return made


def register_converters() -> None:
    """Tell skl2onnx how the estimators of XGBoost are converted."""
    for name in sorted(ALL & CLASSES.keys()):
        classifies = name.endswith("Classifier")
        update_registered_converter(
            CLASSES[name],
            f"Mlc{name.rpartition('.')[2]}",
            calculate_linear_classifier_output_shapes
            if classifies
            else calculate_linear_regressor_output_shapes,
            convert_xgboost,
            options={"nocl": [True, False], "zipmap": [True, False, "columns"]} if classifies else None,
        )
