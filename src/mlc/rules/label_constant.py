"""label-constant: a label that has one value by contract.

Why it matters: there is nothing to tell apart: every row has the same answer, or is quarantined.
How to mend it: list every value that the label may have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._labels import labels
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The label can have one value only.")
SCOPE = "upstream"

_COLUMNS = "columns:\n  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"
_SOURCE = "source: {type: file, path: people.csv, format: csv}\n"
BAD = {"dataset/people.yaml": _SOURCE + _COLUMNS + "  left: {type: integer, role: label, values: [1]}\n"}
GOOD = {"dataset/people.yaml": _SOURCE + _COLUMNS + "  left: {type: integer, role: label, values: [0, 1]}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset, label in labels(subject):
        values = dataset["columns"][label]["values"]
        if len(set(values)) == 1:
            yield RULE.at(
                subject.span(address, "columns", label, "values"),
                f'"{label}" is predicted, and the contract allows it the value {json.dumps(values[0])} '
                "alone: rows with another would be quarantined, and the rest has nothing to tell apart.",
                text="one value",
                help="List every value that the label may have.",
                address=str(address),
                path=f"columns.{label}.values",
            )
