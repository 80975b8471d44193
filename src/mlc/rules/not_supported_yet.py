"""not-supported-yet: part of the language that this version of mlc does not do.

Why it matters: accepting it silently would promise something that does not happen.
How to mend it: leave it out, or use a version of mlc that has it.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "This version of mlc does not do this yet.")

BAD = {"target/here.yaml": "type: triton\n"}
GOOD = {"target/here.yaml": "type: local\n"}


def found(what: str, span: Span, *, where: str, address: str, path: str) -> Diagnostic:
    return RULE.at(
        span,
        f'"{what}" belongs to the language, but this version of mlc does nothing with it for {where}, '
        "and what does nothing is not accepted. Leave it out.",
        text="not supported yet",
        address=address,
        path=path,
    )
