"""alias-bomb: aliases make a small file enormous.

Why it matters: an alias repeats everything its anchor holds, and aliases of aliases multiply: a few lines can
stand for billions of values. An alias inside its own anchor would never end.
How to mend it: write out what is meant, or use an interpolation such as `${vars.region}`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "Aliases make the file too large.")

BAD = {"env/dev.yaml": "vars: &all\n  again: *all\n"}
GOOD = {"env/dev.yaml": "vars:\n  one: &one {a: 1}\n  two: *one\n"}


def found(span: Span, anchor: str, limit: int) -> Diagnostic:
    """The alias at which the number of values passes the limit."""
    return RULE.at(
        span,
        f"With `*{anchor}` written out, the file holds more than {limit:,} values.",
        text="too many values",
        help="Write out what is meant, or refer to it by an interpolation.",
    )


def recursive(span: Span, anchor: str) -> Diagnostic:
    """An alias inside the value it stands for."""
    return RULE.at(
        span,
        f"The alias `*{anchor}` stands inside the value of `&{anchor}`, so the value would contain itself.",
        text="contains itself",
        help="Move the alias out of the anchored value.",
    )
