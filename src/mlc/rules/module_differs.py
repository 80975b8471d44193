"""module-differs: the source of a module no longer gives what mlc.lock says.

Why it matters: `mlc modules install` brings what was locked and reviewed, or nothing: a tag that was moved or a folder
that has changed would come in unseen.
How to mend it: where the change is wanted, run `mlc modules update NAME`, review mlc.lock and commit it.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "The source of a module does not give what is locked.")


def found(name: str, span: Span, reason: str, help_text: str = "") -> Diagnostic:
    return RULE.at(
        span,
        f"The module {name} was not installed: {reason}.",
        text="not what is locked",
        help=help_text or f"If the change is wanted, run `mlc modules update {name}` and commit mlc.lock.",
        path=f"modules.{name}",
    )
