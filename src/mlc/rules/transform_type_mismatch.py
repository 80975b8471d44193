"""transform-type-mismatch: a transform that does not fit the type of a column.

Why it matters: text cannot be scaled, and a model cannot learn from text that is not encoded.
How to mend it: move the column to a group whose transforms fit it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A transform does not fit a column's type.")

BAD = {"features/basic.yaml": "groups: {numbers: {columns: [age, plan], scale: standard}}\n"}
GOOD = {
    "features/basic.yaml": "groups:\n  numbers: {columns: [age], scale: standard}\n"
    "  choices: {columns: [plan], encode: one_hot}\n"
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    seen = set()
    for _, model in subject.each("model"):
        features, dataset = (
            subject.named("features", model["features"]),
            subject.named("dataset", model["dataset"]),
        )
        pair = (model["features"], model["dataset"])
        if features is None or dataset is None or pair in seen:
            continue
        seen.add(pair)
        address = Address("features", model["features"])
        for name, group in features["groups"].items():
            for index, column in enumerate(group["columns"]):
                declared = dataset["columns"].get(column)
                reason = _mismatch(group, declared) if declared is not None else ""
                if reason:
                    yield RULE.at(
                        subject.span(address, "groups", name, "columns", index),
                        f'The column "{column}" is of type {declared["type"]}, and {reason}.',
                        text=f"type {declared['type']}",
                        help="Put columns of different types into groups of their own.",
                        address=str(address),
                        path=f"groups.{name}.columns[{index}]",
                    )


def _mismatch(group: dict[str, Any], column: dict[str, Any]) -> str:
    numeric = column["type"] in ("integer", "number")
    if column["type"] == "string" and group["encode"] == "none":
        return 'text has to be encoded: give the group "encode: one_hot" or "encode: ordinal"'
    if not numeric and group["scale"] != "none":
        return f'"scale: {group["scale"]}" takes numbers'
    if not numeric and group["impute"] in ("mean", "median"):
        return f'"impute: {group["impute"]}" takes numbers; "most_frequent" takes anything'
    if (
        column["nullable"]
        and group["impute"] == "none"
        and group["encode"] == "none"
        and group["scale"] != "none"
    ):
        return 'it may be missing while the group has no "impute"'
    return ""
