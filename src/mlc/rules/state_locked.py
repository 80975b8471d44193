"""state-locked: somebody else is applying to this environment.

Why it matters: two at once would undo each other's work.
How to mend it: wait for the other one. The lock is the operating system's: a process that died holds none.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "Somebody else is applying.")


def found(environment: str, holder: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The state of {environment} is locked by {holder}. Nothing was done.",
        help="Wait until it has finished, then run the command again.",
    )
