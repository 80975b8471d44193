"""module-not-locked: mlc.yaml names a module that mlc.lock does not have.

Why it matters: without the lock nothing says which version of the module is meant, and everybody would have another.
How to mend it: run `mlc modules update`, and commit mlc.lock.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._modules import DECLARED, INSTALLED

RULE = Rule.of(__name__, "error", "A module is not locked.")

BAD = {"mlc.yaml": DECLARED}
GOOD = {"mlc.yaml": DECLARED, **INSTALLED}


def found(name: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"The module {name} is not in mlc.lock, so its layers are not known.",
        text="not locked",
        help=f"Run `mlc modules update {name}`, and commit mlc.lock.",
        path=f"modules.{name}",
    )
