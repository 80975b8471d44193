"""no-onnx-form: an estimator, or a value of a parameter, that ONNX cannot say or says wrongly.

Why it matters: what is served is the ONNX form. Some estimators have none; others convert without an error, and the
served model gives other labels than the one that was evaluated. The parity check would refuse it, but only after
the model was trained.
How to mend it: take what the message names instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._feature_steps import NOT_IN_ONNX
from mlc.rules._estimators import Used, denial, fits, known, stands
from mlc.rules._subject import Subject
from mlc.rules.bad_estimator_parameter import describe

RULE = Rule.of(__name__, "error", "ONNX does not say what this says.")
SCOPE = "upstream"

_MODEL = "task: binary_classification\ndataset: people\nfeatures: basic\n"
BAD = {
    "model/churn.yaml": _MODEL
    + "train: {estimator: sklearn.discriminant_analysis.LinearDiscriminantAnalysis}\n"
}
GOOD = {"model/churn.yaml": _MODEL + "train: {estimator: sklearn.naive_bayes.GaussianNB}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for one, schema in known(subject):
        about = stands(one, schema["x-mlc-estimator"])
        if about.get("reason") == "not-in-onnx" and fits(one, schema["x-mlc-estimator"]):
            yield RULE.at(
                subject.span(one.address, *one.path, "estimator"),
                f"{one.short} cannot be served. {about['why']}",
                text="wrong in ONNX" if about.get("harmful") else "no ONNX form",
                help=f"Take {about['instead']}." if about.get("instead") else "",
                **one.field,
            )
        yield from _values(subject, one, schema)
    yield from _reductions(subject)


def _reductions(subject: Subject) -> Iterator[Diagnostic]:
    """The ways to reduce that people know and ONNX does not."""
    for address, features in subject.each("features"):
        places = {("groups", name): group for name, group in features["groups"].items()} | {(): features}
        for place, asked in places.items():
            method = (asked["reduce"] or {}).get("method")
            if method in NOT_IN_ONNX:
                why, instead = NOT_IN_ONNX[method]
                path = (*place, "reduce", "method")
                yield RULE.at(
                    subject.span(address, *path),
                    f"{method} cannot be served. {why}",
                    text="not in ONNX",
                    help=f"Take {instead}.",
                    address=str(address),
                    path=".".join(path),
                )


def _values(subject: Subject, one: Used, schema: dict[str, Any]) -> Iterator[Diagnostic]:
    """Values that are denied, among them defaults that would be taken."""
    for name, value in one.params.items():
        why = denial(schema, name, value)
        if why:
            field = schema["properties"].get(name)
            yield RULE.at(
                subject.span(one.address, *one.path, "params", name),
                f'{one.short} with "{name}: {_written(value)}" cannot be served. {why}',
                text="not in ONNX",
                help="Leave it out." if field is None else f"Offered: {describe(field)}.",
                **one.parameter(name),
            )
    for name in schema.get("required", ()):
        if name not in one.params and schema["x-mlc-denied"][name].get("onnx", True):
            yield RULE.at(
                subject.span(one.address, *one.path, "estimator"),
                f'{one.short} cannot be served with its default for "{name}". {schema["x-mlc-denied"][name]["why"]}',
                text=f'needs "{name}"',
                help=f'Set "{name}" in `params`: {describe(schema["properties"][name])}.',
                **one.parameter(name),
            )


def _written(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
