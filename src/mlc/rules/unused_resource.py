"""unused-resource: a resource that exists in no environment.

Why it matters: it is never built, and mistakes in it are never found.
How to mend it: remove the file, or let the resource exist in some environment.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "info", "A resource exists in no environment.")

BAD = {"target/there.yaml": "type: local\nenabled: false\n"}
GOOD = {"target/there.yaml": "type: local\n"}


def found(address: str, span: Span, environments: tuple[str, ...]) -> Diagnostic:
    """`span` is what leaves it out."""
    return RULE.at(
        span,
        f"{address} exists in none of the environments ({', '.join(environments)}).",
        text="leaves it out",
        help="Remove the file if it is not wanted any more.",
        address=address,
    )
