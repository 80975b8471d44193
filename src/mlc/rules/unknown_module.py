"""unknown-module: a command names a module that mlc.yaml does not declare.

Why it matters: nothing can be done for it, and what was meant would not happen.
How to mend it: correct the name, or declare the module under `modules` in mlc.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "There is no such module.")


def found(name: str, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f"mlc.yaml declares no module {name}.",
        help=did_you_mean(name, known) or "Declare it under `modules`: {NAME: {source: …}}.",
    )
