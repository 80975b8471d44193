"""The JSON Schemas of the parameters of scikit-learn's estimators, generated from its own constraints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from inspect import Parameter, signature
from numbers import Integral, Real
from typing import Any

from msgspec import Struct
from sklearn.utils._param_validation import Interval, MissingValues, Options, StrOptions

from mlc.drivers._onnx_limits import LIMITS, LIMITS_OF_TASK, Limit

Schema = dict[str, Any]

NOT_SETTABLE: Mapping[str, str] = {
    "random_state": "mlc sets it, from `train.seed`.",
    "n_jobs": "mlc trains with one thread, because the result must not follow the number of cores.",
    "verbose": "mlc reports the progress itself.",
    "warm_start": "mlc fits an estimator once.",
    "monotonic_cst": "It counts columns after encoding, which a spec does not know.",
    "metric_params": "No metric that mlc offers takes any.",
    "copy": "It changes nothing but the memory used.",
    "copy_X": "It changes nothing but the memory used.",
    "memory": "mlc keeps results itself, by their content.",
    "dtype": "mlc computes in float32, as ONNX serves.",
    "use_legacy_attributes": "It changes no prediction.",
    "missing_values": "mlc marks what is missing itself.",
}
"""Parameters that no spec may set, and why."""

_DEPRECATED = "scikit-learn has deprecated it."
_NOT_TEXT = "It takes an object or a function, which a spec cannot write."
_PLACEHOLDERS = ("deprecated", "warn")  # defaults that stand for "not given"

_WEIGHT = {"type": "number", "minimum": 0}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_PAIR: Schema = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_CLASS_WEIGHTS: Schema = {
    "description": "A weight for the rest (0) and for the positive class (1).",
    "type": "object",
    "properties": {"0": _WEIGHT, "1": _WEIGHT},
    "required": ["0", "1"],
    "additionalProperties": False,
}
_WEIGHTS_OF_SEVERAL: Schema = {
    "description": "A weight for each class, by its name; a class that is left out has the weight 1.",
    "type": "object",
    "additionalProperties": _WEIGHT,
}
_PRIORS: Schema = {
    "description": "The probability of the rest, and of the positive class.",
    "type": "array",
    "items": _SHARE,
    "minItems": 2,
    "maxItems": 2,
}
_PRIORS_OF_SEVERAL: Schema = {
    "description": "The probability of each class, in the order of the label's `values`.",
    "type": "array",
    "items": _SHARE,
    "minItems": 3,
}
_COMPOUND: Mapping[str, Schema] = {
    "class_weight": _CLASS_WEIGHTS,
    "priors": _PRIORS,
    "class_prior": _PRIORS,
    "hidden_layer_sizes": {
        "description": "The size of each hidden layer.",
        "type": "array",
        "items": {"type": "integer", "minimum": 1},
        "minItems": 1,
    },
    "Cs": {
        "description": "The strengths to choose from; a number makes as many between 0.0001 and 10,000.",
        "type": "array",
        "items": {"type": "number", "exclusiveMinimum": 0},
        "minItems": 1,
    },
    "alphas": {
        "description": "The strengths to choose from.",
        "type": "array",
        "items": {"type": "number", "exclusiveMinimum": 0},
        "minItems": 1,
    },
    "l1_ratio": {
        "description": "The shares of the l1 penalty to choose from.",
        "type": "array",
        "items": _SHARE,
        "minItems": 1,
    },
    "l1_ratios": {
        "description": "The shares of the l1 penalty to choose from.",
        "type": "array",
        "items": _SHARE,
        "minItems": 1,
    },
    "feature_range": {"description": "The smallest and the largest number that comes out."} | _PAIR,
    "quantile_range": {"description": "The two percentiles that the scale is the distance of."} | _PAIR,
}
"""What a dict, a tuple or an array stands for, by parameter: scikit-learn's constraints say only that it is one."""

_OF_SEVERAL: Mapping[str, Schema] = {
    "class_weight": _WEIGHTS_OF_SEVERAL,
    "priors": _PRIORS_OF_SEVERAL,
    "class_prior": _PRIORS_OF_SEVERAL,
}
"""What is otherwise of several classes."""

