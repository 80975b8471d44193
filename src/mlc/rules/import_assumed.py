"""import-assumed: the specs need a value that what is imported does not say.

Why it matters: what stands there now is a guess, and the plan follows it.
How to mend it: read the value where the written file says "Assumed", and correct it.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "warning", "A value is assumed.")


def found(span: Span, path: str, why: str, help: str = "", *, address: str = "") -> Diagnostic:  # noqa: A002
    detail = f"`{path}`: {why}" if path else why
    return RULE.at(span, detail, text="does not say", help=help, address=address, path=path)
