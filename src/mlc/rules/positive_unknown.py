"""positive-unknown: a positive value that the label cannot have.

Why it matters: no row would be positive; recall, precision and ROC AUC would mean nothing.
How to mend it: give `positive` one of the values of the label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._labels import label_in
from mlc.rules._subject import Subject
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "The positive value is none of the label's.")
SCOPE = "upstream"

POSITIVE = ("binary_classification", "anomaly_detection")
"""The tasks in which one value of the label is told from the others."""

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"
    "  left: {type: string, role: label, values: ['yes', 'no']}\n"
)
_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
BAD = {"dataset/people.yaml": _DATASET, "model/churn.yaml": _MODEL}
GOOD = {"dataset/people.yaml": _DATASET, "model/churn.yaml": _MODEL + "positive: 'yes'\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        dataset = subject.named("dataset", model["dataset"])
        label = label_in(model, dataset)
        if dataset is None or label is None or model["task"] not in POSITIVE:
            continue
        column, positive = dataset["columns"][label], model["positive"]
        allowed = column["values"] or ([False, True] if column["type"] == "boolean" else [])
        if allowed and _as_text(positive) not in map(_as_text, allowed):
            where = Address("dataset", model["dataset"])
            node = subject.node(address, "positive")
            is_written = node is not subject.node(address)
            yield RULE.at(
                node.span,
                f'"positive" is {json.dumps(positive)}{"" if is_written else ", its default"}, and the label "{label}" '
                f"takes {listed(json.dumps(value, ensure_ascii=False) for value in allowed)}.",
                text="not a value of the label" if is_written else 'no "positive" is written',
                related=(Label(subject.span(where, "columns", label, "values"), "the label's values"),),
                help=f"For example: positive: {json.dumps(allowed[-1], ensure_ascii=False)}",
                address=str(address),
                path="positive",
            )


def _as_text(value: str | int | bool) -> str:
    """Values are compared as the data's own type reads them: 1, "1" and true are one."""
    return str(int(value)) if isinstance(value, bool) else value if isinstance(value, str) else str(value)