_SCORING: Mapping[str, tuple[str, ...]] = {
    "binary_classification": (
        *("accuracy", "average_precision", "balanced_accuracy", "f1"),
        *("neg_brier_score", "neg_log_loss", "roc_auc"),
    ),
    "multiclass_classification": (
        *("accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "neg_log_loss"),
        *("roc_auc_ovo", "roc_auc_ovr"),
    ),
    "regression": (
        *("explained_variance", "max_error", "neg_mean_absolute_error", "neg_mean_squared_error"),
        *("neg_median_absolute_error", "neg_root_mean_squared_error", "r2"),
    ),
}
"""What `scoring` may be in each task."""


class Parameters(Struct, frozen=True):
    """The parameters of one estimator: `refused` maps those that no spec may set to the reason, `denied` those that
    lose values to what `_onnx_limits` says, and `required` are those whose default is lost with them."""

    properties: dict[str, Schema]
    refused: dict[str, str]
    denied: dict[str, Schema]
    required: list[str]


def parameters(constructor: type, serves: str, task: str = "") -> Parameters:
    """The parameters of an estimator of scikit-learn, as it is trained for a task. What `serves` nothing has lists of
    any length and content."""
    constraints: Mapping[str, Any] = getattr(constructor, "_parameter_constraints", {})
    found = {
        name: _parameter(name, constraints.get(name, []), parameter.default, serves, task)
        for name, parameter in signature(constructor).parameters.items()
        if parameter.kind is Parameter.POSITIONAL_OR_KEYWORD or parameter.kind is Parameter.KEYWORD_ONLY
    }
    return limited(constructor.__name__, found, task)


def limited(short: str, found: Mapping[str, Schema | str], task: str = "") -> Parameters:
    """The same parameters without the values that are not offered. A text in the place of a schema is a reason."""
    limits = {**LIMITS.get(short, {}), **LIMITS_OF_TASK.get(task, {}).get(short, {})}
    properties: dict[str, Schema] = {}
    refused: dict[str, str] = {}
    denied: dict[str, Schema] = {}
    required = []
    for name, schema in found.items():
        limit = limits.get(name)
        if isinstance(schema, str):
            refused[name] = schema
        elif limit is None:
            properties[name] = schema
        elif not (limit.only or limit.never or limit.lists):
            refused[name] = limit.why
            denied[name] = {"why": limit.why, "whole": True}
        else:
            properties[name] = _within(schema, limit)
            denied[name] = {"why": limit.why, "lost": _lost(schema, limit)}
            denied[name] |= {} if limit.onnx else {"onnx": False}
            if "default" in schema and "default" not in properties[name]:
                required.append(name)
    return Parameters(properties, refused, denied, required)


def default_of(value: Any) -> Schema:
    """The keyword `default`, where the value can be written in JSON and means something."""
    if isinstance(value, tuple | list):
        return {"default": list(value)} if all(isinstance(one, int | float | str) for one in value) else {}
    if isinstance(value, float) and not math.isfinite(value):
        return {}
    plain = value is None or (isinstance(value, bool | int | float | str) and value not in _PLACEHOLDERS)
    return {"default": value} if plain else {}


def merged(alternatives: list[Schema]) -> Schema:
    """The shortest way to say it: a nullable type or enum needs no `anyOf`."""
    null = {"type": "null"}
    alternatives = [one for number, one in enumerate(alternatives) if one not in alternatives[:number]]
    others = [schema for schema in alternatives if schema != null]
    if len(others) == 1 and null in alternatives:
        (only,) = others
        return {"enum": [*only["enum"], None]} if "enum" in only else only | {"type": [only["type"], "null"]}
    return alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}


