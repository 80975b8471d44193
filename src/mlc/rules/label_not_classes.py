"""label-not-classes: a label of numbers for a model that tells classes apart.

Why it matters: nearly every measured number is a class of its own, so no two rows are alike and nothing can
be split by it.
How to mend it: declare the label as integer, string or boolean with its `values`, or predict another column.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._labels import label_in
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The label is a measured number, not a class.")
SCOPE = "upstream"

_COLUMNS = "columns:\n  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"
_SOURCE = "source: {type: file, path: people.csv, format: csv}\n"
BAD = {"dataset/people.yaml": _SOURCE + _COLUMNS + "  left: {type: number, role: label}\n"}
GOOD = {"dataset/people.yaml": _SOURCE + _COLUMNS + "  left: {type: integer, role: label}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        dataset = subject.named("dataset", model["dataset"])
        label = label_in(model, dataset)
        if dataset is None or label is None or not model["task"].endswith("_classification"):
            continue
        if dataset["columns"][label]["type"] == "number":
            where = Address("dataset", model["dataset"])
            yield RULE.at(
                subject.span(where, "columns", label, "type"),
                f'{address} is of task {model["task"]} and predicts "{label}", which is of type number: a class is a '
                "whole number, a text or a truth value.",
                text="a measured number",
                related=(Label(subject.span(address, "task"), "tells classes apart"),),
                help='Declare the column as integer, string or boolean, with its "values".',
                address=str(where),
                path=f"columns.{label}.type",
            )
