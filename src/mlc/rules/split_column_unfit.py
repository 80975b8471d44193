"""split-column-unfit: a split by a column that is not there or does not fit.

Why it matters: a row without a group or a time belongs to no part, and one that falls to the wrong part makes the
test flatter the model.
How to mend it: name a declared column that is never missing; a split by time takes a date, a datetime or a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds.dataset import label_of, with_role
from mlc.rules._subject import Subject
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "The split does not fit its column.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label},\n"
    "  joined: {type: date, role: time}}\n"
)
BAD = {"dataset/people.yaml": _DATASET + "split: {method: time, by: plan}\n"}
GOOD = {"dataset/people.yaml": _DATASET + "split: {method: time, test_from: 2026-01-01, gap: 7d}\n"}

_TIMES = ("date", "datetime", "integer", "number")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        split = dataset["split"]
        for field, reason in _reasons(dataset, split, split["method"]):
            yield RULE.at(
                subject.span(address, "split", field),
                reason,
                text=f"of the split by {split['method'].replace('_', ' ')}",
                help=_HELP[split["method"]],
                address=str(address),
                path=f"split.{field}",
            )


_HELP = {
    "group": "Give `split.group`, or one column the role group.",
    "stratified_group": "Give `split.group`, or one column the role group.",
    "time": "Give `split.by`, or one column the role time.",
    "column": "Give values that the column may have.",
    "stratified": "",
    "random": "",
}


def _reasons(dataset: dict[str, Any], split: dict[str, Any], method: str) -> Iterator[tuple[str, str]]:
    columns = dataset["columns"]
    if method in ("group", "stratified_group"):
        yield from _of_role(dataset, "group", "group", split["group"])
    if method == "stratified_group" and split["by"] is None and label_of(dataset) is None:
        yield "method", "No column has the role label, and `split.by` names none to spread over the parts."
    if method == "time":
        yield from _of_role(dataset, "time", "by", split["by"])
        yield from _time(columns.get(split["by"] or with_role(dataset, "time")), split)
    if method == "column" and split["by"] in columns:
        allowed = columns[split["by"]]["values"]
        for field in ("test_values", "train_values", "validation_values"):
            strangers = [str(one) for one in split[field] if allowed and one not in allowed]
            if strangers:
                yield field, f'"{split["by"]}" never is {listed(strangers)}: its `values` do not hold that.'
        both = [str(one) for one in split["test_values"] if one in split["train_values"]]
        if both:
            yield "train_values", f"Rows with {listed(both)} would be in both parts."
        for part in ("test_values", "train_values"):
            both = [str(one) for one in split["validation_values"] if one in split[part]]
            if both:
                yield "validation_values", f"Rows with {listed(both)} would be in both parts."


def _of_role(dataset: dict[str, Any], role: str, field: str, named: str | None) -> Iterator[tuple[str, str]]:
    """What is wrong with the column that a split goes by: named, or the only one of its role."""
    having = [name for name, column in dataset["columns"].items() if column["role"] == role]
    if named is None and len(having) != 1:
        how = f"{listed(having)} have it" if having else "none has it"
        yield "method", f"The split goes by the column with the role {role}, and {how}."
        return
    column = dataset["columns"].get(named or having[0])
    if column is not None and column["nullable"]:
        yield (
            field if named else "method",
            f'"{named or having[0]}" may be missing, and the split goes by it.',
        )


def _time(column: dict[str, Any] | None, split: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if column is None:
        return
    kind, gap = column["type"], split["gap"]
    if kind not in _TIMES:
        yield (
            "by",
            f"Of the type {kind} nobody can say what comes later. A split by time takes {listed(_TIMES)}.",
        )
        return
    is_moment = kind in ("date", "datetime")
    if is_moment and not isinstance(gap, str) and gap:
        yield "gap", f"The column holds a {kind}, so the gap is a duration such as 7d, not a number."
    if not is_moment and isinstance(gap, str):
        yield "gap", f"The column holds numbers, so the gap is a number, not {gap}."
    if not isinstance(gap, str) and (gap < 0 or not math.isfinite(gap)):
        yield "gap", "A gap is at least 0."
    for field in ("test_from", "validation_from"):
        start = split[field]
        if start is not None and is_moment != isinstance(start, str):
            yield field, f"{start!r} is no {kind}, which the column holds."
        elif isinstance(start, str) and not _is_moment(start, kind):
            yield field, f'"{start}" is no {kind} in ISO 8601, such as {_EXAMPLES[kind]}.'


_EXAMPLES = {"date": "2026-07-01", "datetime": "2026-07-01T06:00:00"}


def _is_moment(text: str, kind: str) -> bool:
    try:
        (date if kind == "date" else datetime).fromisoformat(text)
    except ValueError:
        return False
    return True
