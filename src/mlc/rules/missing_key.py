"""missing-key: a key that must be there is not.

Why it matters: it has no default, because no default would be right for everybody.
How to mend it: add the key.
"""

from __future__ import annotations

from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A key is missing.")

BAD = {"runtime/python.yaml": "python: '3.11'\n"}
GOOD = {"runtime/python.yaml": "python: '3.11'\nimage: python@sha256:" + "0" * 64 + "\n"}


def found(key: str, span: Span, field: dict[str, Any], *, where: str, address: str, path: str) -> Diagnostic:
    about = field.get("description", "")
    example = field.get("examples", [None])[0]
    return RULE.at(
        span,
        f'{where} needs the key "{key}"{": " + about[0].lower() + about[1:] if about else "."} Add it.',
        text=f'"{key}" is missing',
        help="" if example is None else f"For example: {key}: {example}",
        address=address,
        path=path,
    )
