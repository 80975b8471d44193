"""value-out-of-range: a number, a text or a list beyond what its key allows.

Why it matters: the value has the right type but no meaning at that size.
How to mend it: write a value within the range that is named.
"""

from __future__ import annotations

from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A value is out of range.")

BAD = {"deployment/local.yaml": "model: churn\ntarget: here\nport: 99999\n"}
GOOD = {"deployment/local.yaml": "model: churn\ntarget: here\nport: 8080\n"}

_SENTENCES = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "minLength": "must not be shorter than {} characters",
    "maxLength": "must not be longer than {} characters",
    "minItems": "needs at least {} entries",
    "maxItems": "takes at most {} entries",
    "minProperties": "needs at least {} entries",
}

KEYWORDS = frozenset(_SENTENCES)


def found(
    value: Any, keyword: str, limit: Any, span: Span, *, where: str, address: str, path: str
) -> Diagnostic:
    shown = f", not {value}" if isinstance(value, int | float) else ""
    must = _SENTENCES[keyword].format(limit)
    if limit == 1 and keyword in ("minLength", "minItems", "minProperties"):
        must, shown = "must not be empty", ""
    return RULE.at(span, f"{where} {must}{shown}.", text=must, address=address, path=path)
