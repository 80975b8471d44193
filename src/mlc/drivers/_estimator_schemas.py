"""The JSON Schemas of the estimators' parameters, generated from scikit-learn's own constraints.

`python -m mlc.drivers._estimator_schemas` writes them to `schemas/estimators.json`; a test holds that this
leaves no diff. Reading them (`mlc.kinds._estimators`) needs no scikit-learn.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from inspect import Parameter, signature
from numbers import Integral
from typing import Any

import sklearn
from sklearn.utils._param_validation import Interval, Options, StrOptions

from mlc import data
from mlc.drivers._estimators import ESTIMATORS

Schema = dict[str, Any]

NOT_SETTABLE = {
    "random_state": "mlc sets it, from `train.seed`.",
    "n_jobs": "mlc trains with one thread, because the result must not follow the number of cores.",
    "verbose": "mlc reports the progress itself.",
    "warm_start": "mlc fits an estimator once.",
    "monotonic_cst": "It counts columns after encoding, which a spec does not know.",
    "metric_params": "No metric that mlc offers takes any.",
    "estimator": "What wraps another estimator is not offered.",
    "categorical_features": "It converts to ONNX without an error and gives wrong labels there. Encode the "
    "columns in the features, for example `ordinal`.",
}
"""Parameters that no spec may set, and why."""

_DEPRECATED = "scikit-learn has deprecated it."

_WEIGHT = {"type": "number", "minimum": 0}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_CLASS_WEIGHTS: Schema = {
    "description": "A weight for the rest (0) and for the positive class (1).",
    "type": "object",
    "properties": {"0": _WEIGHT, "1": _WEIGHT},
    "required": ["0", "1"],
    "additionalProperties": False,
}
_PRIORS: Schema = {
    "description": "The probability of the rest, and of the positive class.",
    "type": "array",
    "items": _SHARE,
    "minItems": 2,
    "maxItems": 2,
}
_LAYERS: Schema = {
    "description": "The size of each hidden layer.",
    "type": "array",
    "items": {"type": "integer", "minimum": 1},
    "minItems": 1,
}
_COMPOUND: Mapping[str, Schema] = {
    "class_weight": _CLASS_WEIGHTS,
    "priors": _PRIORS,
    "class_prior": _PRIORS,
    "hidden_layer_sizes": _LAYERS,
}
"""What a dict or an array stands for, by parameter: scikit-learn's constraints say only that it is one."""

_OFFERED = {
    # the others have no ONNX form that is proven to find the same neighbours
    "metric": ("euclidean", "manhattan", "minkowski"),
    # `distance` converts without an error, and a neighbour at distance zero puts probabilities off by 0.4
    "weights": ("uniform",),
}
"""What is offered of scikit-learn's choices, by parameter; all of them where a parameter is not listed."""

_NEVER_NULL = (
    "n_neighbors",  # fails as soon as a row is scored
    "p",
    "weights",  # does not convert
    "binarize",  # converts without an error, and gives NaN where the columns are not 0 and 1
)
"""Parameters that scikit-learn lets be null, and whose null cannot be served."""


def generate() -> Schema:
    """One schema per estimator, under its full name in `$defs`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "estimators",
        "description": f"The parameters of each estimator, as scikit-learn {sklearn.__version__} has them.",
        "$defs": {name: _estimator(name) for name in sorted(ESTIMATORS)},
    }


def _estimator(name: str) -> Schema:
    constructor = ESTIMATORS[name]
    constraints: Mapping[str, Any] = constructor._parameter_constraints
    defaults = signature(constructor).parameters
    refused = {parameter: why for parameter in defaults if (why := _why_not(parameter, defaults[parameter]))}
    return {
        "title": name.rpartition(".")[2],
        "description": " ".join(
            ["What is left out keeps scikit-learn's default. What ONNX serves wrongly is not offered."]
            + [f"Not to be set: `{parameter}`. {why}" for parameter, why in refused.items()]
        ),
        "type": "object",
        "properties": {
            parameter: _parameter(parameter, constraints[parameter], defaults[parameter].default)
            for parameter in defaults
            if parameter not in refused
        },
        "additionalProperties": False,
        "x-mlc-not-settable": refused,
    }


def _why_not(name: str, parameter: Parameter) -> str:
    return _DEPRECATED if parameter.default == "deprecated" else NOT_SETTABLE.get(name, "")


def _parameter(name: str, constraints: Iterable[Any], default: Any) -> Schema:
    if name in _NEVER_NULL:
        constraints = [constraint for constraint in constraints if constraint is not None]
    found = [schema for constraint in constraints for schema in _alternative(name, constraint)]
    if not found:
        raise AssertionError(f"no value of {name} can be written in a spec: list it as not settable")
    return _merged(found) | _default(default)


def _alternative(name: str, constraint: Any) -> list[Schema]:
    """The schema of one constraint; none for what a spec cannot write (callables, objects)."""
    match constraint:
        case None:
            return [{"type": "null"}]
        case "boolean":
            return [{"type": "boolean"}]
        case "array-like":
            return [_COMPOUND[name]] if name in _COMPOUND else []
        case StrOptions() | Options():
            offered = set(_OFFERED.get(name, constraint.options - constraint.deprecated))
            return [{"enum": sorted(offered)}] if all(isinstance(one, str) for one in offered) else []
        case Interval():
            return [_interval(constraint)]
    if constraint is dict and name in _COMPOUND:
        return [_COMPOUND[name]]
    return [{"type": "string"}] if constraint is str else []


def _interval(interval: Any) -> Schema:
    schema: Schema = {"type": "integer" if interval.type is Integral else "number"}
    for end, word, closed in ((interval.left, "inimum", "left"), (interval.right, "aximum", "right")):
        if end is None or math.isinf(end):
            continue  # an infinity cannot be written in a spec, so it bounds nothing
        inclusive = interval.closed in (closed, "both")
        schema[f"{'m' if inclusive else 'exclusiveM'}{word}"] = end
    return schema


def _merged(alternatives: list[Schema]) -> Schema:
    """The shortest way to say it: a nullable type or enum needs no `anyOf`."""
    null = {"type": "null"}
    others = [schema for schema in alternatives if schema != null]
    if len(others) == 1 and null in alternatives:
        (only,) = others
        return {"enum": [*only["enum"], None]} if "enum" in only else only | {"type": [only["type"], "null"]}
    return alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}


def _default(value: Any) -> Schema:
    plain = list(value) if isinstance(value, tuple) else value
    return {} if isinstance(plain, float) and not math.isfinite(plain) else {"default": plain}


def text() -> str:
    """The file's text."""
    return json.dumps(generate(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write `schemas/estimators.json`."""
    data.path("schemas", "estimators.json").write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
