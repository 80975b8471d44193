"""The JSON Schemas of the parameters of XGBoost and LightGBM.

They have no constraints that can be read: names, defaults and types come from the signatures and annotations of
their constructors; ranges and choices, which those lack, from the tables below.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from types import UnionType
from typing import Any, Union, get_args, get_origin

from mlc.drivers._parameter_schemas import NOT_SETTABLE, Parameters, Schema, default_of, limited, merged

_POSITIVE = {"exclusiveMinimum": 0}
_AT_LEAST_0 = {"minimum": 0}
_AT_LEAST_1 = {"minimum": 1}
_SHARE = {"exclusiveMinimum": 0, "maximum": 1}

XGBOOST: Mapping[str, Schema] = {
    "booster": {"enum": ["dart", "gblinear", "gbtree"]},
    "tree_method": {"enum": ["approx", "auto", "exact", "hist"]},
    "grow_policy": {"enum": ["depthwise", "lossguide"]},
    "importance_type": {"enum": ["cover", "gain", "total_cover", "total_gain", "weight"]},
    "n_estimators": _AT_LEAST_1,
    "max_depth": _AT_LEAST_0,
    "max_leaves": _AT_LEAST_0,
    "max_bin": {"minimum": 2},
    "learning_rate": _AT_LEAST_0,
    "gamma": _AT_LEAST_0,
    "min_child_weight": _AT_LEAST_0,
    "max_delta_step": _AT_LEAST_0,
    "subsample": _SHARE,
    "colsample_bytree": _SHARE,
    "colsample_bylevel": _SHARE,
    "colsample_bynode": _SHARE,
    "reg_alpha": _AT_LEAST_0,
    "reg_lambda": _AT_LEAST_0,
    "scale_pos_weight": _POSITIVE,
    "num_parallel_tree": _AT_LEAST_1,
    "base_score": {},
}
"""The ranges of "XGBoost Parameters" (xgboost.readthedocs.io, parameter.rst), each tried with XGBoost 3.2. The page
lets `scale_pos_weight` and `subsample` be 0, which learns nothing."""

LIGHTGBM: Mapping[str, Schema] = {
    "boosting_type": {"enum": ["dart", "gbdt", "rf"]},
    "importance_type": {"enum": ["gain", "split"]},
    "num_leaves": {"minimum": 2, "maximum": 131072},
    "max_depth": {},
    "learning_rate": _POSITIVE,
    "n_estimators": _AT_LEAST_1,
    "subsample_for_bin": _AT_LEAST_1,
    "min_split_gain": _AT_LEAST_0,
    "min_child_weight": _AT_LEAST_0,
    "min_child_samples": _AT_LEAST_0,
    "subsample": _SHARE,
    "subsample_freq": _AT_LEAST_0,
    "colsample_bytree": _SHARE,
    "reg_alpha": _AT_LEAST_0,
    "reg_lambda": _AT_LEAST_0,
}
"""The constraints of "Parameters" (lightgbm.readthedocs.io, Parameters.rst), under the names of the scikit-learn
interface, each tried with LightGBM 4.7. The page lets `subsample_freq` be negative, which is the same as 0."""

_OF_CLASSIFIERS: Mapping[str, Schema] = {
    "base_score": {"exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "class_weight": {
        "anyOf": [
            {
                "description": "A weight for the rest (0) and for the positive class (1).",
                "type": "object",
                "properties": {"0": _AT_LEAST_0 | {"type": "number"}, "1": _AT_LEAST_0 | {"type": "number"}},
                "required": ["0", "1"],
                "additionalProperties": False,
            },
            {"enum": ["balanced", None]},
        ]
    },
}

_OF_SEVERAL: Mapping[str, Schema] = {
    "class_weight": {
        "anyOf": [
            {
                "description": "A weight for each class, by its name; a class that is left out has the weight 1.",
                "type": "object",
                "additionalProperties": _AT_LEAST_0 | {"type": "number"},
            },
            {"enum": ["balanced", None]},
        ]
    }
}

_FALLS_BACK: Mapping[str, Any] = {
    "booster": "gbtree", "tree_method": "auto", "grow_policy": "depthwise", "n_estimators": 100, "max_depth": 6,
    "max_leaves": 0, "max_bin": 256, "learning_rate": 0.3, "gamma": 0, "min_child_weight": 1, "max_delta_step": 0,
    "subsample": 1, "colsample_bytree": 1, "colsample_bylevel": 1, "colsample_bynode": 1, "reg_alpha": 0,
    "reg_lambda": 1, "scale_pos_weight": 1, "num_parallel_tree": 1,
}  # fmt: skip
"""What XGBoost takes where a parameter is null, after the same page."""

_REFUSED: Mapping[str, str] = {
    "objective": "It follows from the model's `task`.",
    "verbosity": NOT_SETTABLE["verbose"],
    "missing": NOT_SETTABLE["missing_values"],
    "monotone_constraints": NOT_SETTABLE["monotonic_cst"],
    "interaction_constraints": NOT_SETTABLE["monotonic_cst"],
    "feature_types": NOT_SETTABLE["monotonic_cst"],
    "feature_weights": NOT_SETTABLE["monotonic_cst"],
    "device": "mlc trains on the processor, because a graphics card does not give the same bytes twice.",
    "sampling_method": "On the processor there is only `uniform`.",
    "validate_parameters": "mlc checks the parameters itself.",
    "max_cat_to_onehot": "It is about categories, which mlc encodes in the features.",
    "max_cat_threshold": "It is about categories, which mlc encodes in the features.",
    "multi_strategy": "It is about labels of several columns.",
    "eval_metric": "It is about an evaluation set during training, which mlc does not give.",
    "early_stopping_rounds": "It is about an evaluation set during training, which mlc does not give.",
    "callbacks": "It takes an object or a function, which a spec cannot write.",
    "importance_type": "It changes no prediction.",
}


def parameters(constructor: type, library: str, task: str = "") -> Parameters:
    """The parameters of an estimator of `xgboost` or `lightgbm`, its base classes' among them, for a task."""
    table = XGBOOST if library == "xgboost" else LIGHTGBM
    classifies = constructor.__name__.endswith("Classifier")
    given = dict(sorted(_signature(constructor).items()))
    found: dict[str, Schema | str] = {}
    for name, parameter in given.items():
        if reason := {**NOT_SETTABLE, **_REFUSED}.get(name):
            found[name] = reason
        elif name == "class_weight" and not classifies:
            found[name] = "It is about classes."
        else:
            of_classes = _OF_SEVERAL if task == "multiclass_classification" else _OF_CLASSIFIERS
            bounds = (of_classes if classifies else table).get(name, table.get(name, {}))
            found[name] = _parameter(name, parameter, bounds, library)
    return limited(constructor.__name__, found, task)


