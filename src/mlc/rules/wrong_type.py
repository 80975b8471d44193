"""wrong-type: a value of another type than its key takes.

Why it matters: text where a number is meant, or a list where a map is meant, has no meaning here.
How to mend it: write a value of the type that is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._fixes import as_type
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "A value has the wrong type.")

BAD = {"deployment/local.yaml": "model: churn\ntarget: here\nport: often\n"}
GOOD = {"deployment/local.yaml": "model: churn\ntarget: here\nport: 8080\n"}

_NAMES = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def found(
    value: Any, expected: Iterable[str], span: Span, *, where: str, address: str, path: str
) -> Diagnostic:
    expected = list(expected)
    wanted = listed([_NAMES[name] for name in expected]).replace(" and ", " or ")
    return RULE.at(
        span,
        f"{where} takes {wanted}, and this is {_described(value)}. Write {wanted}.",
        text=f"{_described(value)}, not {wanted}",
        help='Put it in quotes: "…"' if wanted == "text" and not isinstance(value, dict | list) else "",
        fix=as_type(value, expected, span),
        address=address,
        path=path,
    )


def _described(value: Any) -> str:
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if value is None:
        return "nothing"
    return f'the text "{value}"' if isinstance(value, str) else f"the number {value}"
