"""bad-input: a value for `--input` that the project does not take.

Why it matters: an input is declared with a type; a value of another type, or for another name, means a mistake.
How to mend it: give the declared inputs values of their types.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "An input is not as declared.")


def found(detail: str, help_text: str = "") -> Diagnostic:
    return RULE.at(None, detail, help=help_text)
