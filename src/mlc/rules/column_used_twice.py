"""column-used-twice: a column that stands twice in the groups of features.

Why it matters: the model sees it twice, which takes time and memory, and spreads its importance over two
names.
How to mend it: keep it in the group whose transforms fit it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._groups import grouped
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "warning", "A column stands twice in the features.")
SCOPE = "upstream"

BAD = {
    "features/basic.yaml": "groups:\n  numbers: {columns: [age]}\n  scaled: {columns: [age], scale: standard}\n"
}
GOOD = {"features/basic.yaml": "groups:\n  scaled: {columns: [age], scale: standard}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, features in subject.each("features"):
        first: dict[str, tuple[str, int]] = {}
        for group, index, column in grouped(features):
            if column not in first:
                first[column] = (group, index)
                continue
            earlier, place = first[column]
            if earlier != group and _differs(features["groups"][earlier], features["groups"][group]):
                continue
            where = f"the group {earlier}" if earlier != group else "this group"
            yield RULE.at(
                subject.span(address, "groups", group, "columns", index),
                f'The column "{column}" stands in {where} already.',
                text="a second time",
                related=(Label(subject.span(address, "groups", earlier, "columns", place), "first here"),),
                help="Keep it in the group whose transforms fit it.",
                address=str(address),
                path=f"groups.{group}.columns[{index}]",
            )


def _differs(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two groups make things of another sort of a column: its hour and its age, a number and its bin."""
    return any(one[step] != other[step] for step in ("dates", "text", "bin", "cross"))
