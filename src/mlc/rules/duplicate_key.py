"""duplicate-key: one map has the same key twice.

Why it matters: YAML readers silently keep one of the two values, and not all keep the same.
How to mend it: remove one of the entries, or move the second into the map it was meant for.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A key stands twice in one map.")

BAD = {"env/dev.yaml": "vars:\n  region: westeurope\n  region: northeurope\n"}
GOOD = {"env/dev.yaml": "vars:\n  region: westeurope\n"}


def found(span: Span, key: str, first: Span) -> Diagnostic:
    """The second key at `span`, the first at `first`."""
    return RULE.at(
        span,
        f"The key `{key}` was given before in this map, so one of the two values would be lost.",
        text="given again",
        related=(Label(first, "first given here"),),
        help="Keep one of the two, or indent the second if it belongs to another map.",
    )
