"""formatting-failed: a file could not be formatted without changing what it says.

Why it matters: a formatter that changes a value or loses a comment is worse than none, so `mlc fmt` reads what
it is about to write and leaves the file alone where it would not mean the same.
How to mend it: this is a mistake in mlc; please report it with the file. Until then the file stays as it is.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import start_of

RULE = Rule.of(__name__, "error", "A file could not be formatted without changing what it says.")


def found(file: str, reason: str) -> Diagnostic:
    return RULE.at(
        start_of(file),
        f"{file} stays as it is, for {reason}. This is a mistake in mlc, not yours.",
        help="Please report it with the file.",
    )
