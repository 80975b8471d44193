"""import-left-out: something of what is imported has no place in the specs that are written.

Why it matters: what is planned does not do it, and nobody would notice. It is in the source, and told here with its
line.
How to mend it: read why. Say it in another way where the help names one, keep doing it where it is done today, or let
it go.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "warning", "Something is not taken over.")


def found(span: Span, what: str, why: str, help: str = "", *, address: str = "") -> Diagnostic:  # noqa: A002
    return RULE.at(
        span, f"{what} is not taken over. {why}", text="not taken over", help=help, address=address
    )
