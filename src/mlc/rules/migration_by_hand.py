"""migration-by-hand: a place that a migration cannot write by itself.

Why it matters: what was meant is not to be told from what stands there, and a guess would go unnoticed.
How to mend it: the message says what the new version wants there; write what is meant.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "warning", "A place has to be migrated by hand.")


def found(span: Span, detail: str, help: str) -> Diagnostic:  # noqa: A002
    return RULE.at(span, detail, text="to be written by hand", help=help)
