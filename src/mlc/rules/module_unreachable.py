"""module-unreachable: the source of a module cannot be read.

Why it matters: nothing can be locked or installed; what was before stays as it was.
How to mend it: correct the source, or see to it that this machine reaches it: the message has git's own words.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A module cannot be reached.")


def found(name: str, span: Span, reason: str, help_text: str = "") -> Diagnostic:
    return RULE.at(
        span,
        f"The module {name} cannot be read from its source: {reason}.",
        text="not reached",
        help=help_text or "Correct the source, or see to it that this machine can read it.",
        path=f"modules.{name}",
    )
