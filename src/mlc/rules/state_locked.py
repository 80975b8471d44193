"""state-locked: somebody else is applying to this environment.

Why it matters: two at once would undo each other's work.
How to mend it: wait for the other one. A lock on this machine is the operating system's, and a process that died
holds none; one in a database runs out by itself when its holder is gone.
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


def leased(environment: str, lock: str, holder: str, held: str, left: str) -> Diagnostic:
    """A lock in a database; `held` and `left` are durations in words."""
    return RULE.at(
        None,
        f"The state of {environment} is locked by {holder}, for {held} so far; unless it is renewed, the lock runs "
        f"out in {left}. Nothing was done.",
        help=f"Wait until it has finished, then run the command again. If that process is gone for certain: "
        f"mlc state unlock {lock} --env {environment}",
    )
