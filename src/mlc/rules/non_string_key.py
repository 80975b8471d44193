"""non-string-key: the key of an entry is not text.

Why it matters: `1:`, `on:` and `null:` are a number, a boolean and nothing to YAML, so the entry cannot be
found under the name the author sees.
How to mend it: put the key in quotes.
"""

from __future__ import annotations

from typing import Any

from mlc.ir.diagnostic import Diagnostic, Edit, Fix, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A key is not text.")

BAD = {"env/dev.yaml": "vars:\n  on: push\n"}
GOOD = {"env/dev.yaml": 'vars:\n  "on": push\n'}


def found(span: Span, shown: str, *, value: Any = None, quoted: str | None = None) -> Diagnostic:
    """The key at `span`; `quoted` is the key as text."""
    meaning = "" if quoted is None else f", which YAML reads as {_kind(value)}"
    return RULE.at(
        span,
        f"The key is {shown}{meaning}; keys must be text.",
        text="not text",
        help="Put the key in quotes." if quoted else "Write the name of the entry before the colon.",
        fix=None if quoted is None else Fix("Put the key in quotes", (Edit(span, quoted),)),
    )


def _kind(value: Any) -> str:
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    return f"the number {value}"
