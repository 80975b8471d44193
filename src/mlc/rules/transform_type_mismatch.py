"""transform-type-mismatch: a transform that does not fit the type of a column.

Why it matters: text cannot be scaled, and a model cannot learn from text that is not encoded.
How to mend it: move the column to a group whose transforms fit it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._estimators import told
from mlc.rules._groups import feature_pairs, stops_at_missing
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A transform does not fit a column's type.")
SCOPE = "upstream"

BAD = {"features/basic.yaml": "groups: {numbers: {columns: [age, plan], scale: standard}}\n"}
GOOD = {
    "features/basic.yaml": "groups:\n  numbers: {columns: [age], scale: standard}\n"
    "  choices: {columns: [plan], encode: one_hot}\n"
}

_APART = "Put columns of different types into groups of their own."
_DATES = 'a model learns from numbers and text: take what matters of it by the group\'s "dates"'
_IMPUTE = 'Give the group an "impute", for example "impute: median".'


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, features, _, dataset in feature_pairs(subject):
        for name, group in features["groups"].items():
            for index, column in enumerate(group["columns"]):
                declared = dataset["columns"].get(column)
                reason = _mismatch(group, declared) if declared is not None else ""
                if reason:
                    yield RULE.at(
                        subject.span(address, "groups", name, "columns", index),
                        f'The column "{column}" is of type {declared["type"]}, and {reason}.',
                        text=f"type {declared['type']}",
                        help=_help(reason),
                        address=str(address),
                        path=f"groups.{name}.columns[{index}]",
                    )


def _help(reason: str) -> str:
    if 'no "impute"' in reason:
        return _IMPUTE
    if reason.startswith('"impute'):
        return 'Take "impute: most_frequent".'
    return "" if reason.startswith(_DATES) else _APART


def _mismatch(group: dict[str, Any], column: dict[str, Any]) -> str:
    kind = column["type"]
    if (kind in ("date", "datetime")) != (group["dates"] is not None):
        if group["dates"] is not None:
            return '"dates" takes dates and times'
        return f"{_DATES}, such as " + (
            '"dates: {parts: [hour]}"' if kind == "datetime" else '"dates: {parts: [month]}"'
        )
    if group["text"] is not None:
        return _mismatch_of_words(group, kind)
    numeric = kind in ("integer", "number") or group["dates"] is not None
    if kind == "string" and group["encode"] == "none":
        return (
            'text has to be encoded: give the group "encode: one_hot", "encode: ordinal" or "encode: target", or '
            '"text: {}" to learn its words'
        )
    if kind == "number" and group["encode"] != "none" and group["bin"] is None:
        return (
            f'"encode: {group["encode"]}" takes categories, and in ONNX numbers would lose their fractions: give the '
            'group a "bin", or declare the column as integers or text'
        )
    if not numeric and group["bin"] is not None:
        return '"bin" takes numbers'
    if not numeric and group["scale"] != "none" and group["encode"] != "target":
        return f'"scale: {group["scale"]}" takes numbers'
    if not numeric and group["impute"] in ("mean", "median"):
        return f'"impute: {group["impute"]}" takes numbers; "most_frequent" takes anything'
    if group["impute"] in ("mean", "median") and group["encode"] != "none" and group["bin"] is None:
        return (
            f'"impute: {group["impute"]}" may give a number between two categories, which "encode: {group["encode"]}" '
            'takes for none and ONNX for another one; "most_frequent" gives one that there is'
        )
    if kind == "string" or not column["nullable"] or group["impute"] != "none":
        return ""
    return _stopped_by_missing(group)


def _mismatch_of_words(group: dict[str, Any], kind: str) -> str:
    if kind != "string":
        return '"text" learns the words of texts'
    besides = [name for name in ("impute", "encode", "scale") if group[name] != "none"]
    besides += [name for name in ("bin", "cross", "transforms") if group[name]]
    return f'"text" goes without "{besides[0]}" in a group' if besides else ""


def _stopped_by_missing(group: dict[str, Any]) -> str:
    """Which step of a group that does not impute stops at a missing number."""
    if group["encode"] == "target":
        return ""  # what is missing has the mean of all
    if group["encode"] != "none":
        return (
            ""
            if group["bin"] is None and group["dates"] is None
            else _not_imputed(f'"encode: {group["encode"]}"')
        )
    if group["scale"] != "none":
        return 'it may be missing while the group has no "impute"'
    first = next(iter(group["transforms"].values()), None)
    if first is not None:
        if told(first["estimator"]).get("imputes"):
            return ""
        return 'it may be missing while the group has no "impute" and its first transform does not impute'
    step = stops_at_missing(group)
    return _not_imputed(f'"{step}"') if step else ""


def _not_imputed(step: str) -> str:
    return f'it may be missing while the group has no "impute", and {step} does not take that'
