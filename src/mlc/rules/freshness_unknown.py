"""freshness-unknown: how old the rows are is asked of a column that cannot say it.

Why it matters: what is to stop old rows would stop none, or all.
How to mend it: give `checks.freshness.column`, or one column the role time; it is a date or a datetime of the source.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds.dataset import made_columns, with_role
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "Of no column can it be said how old the rows are.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label},\n"
    "  joined: {type: %s, role: time}}\nsplit: {method: time}\nchecks: {freshness: {max_age: 7d}}\n"
)
BAD = {"dataset/people.yaml": _DATASET % "integer"}
GOOD = {"dataset/people.yaml": _DATASET % "date"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        fresh = dataset["checks"]["freshness"]
        if fresh is None:
            continue
        name = fresh["column"] or with_role(dataset, "time")
        column = dataset["columns"].get(name) if name is not None else None
        if name is None:
            detail = "No column has the role time, and `checks.freshness.column` names none."
        elif column is None:
            continue  # unknown-column
        elif column["type"] not in ("date", "datetime"):
            detail = f'"{name}" is of type {column["type"]}, of which nobody can say how long ago it is.'
        elif name in made_columns(dataset):
            detail = f'"{name}" is made by preparation, and the rows are checked before.'
        else:
            continue
        yield RULE.at(
            subject.span(address, "checks", "freshness", "column"),
            detail,
            help="Name a column of the source that holds a date or a datetime.",
            address=str(address),
            path="checks.freshness.column",
        )
