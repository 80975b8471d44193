"""column-range-empty: a column whose smallest value lies above its largest.

Why it matters: no value keeps such a contract, so every row would be quarantined.
How to mend it: exchange the two, or correct one.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A column's range holds no value.")
SCOPE = "upstream"

_SOURCE = "source: {type: file, path: people.csv, format: csv}\n"
_OTHERS = "plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
BAD = {"dataset/people.yaml": _SOURCE + "columns: {age: {type: number, min: 120, max: 0}, " + _OTHERS}
GOOD = {"dataset/people.yaml": _SOURCE + "columns: {age: {type: number, min: 0, max: 120}, " + _OTHERS}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        for name, column in dataset["columns"].items():
            low, high = column["min"], column["max"]
            if low is not None and high is not None and low > high:
                path = ("columns", name)
                yield RULE.at(
                    subject.span(address, *path, "min"),
                    f'No value of "{name}" is at least {low:g} and at most {high:g}: every row would be quarantined.',
                    text="above max",
                    related=(Label(subject.span(address, *path, "max"), "max"),),
                    help="Exchange the two, or correct one.",
                    address=str(address),
                    path=f"columns.{name}.min",
                )
