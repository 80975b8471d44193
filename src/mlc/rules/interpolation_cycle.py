"""interpolation-cycle: interpolations refer to each other in a circle.

Why it matters: every value in the circle waits for another, so none of them has a value.
How to mend it: give one of the values in the circle directly.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "Interpolations refer to each other in a circle.")

BAD = {"env/dev.yaml": "vars:\n  a: ${vars.b}\n  b: ${vars.a}\n"}
GOOD = {"env/dev.yaml": "vars:\n  a: ${vars.b}\n  b: 1\n"}


def found(span: Span, loop: list[str], labels: tuple[Label, ...]) -> Diagnostic:
    """The paths of the loop, the first repeated at the end."""
    shown = " → ".join(f"`{path}`" if path else "the document" for path in loop)
    return RULE.at(
        span,
        f"The value needs itself: {shown}.",
        text="leads back to itself",
        related=labels,
        help="Give one of these values directly.",
    )
