"""empty-resource: a resource file with nothing in it.

Why it matters: every kind needs some value that nobody can guess.
How to mend it: describe the resource, remove the file, or begin its name with _ if it is a layer.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import start_of

RULE = Rule.of(__name__, "error", "A resource file is empty.")

BAD = {"target/here.yaml": "# to be written\n"}
GOOD = {"target/here.yaml": "type: local\n"}


def found(file: str, kind: str) -> Diagnostic:
    return RULE.at(
        start_of(file),
        f"{file} names a {kind} and says nothing about it. Describe it, or remove the file.",
        text="nothing here",
        help=f"`mlc schema {kind}` shows what a {kind} takes.",
    )
