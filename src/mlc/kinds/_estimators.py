"""The catalogue of estimators: their names and the JSON Schema of their parameters, without scikit-learn."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from mlc import data


def estimator_names() -> tuple[str, ...]:
    """The full names of the estimators, in order of the alphabet."""
    return tuple(_read())


def parameter_schema(name: str) -> dict[str, Any] | None:
    """The JSON Schema of an estimator's `params`, or None where there is no such estimator.

    `x-mlc-not-settable` maps each parameter that scikit-learn has and a spec may not set to the reason.
    """
    return _read().get(name)


@cache
def _read() -> dict[str, dict[str, Any]]:
    schemas: dict[str, Any] = json.loads(data.path("schemas", "estimators.json").read_bytes())
    found: dict[str, dict[str, Any]] = schemas["$defs"]
    return found
