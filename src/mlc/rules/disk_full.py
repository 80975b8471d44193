"""disk-full: there is no room left to write.

Why it matters: the step could not finish; nothing half-written is left, and what was done before stays done.
How to mend it: make room, and apply again: it goes on where it stopped.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The disk is full.")


def found(step: str, file: str, address: str) -> Diagnostic:
    what = f" while writing {file}" if file else ""
    return RULE.at(
        None,
        f"{step} ran out of disk space{what}. Nothing half-written is left behind, and every step before it "
        "is recorded.",
        help="Make room and run the command again: it goes on where it stopped.",
        address=address,
    )
