"""unused-variable: a variable that nobody reads.

Why it matters: changing it has no effect, though its place promises one.
How to mend it: remove it, or read it where it was meant as `${vars.NAME}`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "warning", "Nobody reads this variable.")

BAD = {"env/dev.yaml": "vars: {region: westeurope}\n"}
GOOD = {
    "env/dev.yaml": "vars: {region: westeurope}\n",
    "target/here.yaml": "type: local\ndescription: in ${vars.region}\n",
}


def found(name: str, spans: tuple[Span, ...]) -> Diagnostic:
    """`spans` are the keys that declare it."""
    return RULE.at(
        spans[0],
        f"Nothing that takes effect reads ${{vars.{name}}}.",
        text="never read",
        related=tuple(Label(span, "set here too") for span in spans[1:]),
        help="Remove it, or read it where it was meant.",
        path=f"vars.{name}",
    )
