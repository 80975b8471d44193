"""unused-input: an input that nobody reads.

Why it matters: `--input` accepts a value for it and does nothing with it.
How to mend it: remove it, or read it where it was meant as `${input:NAME}`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "warning", "Nobody reads this input.")

_PROJECT = "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\ninputs: {rounds: {type: integer, default: 50}}\n"
BAD = {"mlc.yaml": _PROJECT}
GOOD = {
    "mlc.yaml": _PROJECT,
    "target/here.yaml": "type: local\ndescription: after ${input:rounds} rounds\n",
}


def found(name: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"Nothing that takes effect reads ${{input:{name}}}.",
        text="never read",
        help="Remove it, or read it where it was meant.",
        path=f"inputs.{name}",
    )
