"""state-unreadable: what was applied cannot be read.

Why it matters: without the state nobody knows what there is to change.
How to mend it: restore the file from a copy, or move it away and apply again.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The state cannot be read.")


def found(why: str) -> Diagnostic:
    return RULE.at(None, why)
