"""The quick check of estimator parameters and jsonschema agree, on every parameter of every estimator."""

from __future__ import annotations

import math
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from mlc.kinds._estimators import estimator_names, parameter_schema
from mlc.kinds._parameters import is_valid

VALUES: list[Any] = [
    *(None, True, False, "", "auto", "balanced", "gini", "log_loss", "scale", "newton-cholesky"),
    *(-1, 0, 1, 2, 3, 100, 10**9, -0.5, 0.0, 0.5, 0.999, 1.0, 1.5, 1e-9, math.inf),
    *([], [1], [1, 2], [0.5], ["a"], [True], [[1]], {}, {"a": 1}, {"0": 1.0}, {"0": 1, "1": 2.5}),
]
# as mlc has it: 1.0 is no whole number, and true is no number
STRICT = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("estimator", estimator_names())
def test_the_quick_check_agrees_with_jsonschema(estimator: str) -> None:
    schema = parameter_schema(estimator)
    assert schema is not None
    STRICT.check_schema(schema)
    for name, field in schema["properties"].items():
        validator = STRICT(field)
        for value in VALUES:
            expected = validator.is_valid(value)
            assert is_valid(value, field) == expected, (name, value, field)
