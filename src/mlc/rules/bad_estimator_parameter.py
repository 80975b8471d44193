"""bad-estimator-parameter: a parameter that the estimator does not take, or a value it refuses.

Why it matters: training would stop after the data have been read; the estimator's own constraints say so now.
How to mend it: correct the name, or give a value within the range.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._parameters import is_valid
from mlc.rules._estimators import denial, known
from mlc.rules._fixes import instead
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "The estimator does not take this parameter.")
SCOPE = "upstream"

_MODEL = """\
task: binary_classification
dataset: people
features: basic
train:
  estimator: sklearn.linear_model.LogisticRegression
"""
BAD = {"model/churn.yaml": _MODEL + "  params: {max_itr: 100}\n"}
GOOD = {"model/churn.yaml": _MODEL + "  params: {max_iter: 100}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for one, schema in known(subject):
        for name, value in one.params.items():
            field = schema["properties"].get(name)
            if denial(schema, name, value):
                continue  # no-onnx-form tells of it
            if field is None:
                reason = schema["x-mlc-not-settable"].get(name)
                span = subject.key_span(one.address, *one.path, "params", name)
                yield RULE.at(
                    span,
                    f'"{name}" cannot be set here: {reason}'
                    if reason
                    else f'{one.short} has no parameter "{name}".',
                    text="cannot be set" if reason else "not a parameter",
                    help="" if reason else did_you_mean(name, schema["properties"]),
                    fix=None if reason else instead(name, schema["properties"], span),
                    **one.parameter(name),
                )
            elif not is_valid(value, field):
                yield RULE.at(
                    subject.span(one.address, *one.path, "params", name),
                    f'{one.short} does not take {value!r} for "{name}". It takes {describe(field)}.'
                    + _reason(schema, name, value),
                    text="not allowed",
                    help=f"Its default is {field['default']!r}." if "default" in field else "",
                    **one.parameter(name),
                )
        for name in schema.get("required", ()):
            if name not in one.params and not schema["x-mlc-denied"][name].get("onnx", True):
                yield RULE.at(
                    subject.span(one.address, *one.path, "estimator"),
                    f'The default of "{name}" is not offered for {one.short}. {schema["x-mlc-denied"][name]["why"]}',
                    text=f'needs "{name}"',
                    help=f'Set "{name}" in `params`: {describe(schema["properties"][name])}.',
                    **one.parameter(name),
                )


def _reason(schema: dict[str, Any], name: str, value: Any) -> str:
    """Why a value that the library takes is not offered."""
    limit = schema["x-mlc-denied"].get(name, {})
    return f" {limit['why']}" if value in limit.get("lost", ()) else ""


def describe(field: dict[str, Any]) -> str:
    """A parameter's schema in words: `a number of at least 0, or null`."""
    if "anyOf" in field:
        return ", or ".join(dict.fromkeys(describe(branch) for branch in field["anyOf"]))
    if isinstance(field.get("type"), list):
        return ", or ".join(describe({**field, "type": name}) for name in field["type"])
    if "enum" in field:
        return "one of " + ", ".join(repr(value) for value in field["enum"])
    if "const" in field:
        return repr(field["const"])
    words = {
        "integer": "a whole number",
        "number": "a number",
        "string": "text",
        "boolean": "true or false",
        "null": "null",
        "array": "a list",
        "object": "a map",
    }[field.get("type", "object")]
    limits = [
        f"{text} {field[keyword]}"
        for keyword, text in (
            ("minimum", "of at least"),
            ("exclusiveMinimum", "of more than"),
            ("maximum", "of at most"),
            ("exclusiveMaximum", "of less than"),
        )
        if keyword in field and field["type"] in ("integer", "number")
    ]
    return " and ".join([f"{words} {limits[0]}", *limits[1:]]) if limits else words
