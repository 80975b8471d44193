"""bad-interpolation: a `${…}` cannot be read.

Why it matters: the value it stands for is unknown.
How to mend it: close every `${` by `}`; a key is letters, digits and signs without spaces or quotes. To have the
characters `${` in a text, write `\\${`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "An interpolation cannot be read.")

BAD = {"env/dev.yaml": "vars:\n  region: ${vars.place\n  place: westeurope\n"}
GOOD = {"env/dev.yaml": "vars:\n  region: ${vars.place}\n  place: westeurope\n"}


def found(span: Span, text: str, problem: str) -> Diagnostic:
    """Reading the text stopped at `span`."""
    shown = text if len(text) <= 80 else text[:80] + "…"
    return RULE.at(
        span,
        f"`{shown}` is not an interpolation: {problem}.",
        text=problem,
        help="An interpolation has the form `${a.b}`, `${.a}` or `${name:argument}`; `\\${` is plain text.",
    )
