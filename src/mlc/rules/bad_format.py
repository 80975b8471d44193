"""bad-format: a text that is not written as its key requires.

Why it matters: durations, sizes, names and image references have one way of writing, so that nothing is guessed.
How to mend it: write it in the form that the message names.
"""

from __future__ import annotations

from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A text is not written as required.")

BAD = {"runtime/python.yaml": "python: '3.11'\nimage: python:latest\n"}
GOOD = {"runtime/python.yaml": "python: '3.11'\nimage: python@sha256:" + "0" * 64 + "\n"}


_UNITS = {
    "duration": "a duration such as 20ms, 30m or 7d",
    "size": "a size such as 512Mi or 10G",
}
_NAME = r"^[a-z0-9][a-z0-9_-]*$"


def found(
    value: str, field: dict[str, Any], span: Span, *, where: str, address: str, path: str
) -> Diagnostic:
    pattern, example = field["pattern"], field.get("examples", [None])[0]
    wanted = _UNITS.get(field.get("x-mlc-unit", ""), "")
    if not wanted and pattern == _NAME:
        wanted = "a name of lower-case letters, digits, _ and -, with a letter or digit first"
    if not wanted:
        wanted = f"text that matches {pattern}"
    return RULE.at(
        span,
        f'{where} takes {wanted}, and "{value}" is not that.',
        text="not in this form",
        help="" if example is None else f"For example: {example}",
        address=address,
        path=path,
    )
