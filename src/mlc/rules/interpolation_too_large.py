"""interpolation-too-large: interpolations make the document enormous.

Why it matters: references to references multiply, and a few lines can stand for billions of values.
How to mend it: refer to the values that are needed rather than to whole maps of maps.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "Interpolations make the document too large.")

_CHAIN = "".join(f"  v{index}: ${{vars.v{index + 1}}}\n" for index in range(100))
BAD = {"env/dev.yaml": f"vars:\n{_CHAIN}  v100: 1\n"}
GOOD = {"env/dev.yaml": "vars:\n  a: ${vars.b}\n  b: {c: 1}\n"}


def found(span: Span, limit: str) -> Diagnostic:
    """The interpolation at which a limit is passed."""
    return RULE.at(
        span,
        f"With this interpolation the values made by references pass {limit}.",
        text="the limit is reached here",
        help="Refer to the values that are needed instead of whole maps.",
    )


def depth(span: Span, limit: int) -> Diagnostic:
    """References of references of references."""
    return RULE.at(
        span,
        f"More than {limit} references lead from one to the next here.",
        text="the chain is too long",
        help="Refer to the value itself.",
    )