def _parameter(name: str, constraints: Any, default: Any, serves: str, task: str) -> Schema | str:
    """The schema of a parameter, or why no spec may set it."""
    if isinstance(default, str) and default == "deprecated":
        return _DEPRECATED
    if name in NOT_SETTABLE:
        return NOT_SETTABLE[name]
    if constraints == "no_validation":
        constraints = [None, Real]
    found = [schema for constraint in constraints for schema in _alternative(name, constraint, serves, task)]
    if not constraints and isinstance(default, bool):
        found = [{"type": "boolean"}]
    if not found or found == [{"type": "null"}]:
        return _NOT_TEXT
    schema = merged(found)
    return schema | (default_of(default) if default is not Parameter.empty else {})


def _alternative(name: str, constraint: Any, serves: str, task: str) -> list[Schema]:
    """The schema of one constraint; none for what a spec cannot write (callables, objects)."""
    match constraint:
        case None:
            return [{"type": "null"}]
        case "boolean":
            return [{"type": "boolean"}]
        case "cv_object":
            return [{"type": "integer", "minimum": 2}, {"type": "null"}]
        case MissingValues():
            return []
        case StrOptions() | Options():
            return _enumerated(name, constraint.options - constraint.deprecated, task)
        case Interval():
            return [_interval(constraint)]
    if constraint in ("array-like", dict, tuple, list):
        if name in _COMPOUND:
            several = _OF_SEVERAL if task == "multiclass_classification" else {}
            return [several.get(name, _COMPOUND[name])]
        return [] if serves else [{"type": "object" if constraint is dict else "array"}]
    return (
        [{"type": word} for word in (_TYPES.get(constraint),) if word] if isinstance(constraint, type) else []
    )


_TYPES: Mapping[type, str] = {
    str: "string",
    Integral: "integer",
    int: "integer",
    Real: "number",
    float: "number",
}


def _enumerated(name: str, options: Iterable[Any], task: str) -> list[Schema]:
    offered = set(options)
    if task in _SCORING and name == "scoring":
        offered &= set(_SCORING[task])
    written = {one for one in offered if isinstance(one, str | bool)}
    return [{"enum": sorted(written, key=str)}] if written else []


def _interval(interval: Any) -> Schema:
    schema: Schema = {"type": "integer" if interval.type is Integral else "number"}
    for end, word, closed in ((interval.left, "inimum", "left"), (interval.right, "aximum", "right")):
        if end is None or math.isinf(end):
            continue  # an infinity cannot be written in a spec, so it bounds nothing
        inclusive = interval.closed in (closed, "both")
        schema[f"{'m' if inclusive else 'exclusiveM'}{word}"] = end
    return schema


def _within(schema: Schema, limit: Limit) -> Schema:
    """A schema without the values that are not offered, and without a default that is one of them."""
    rest = {key: value for key, value in schema.items() if key != "default"}
    branches = [one for one in rest.get("anyOf", [rest]) if not limit.lists or one.get("type") == "array"]
    kept = merged([part for one in branches for part in _left(one, limit)])
    default = schema.get("default", ...)
    return kept | {"default": default} if default is not ... and _offered(default, limit) else kept


def _left(schema: Schema, limit: Limit) -> list[Schema]:
    if "enum" in schema:
        kept = [one for one in schema["enum"] if _offered(one, limit)]
        return [{"enum": kept}] if kept else []
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kept_types = [one for one in types if one != "null" or _offered(None, limit)]
    if limit.never == (True,) and kept_types == ["boolean"]:
        return [{"enum": [False]}]
    if limit.only and "string" in kept_types:
        return [{"enum": list(limit.only)}]
    if not kept_types or (limit.only and all(isinstance(one, str) for one in limit.only)):
        return []
    return [schema | {"type": kept_types[0] if len(kept_types) == 1 else kept_types}]


def _lost(schema: Schema, limit: Limit) -> list[Any]:
    """The values that a parameter has and that are not offered."""
    values: list[Any] = []
    for one in schema.get("anyOf", [schema]):
        types = [one["type"]] if isinstance(one.get("type"), str) else one.get("type", [])
        values += [*one.get("enum", []), *([None] if "null" in types else []), *limit.never]
    return [one for one in dict.fromkeys(values) if not _offered(one, limit)]


def _offered(value: Any, limit: Limit) -> bool:
    return value in limit.only if limit.only else value not in limit.never
