"""transform-type-mismatch: a transform that does not fit the type of a column.

Why it matters: text cannot be scaled, and a model cannot learn from text that is not encoded.
How to mend it: move the column to a group whose transforms fit it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._estimators import told
from mlc.rules._groups import feature_pairs
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A transform does not fit a column's type.")
SCOPE = "upstream"

BAD = {"features/basic.yaml": "groups: {numbers: {columns: [age, plan], scale: standard}}\n"}
GOOD = {
    "features/basic.yaml": "groups:\n  numbers: {columns: [age], scale: standard}\n"
    "  choices: {columns: [plan], encode: one_hot}\n"
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, features, _, dataset in feature_pairs(subject):
        columns = dataset["columns"]
        for name, group in features["groups"].items():
            texts = {columns[one]["type"] == "string" for one in group["columns"] if one in columns}
            for index, column in enumerate(group["columns"]):
                declared = columns.get(column)
                reason = _mismatch(group, declared, len(texts) > 1) if declared is not None else ""
                if reason:
                    yield RULE.at(
                        subject.span(address, "groups", name, "columns", index),
                        f'The column "{column}" is of type {declared["type"]}, and {reason}.',
                        text=f"type {declared['type']}",
                        help="Put columns of different types into groups of their own.",
                        address=str(address),
                        path=f"groups.{name}.columns[{index}]",
                    )


def _mismatch(group: dict[str, Any], column: dict[str, Any], mixed: bool) -> str:
    """`mixed`: the group holds text and something else."""
    numeric = column["type"] in ("integer", "number")
    if column["type"] in ("date", "datetime"):
        return "a model learns from numbers and text: what matters of it has to be a column of its own"
    if group["text"] is not None:
        if column["type"] != "string":
            return '"text" learns the words of texts'
        besides = [name for name in ("impute", "encode", "scale") if group[name] != "none"]
        besides += ["transforms"] if group["transforms"] else []
        return f'"text" goes by itself in a group, without "{besides[0]}"' if besides else ""
    if column["type"] == "string" and group["encode"] == "none":
        return (
            'text has to be encoded: give the group "encode: one_hot" or "encode: ordinal", or "text: {}" to learn its '
            "words"
        )
    if not numeric and group["scale"] != "none":
        return f'"scale: {group["scale"]}" takes numbers'
    if not numeric and group["impute"] in ("mean", "median"):
        return f'"impute: {group["impute"]}" takes numbers; "most_frequent" takes anything'
    if column["type"] == "string" and mixed and group["transforms"]:
        return "the group's transforms look at its columns together, while others of them are no text"
    if (
        column["type"] == "string"
        or not column["nullable"]
        or group["impute"] != "none"
        or group["encode"] != "none"
    ):
        return ""
    if group["scale"] != "none":
        return 'it may be missing while the group has no "impute"'
    first = next(iter(group["transforms"].values()), None)
    if first is not None and not told(first["estimator"]).get("imputes"):
        return 'it may be missing while the group has no "impute" and its first transform does not impute'
    return ""
