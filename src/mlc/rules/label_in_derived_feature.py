"""label-in-derived-feature: a feature that is computed from the label.

Why it matters: the model would be told the answer; every metric would look perfect and mean nothing.
How to mend it: take the column out of the features, or compute it without the label. What the label was in earlier rows
(`lag`) is no answer to the present one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._groups import grouped
from mlc.rules._labels import label_in
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A feature is computed from the label.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label},\n"
    "  older: {type: number}}\n"
)
_FEATURES = "groups: {numbers: {columns: [age, older]}, words: {columns: [plan], encode: one_hot}}\n"
BAD = {
    "dataset/people.yaml": _DATASET
    + "prepare: {older: {method: derive, into: older, expression: age + left}}\n",
    "features/basic.yaml": _FEATURES,
}
GOOD = {
    "dataset/people.yaml": _DATASET
    + "prepare: {older: {method: derive, into: older, expression: age + 1}}\n",
    "features/basic.yaml": _FEATURES,
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        dataset, features = (subject.named(kind, model[kind]) for kind in ("dataset", "features"))
        label = label_in(model, dataset)
        if dataset is None or features is None or label is None:
            continue
        tells = _computed_from(label, dataset)
        where, declared = Address("features", model["features"]), Address("dataset", model["dataset"])
        for group, index, column in grouped(features):
            if column in tells:
                yield RULE.at(
                    subject.span(where, "groups", group, "columns", index),
                    f'{address} predicts "{label}", and "{column}" is computed from it: the model would be told the '
                    "answer. Take the column out of the features.",
                    text="computed from the label",
                    related=(Label(subject.span(declared, "prepare", tells[column]), "computed here"),),
                    address=str(where),
                    path=f"groups.{group}.columns[{index}]",
                )


def _computed_from(label: str, dataset: dict[str, Any]) -> dict[str, str]:
    """The columns that are computed from the label of the same row, each with the operation that makes it."""
    found: dict[str, str] = {}
    types = {name: column["type"] for name, column in dataset["columns"].items()}
    for name, step in dataset["prepare"].items():
        read = _read(step, types)
        if "into" in step and (label in read or any(column in found for column in read)):
            found[step["into"]] = name
    return found


def _read(step: dict[str, Any], types: dict[str, str]) -> tuple[str, ...]:
    if step["method"] == "cast":
        return (step["of"],)
    if step["method"] != "derive":
        return ()
    from mlc.ir import expression  # only who writes one needs to read it

    try:
        return expression.columns_in(expression.parse(step["expression"], types))
    except expression.Mistake:
        return ()  # bad-expression says so
