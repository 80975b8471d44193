"""unused-preset: a preset for a kind of which there is no resource.

Why it matters: it sets values of nothing.
How to mend it: remove the preset.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "warning", "A preset applies to no resource.")

BAD = {"env/dev.yaml": "presets: {runtime: {python: '3.11'}}\n"}
GOOD = {"env/dev.yaml": "presets: {deployment: {port: 8081}}\n"}


def found(kind: str, span: Span, environments: list[str], known: int) -> Diagnostic:
    """`environments` are those that the preset applies in, of `known` altogether."""
    where = "any environment" if len(environments) == known else ", ".join(environments)
    return RULE.at(
        span,
        f"There is no {kind} in {where}, so this preset sets nothing.",
        text="applies to nothing",
        help="Remove the preset.",
    )
