"""random-split-with-groups: a split that ignores a group or time column.

Why it matters: rows of one group, or of one time, land on both sides; the test then measures memory.
How to mend it: give the column another role if it does not tie rows together, or split by it.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A random split ignores a group or time column.")
SCOPE = "upstream"

BAD = {
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]},\n"
    "  household: {type: integer, role: group}, left: {type: integer, role: label}}\n"
    "split: {method: random}\n"
}
GOOD = {
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]},\n"
    "  household: {type: integer, role: ignore}, left: {type: integer, role: label}}\n"
    "split: {method: random}\n"
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        if dataset["split"]["method"] not in ("random", "stratified"):
            continue
        for name, column in dataset["columns"].items():
            if column["role"] in ("group", "time"):
                yield RULE.at(
                    subject.span(address, "split", "method"),
                    f'The column "{name}" has the role {column["role"]}: rows that belong together would land on '
                    "both sides of this split, and the test would flatter the model.",
                    text=f"ignores the {column['role']} column",
                    related=(Label(subject.span(address, "columns", name, "role"), "declared here"),),
                    help=f'Split by it with "method: {column["role"]}", or give "{name}" the role ignore if it '
                    "does not tie rows together.",
                    address=str(address),
                    path="split.method",
                )