def _signature(constructor: type) -> dict[str, Parameter]:
    """By name; a class that hands `**kwargs` on takes what its base takes."""
    found: dict[str, Parameter] = {}
    for base in reversed(constructor.__mro__):
        if "__init__" in vars(base) and base.__module__.startswith(("xgboost", "lightgbm")):
            own = signature(vars(base)["__init__"]).parameters
            found |= {
                name: one
                for name, one in own.items()
                if name != "self" and one.kind is not Parameter.VAR_KEYWORD
            }
    return found


def _parameter(name: str, parameter: Parameter, bounds: Schema, library: str) -> Schema:
    default = default_of(parameter.default)
    null: list[Schema] = [{"type": "null"}] if type(None) in _types(parameter.annotation) else []
    if "anyOf" in bounds:
        return bounds | default
    if "enum" in bounds:
        schema = merged([bounds, *null])
    else:
        numbers = [_WORDS[kind] for kind in _types(parameter.annotation) if kind in _WORDS]
        schema = merged(
            [*({"type": word} | (bounds if word != "boolean" else {}) for word in numbers), *null]
        )
    falls_back = library == "xgboost" and parameter.default is None and name in _FALLS_BACK
    described = {"description": f"Left out, XGBoost takes {_FALLS_BACK[name]}."} if falls_back else {}
    return described | schema | default


_WORDS = {int: "integer", float: "number", bool: "boolean", str: "string"}


def _types(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
